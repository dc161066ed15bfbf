//! Workers that die with a job: the job runs again elsewhere, at once and a bounded number of times, and nothing else is
//! harmed.

use crate::support::{EMBEDDED, Scene, Setup, in_a_client_program, in_every_setup, job};
use powerhose::{GoneCause, Job, JobErrorKind, LostCause, Notice, PoolSettings};
use rustix::process::Signal;

in_every_setup!(and_python:
    the_job_of_a_killed_worker_runs_again_on_another,
    a_job_whose_workers_all_die_is_lost_after_its_attempts,
    a_job_that_says_how_often_it_may_be_tried_is_tried_so_often,
    a_once_job_never_runs_a_second_time,
    the_death_of_one_worker_harms_no_other_job,
    a_job_that_waits_when_the_only_worker_dies_runs_on_the_next,
);

in_a_client_program!(
    the_job_of_a_killed_worker_runs_again_on_another,
    the_death_of_one_worker_harms_no_other_job,
    a_job_whose_workers_all_die_is_lost_after_its_attempts,
    a_job_that_says_how_often_it_may_be_tried_is_tried_so_often,
    a_once_job_never_runs_a_second_time,
    a_job_that_waits_when_the_only_worker_dies_runs_on_the_next,
);

/// Waits until the master has noticed the death of a worker with a job.
#[track_caller]
fn gone_with_a_job(scene: &Scene, pid: u32) {
    let cause = scene.notice(|notice| match notice {
        Notice::WorkerGone { pid: gone, cause, job: Some(_), .. } if gone == pid => Some(cause),
        _ => None,
    });
    assert_eq!(cause, GoneCause::Disconnected, "its death is noticed by its connection, not by its silence");
}

fn the_job_of_a_killed_worker_runs_again_on_another(setup: Setup) {
    let mut scene = setup.workers(2).start();
    let gate = scene.gate();
    let handle = scene.caller.submit(gate.job());
    let first = gate.wait_begun(1)[0];
    scene.worker(first.pid).kill();
    let second = gate.wait_begun(2)[1];
    assert_ne!(second.pid, first.pid);
    assert_eq!((first.attempt, second.attempt), (1, 2));
    gone_with_a_job(&scene, first.pid);
    gate.open();
    let reply = handle.wait().expect("a reply");
    assert_eq!((&*reply, reply.attempts()), (&b"2"[..], 2));
    let stats = scene.master.stats().expect("the master is there");
    assert_eq!((stats.accepted, stats.done, stats.redispatched, stats.lost), (1, 1, 1, 0));
}

fn a_job_whose_workers_all_die_is_lost_after_its_attempts(setup: Setup) {
    let scene = setup.workers(4).start();
    let error = scene.caller.execute(job("exit", "7")).expect_err("it ends every worker that runs it");
    assert_eq!(*error.kind(), JobErrorKind::Lost(LostCause::Worker));
    assert_eq!(error.attempts(), 3);
    assert!(error.may_have_run() && error.is_retryable() && !error.is_timeout() && !error.is_overload());
    // The pool lives on: the last of its workers never saw that job.
    assert_eq!(scene.infos().len(), 1);
    assert_eq!(scene.caller.execute(job("count", "")), Ok(b"1".to_vec()));
}

fn a_job_that_says_how_often_it_may_be_tried_is_tried_so_often(setup: Setup) {
    let scene = setup.workers(3).start();
    let error = scene.caller.execute(job("exit", "7").attempts_max(1)).expect_err("it ends its worker");
    assert_eq!((error.kind(), error.attempts()), (&JobErrorKind::Lost(LostCause::Worker), 1));
    assert_eq!(scene.infos().len(), 2);
    assert_eq!(scene.caller.execute("next"), Ok(b"next".to_vec()));
}

fn a_once_job_never_runs_a_second_time(setup: Setup) {
    let mut scene = setup.workers(2).start();
    let gate = scene.gate();
    let handle = scene.caller.submit(gate.job().once());
    let first = gate.wait_begun(1)[0];
    scene.worker(first.pid).kill();
    let error = handle.wait().expect_err("its worker was killed");
    assert_eq!((error.kind(), error.attempts()), (&JobErrorKind::Lost(LostCause::Worker), 1));
    assert!(error.may_have_run(), "{error:?}");
    // Two jobs on the worker that is left: had it been given the job, it would not come to these.
    assert_eq!(scene.caller.execute(job("count", "")), Ok(b"1".to_vec()));
    assert_eq!(gate.begun(), [first]);
}

fn the_death_of_one_worker_harms_no_other_job(setup: Setup) {
    let mut scene = setup.workers(3).start();
    let gates = [scene.gate(), scene.gate(), scene.gate()];
    let handles: Vec<_> = gates.iter().map(|gate| scene.caller.submit(gate.job())).collect();
    let victim = gates[0].wait_begun(1)[0];
    let others = [gates[1].wait_begun(1)[0], gates[2].wait_begun(1)[0]];
    scene.worker(victim.pid).kill();
    gone_with_a_job(&scene, victim.pid);
    gates.iter().for_each(|gate| gate.open());
    let replies: Vec<_> = handles.into_iter().map(|handle| handle.wait().expect("a reply")).collect();
    assert_eq!(replies.iter().map(|reply| reply.attempts()).collect::<Vec<_>>(), [2, 1, 1]);
    assert_eq!([gates[1].begun(), gates[2].begun()].concat(), others);
}

fn a_job_that_waits_when_the_only_worker_dies_runs_on_the_next(setup: Setup) {
    let mut scene = setup.workers(1).start();
    let gate = scene.gate();
    let held = scene.caller.submit(gate.job());
    let first = gate.wait_begun(1)[0];
    let waiting = scene.caller.submit(job("attempt", ""));
    scene.wait_for_accepted(2);
    scene.worker(first.pid).kill();
    gone_with_a_job(&scene, first.pid);
    gate.open();
    scene.add_worker(&[]);
    assert_eq!(&*held.wait().expect("a reply"), b"2");
    assert_eq!(&*waiting.wait().expect("a reply"), b"1");
}

#[test]
fn only_the_job_that_ran_is_charged_with_its_workers_death() {
    let pool = ("default".to_owned(), PoolSettings::new().credit(4));
    let mut scene = EMBEDDED.workers(1).settings(|settings| settings.pools.push(pool)).start();
    let gate = scene.gate();
    let killer = scene.runner.submit(gate.job().attempts_max(1));
    let first = gate.wait_begun(1)[0];
    let behind: Vec<_> = (0..3).map(|_| scene.runner.submit(Job::new("").attempts_max(1))).collect();
    scene.wait_for_accepted(4);
    assert_eq!(scene.infos()[0].outstanding, 4, "all are at the one worker");
    scene.worker(first.pid).signal(Signal::KILL);
    assert_eq!(*killer.wait().expect_err("it is charged").kind(), JobErrorKind::Lost(LostCause::Worker));
    scene.add_worker(&[]);
    for handle in behind {
        // The second dispatch of each, though it may be charged only once: the first cost nothing.
        assert_eq!(handle.wait().expect("it is not charged").attempts(), 2);
    }
}
