//! Which worker gets a job: the one with the fewest, the one that has rested longest among equals, never a busy one while
//! another is free. The predecessor chose at random.

use crate::support::{EMBEDDED, Scene, Setup, in_every_setup, job, until};
use powerhose::{Job, JobHandle, PoolSettings, WorkerState};
use std::collections::BTreeSet;

in_every_setup!(and_python:
    a_job_never_waits_behind_a_busy_worker_while_another_is_free,
    workers_with_equally_little_to_do_take_turns,
    a_worker_that_frees_itself_gets_the_next_job,
    all_workers_are_used_when_there_is_enough_to_do,
);

fn pid_of(handle: JobHandle) -> u32 {
    let reply = handle.wait().expect("a reply");
    String::from_utf8_lossy(&reply).parse().expect("a process id")
}

fn a_job_never_waits_behind_a_busy_worker_while_another_is_free(setup: Setup) {
    let scene = setup.workers(3).start();
    for _ in 0..10 {
        let gates = [scene.gate(), scene.gate()];
        let held = gates.each_ref().map(|gate| scene.runner.submit(gate.job()));
        let busy = gates.each_ref().map(|gate| gate.wait_begun(1)[0].pid);
        assert_ne!(busy[0], busy[1]);
        // The two that are held end only after these.
        let quick: Vec<u32> = (0..5).map(|_| pid_of(scene.runner.submit(job("pid", "")))).collect();
        assert!(quick.iter().all(|pid| !busy.contains(pid)), "{quick:?} among {busy:?}");
        gates.iter().for_each(|gate| gate.open());
        assert!(held.into_iter().all(|handle| handle.wait().is_ok()));
    }
}

fn workers_with_equally_little_to_do_take_turns(setup: Setup) {
    let scene = setup.workers(3).start();
    let pids: Vec<u32> = (0..12).map(|_| pid_of(scene.runner.submit(job("pid", "")))).collect();
    let (first_round, later) = pids.split_at(3);
    assert_eq!(first_round.iter().collect::<BTreeSet<_>>().len(), 3, "{pids:?}");
    assert!(later.chunks(3).all(|round| round == first_round), "{pids:?}");
}

fn a_worker_that_frees_itself_gets_the_next_job(setup: Setup) {
    let scene = setup.workers(2).start();
    let gates = [scene.gate(), scene.gate()];
    let mut held = gates.each_ref().map(|gate| Some(scene.runner.submit(gate.job())));
    let busy = gates.each_ref().map(|gate| gate.wait_begun(1)[0].pid);
    let waiting: Vec<_> = (0..4).map(|_| scene.runner.submit(job("pid", ""))).collect();
    scene.wait_for_accepted(6);
    gates[1].open();
    let ran: Vec<u32> = waiting.into_iter().map(pid_of).collect();
    assert_eq!(ran, [busy[1]; 4], "the other one is held");
    gates[0].open();
    assert!(held.iter_mut().all(|handle| handle.take().is_some_and(|handle| handle.wait().is_ok())));
}

fn all_workers_are_used_when_there_is_enough_to_do(setup: Setup) {
    let scene = setup.workers(4).start();
    let gate = scene.gate();
    let handles: Vec<_> = (0..4).map(|_| scene.runner.submit(gate.job())).collect();
    let pids: BTreeSet<u32> = gate.wait_begun(4).iter().map(|begun| begun.pid).collect();
    assert_eq!(pids.len(), 4);
    scene.wait_for_state(WorkerState::Busy, 4);
    gate.open();
    assert!(handles.into_iter().all(|handle| handle.wait().is_ok()));
}

#[test]
fn what_waits_behind_long_jobs_goes_back_and_to_the_worker_that_is_free_first() {
    let scene = EMBEDDED.workers(2).start();
    until("short jobs are given several at once", || {
        assert!(scene.runner.execute("short").is_ok());
        scene.master.stats().is_ok_and(|stats| stats.pools.iter().any(|pool| pool.credit > 1))
    });
    let gates = [scene.gate(), scene.gate()];
    let mut held = gates.each_ref().map(|gate| Some(scene.runner.submit(gate.job())));
    let busy = gates.each_ref().map(|gate| gate.wait_begun(1)[0].pid);
    let waiting: Vec<_> = (0..4).map(|_| scene.runner.submit(job("pid", ""))).collect();
    until("what waits behind the long jobs comes back", || {
        let returned = scene.master.stats().expect("the master is there").returned;
        scene.infos().iter().all(|info| info.outstanding == 1) && returned > 0
    });
    gates[1].open();
    let ran: Vec<u32> = waiting.into_iter().map(pid_of).collect();
    assert_eq!(ran, [busy[1]; 4], "the other one is held");
    gates[0].open();
    assert!(held.iter_mut().all(|handle| handle.take().is_some_and(|handle| handle.wait().is_ok())));
}

/// Two workers that are given three jobs at once.
fn three_at_once() -> Scene {
    let pool = ("default".to_owned(), PoolSettings::new().credit(3));
    EMBEDDED.workers(2).settings(|settings| settings.pools.push(pool)).start()
}

fn outstanding(scene: &Scene) -> Vec<usize> {
    scene.infos().iter().map(|info| info.outstanding).collect()
}

#[test]
fn the_worker_with_the_fewest_jobs_gets_the_next() {
    let scene = three_at_once();
    let gate = scene.gate();
    let handles: Vec<_> = (1..=7_u64)
        .map(|jobs| {
            let handle = scene.runner.submit(gate.job());
            scene.wait_for_accepted(jobs);
            let mut spread = outstanding(&scene);
            spread.sort_unstable();
            let (less, more) = (jobs.min(6) / 2, jobs.min(6).div_ceil(2));
            assert_eq!(spread, [less as usize, more as usize], "after {jobs} jobs");
            handle
        })
        .collect();
    gate.open();
    assert!(handles.into_iter().all(|handle| handle.wait().is_ok()));
}

#[test]
fn jobs_that_wait_behind_a_long_one_are_given_to_a_worker_that_becomes_free() {
    let scene = three_at_once();
    let gates = [scene.gate(), scene.gate()];
    let held = gates.each_ref().map(|gate| scene.runner.submit(gate.job()));
    let busy = gates.each_ref().map(|gate| gate.wait_begun(1)[0].pid);
    let behind: Vec<_> = (0..4).map(|_| scene.runner.submit(job("pid", ""))).collect();
    scene.wait_for_accepted(6);
    assert_eq!(outstanding(&scene), [3, 3]);
    gates[1].open();
    assert_eq!(behind.into_iter().map(pid_of).collect::<Vec<_>>(), [busy[1]; 4]);
    assert!(!held[0].has_ended());
    gates[0].open();
    assert!(held.into_iter().all(|handle| handle.wait().is_ok()));
}

#[test]
fn a_once_job_goes_alone_to_an_idle_worker() {
    let scene = three_at_once();
    let gates = [scene.gate(), scene.gate()];
    let held = gates.each_ref().map(|gate| scene.runner.submit(gate.job()));
    gates.iter().for_each(|gate| drop(gate.wait_begun(1)));
    // Both have room, but neither is idle.
    let once = scene.runner.submit(Job::new("once").once());
    scene.wait_for_accepted(3);
    assert_eq!(outstanding(&scene), [1, 1]);
    gates[0].open();
    assert_eq!(&*once.wait().expect("a reply"), b"once");
    gates[1].open();
    assert!(held.into_iter().all(|handle| handle.wait().is_ok()));
    until("both to be ready", || outstanding(&scene) == [0, 0]);
}
