//! A worker leaves: it finishes the job it runs, gives back the others, says goodbye, and exits with 0.

use crate::support::{EMBEDDED, OutsideMaster, PROGRAMS, Setup, in_every_setup, job};
use powerhose::{GoneCause, Job, Notice, PoolSettings, WorkerState};
use rustix::process::Signal;
use std::process::Command;

in_every_setup!(and_python:
    on_sigterm_a_worker_finishes_its_job_says_goodbye_and_exits_with_0,
    on_sigterm_an_idle_worker_leaves_at_once,
    no_job_is_lost_when_the_workers_are_replaced_one_by_one,
);

#[track_caller]
fn goodbye(notice: Notice) -> Option<u32> {
    match notice {
        Notice::WorkerGone { pid, cause, .. } => {
            assert_eq!(cause, GoneCause::Goodbye);
            Some(pid)
        }
        _ => None,
    }
}

fn on_sigterm_a_worker_finishes_its_job_says_goodbye_and_exits_with_0(setup: Setup) {
    let mut scene = setup.workers(2).start();
    let gate = scene.gate();
    let handle = scene.runner.submit(gate.job());
    let begun = gate.wait_begun(1)[0];
    scene.signal(begun.pid, Signal::TERM);
    for _ in 0..4 {
        let other = scene.runner.execute(job("pid", "")).expect("the other worker is free");
        assert_ne!(other, begun.pid.to_string().as_bytes());
    }
    gate.open();
    let reply = handle.wait().expect("it is finished");
    assert_eq!((&*reply, reply.attempts()), (&b"1"[..], 1));
    let status = scene.worker(begun.pid).ended();
    assert_eq!(status.code(), Some(0), "{status}: {}", scene.worker(begun.pid).log());
    assert_eq!(scene.notice(goodbye), begun.pid);
    assert_eq!(gate.begun(), [begun]);
}

fn on_sigterm_an_idle_worker_leaves_at_once(setup: Setup) {
    let mut scene = setup.workers(1).start();
    let pid = scene.infos()[0].pid;
    assert_eq!(scene.runner.execute("first"), Ok(b"first".to_vec()));
    scene.signal(pid, Signal::TERM);
    assert_eq!(scene.worker(pid).ended().code(), Some(0));
    assert_eq!(scene.notice(goodbye), pid);
    assert!(scene.infos().is_empty());
}

fn no_job_is_lost_when_the_workers_are_replaced_one_by_one(setup: Setup) {
    let mut scene = setup.workers(2).start();
    let old: Vec<u32> = scene.infos().iter().map(|info| info.pid).collect();
    let handles: Vec<_> = (0..300_u32).map(|number| scene.runner.submit(&number.to_be_bytes())).collect();
    for pid in old {
        scene.add_worker(&[]);
        scene.signal(pid, Signal::TERM);
        assert_eq!(scene.worker(pid).ended().code(), Some(0));
    }
    for (number, handle) in (0..300_u32).zip(handles) {
        let reply = handle.wait().expect("a reply");
        assert_eq!((&*reply, reply.attempts()), (&number.to_be_bytes()[..], 1));
    }
}

#[test]
fn a_leaving_worker_gives_back_what_it_has_not_begun() {
    let pool = ("default".to_owned(), PoolSettings::new().credit(3));
    let mut scene = EMBEDDED.workers(1).settings(|settings| settings.pools.push(pool)).start();
    let gate = scene.gate();
    let held = scene.runner.submit(gate.job());
    let begun = gate.wait_begun(1)[0];
    let behind = [scene.runner.submit(job("pid", "")), scene.runner.submit(job("pid", ""))];
    scene.wait_for_accepted(3);
    assert_eq!(scene.infos()[0].outstanding, 3);
    scene.signal(begun.pid, Signal::TERM);
    scene.wait_for_state(WorkerState::Quiet, 1);
    let heir = scene.add_worker(&[]).id();
    for handle in behind {
        let reply = handle.wait().expect("a reply");
        assert_eq!((&*reply, reply.attempts()), (heir.to_string().as_bytes(), 1));
    }
    gate.open();
    assert!(held.wait().is_ok());
    assert_eq!(scene.worker(begun.pid).ended().code(), Some(0));
    assert_eq!(scene.master.stats().expect("the master is there").returned, 2);
}

#[test]
fn a_once_job_that_a_leaving_worker_never_began_has_not_run() {
    let scene = EMBEDDED.workers(1).start();
    let gate = scene.gate();
    let held = scene.runner.submit(gate.job().once());
    let begun = gate.wait_begun(1)[0];
    scene.signal(begun.pid, Signal::TERM);
    scene.wait_for_state(WorkerState::Quiet, 1);
    gate.open();
    assert!(held.wait().is_ok(), "a once job that runs is finished like any other");
    let waiting = scene.runner.submit(Job::new("").once());
    scene.wait_for_accepted(2);
    assert!(!waiting.has_ended());
}

#[test]
fn a_worker_that_never_found_its_master_leaves_on_sigterm_too() {
    let outside = OutsideMaster::start(&[]);
    let mut command = Command::new(PROGRAMS.worker);
    command.arg(format!("ipc://{}/nobody.ipc", outside.folder().display()));
    let mut worker = outside.process(command.env("RUST_LOG", "powerhose_worker=debug"));
    crate::support::until("it to run", || crate::support::handles_sigterm(worker.id()));
    worker.signal(Signal::TERM);
    assert_eq!(worker.ended().code(), Some(0), "{}", worker.log());
}
