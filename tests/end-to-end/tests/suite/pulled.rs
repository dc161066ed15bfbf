//! Workers that ask for their jobs themselves, in loops of their own: what holds for others holds for them.

use crate::support::{Setup, in_every_setup, job, time_has_passed};
use powerhose::{JobHandle, Settings};
use rustix::process::Signal;
use std::time::Duration;

in_every_setup!(
    many_jobs_are_answered,
    a_worker_that_is_killed_in_a_job_is_replaced_by_another,
    a_worker_that_computes_for_long_is_not_silent,
    a_worker_that_is_told_to_leave_finishes_its_job,
);

fn many_jobs_are_answered(setup: Setup) {
    let scene = setup.workers_with(vec![vec!["--pulled"]; 2]).start();
    let submit = |number: u32| scene.runner.submit(job("square", &number.to_string()));
    let handles: Vec<JobHandle> = (0..2000).map(submit).collect();
    for (number, handle) in (0..2000_u32).zip(handles) {
        let reply = handle.wait().expect("a reply");
        assert_eq!(String::from_utf8_lossy(&reply), (number * number).to_string());
    }
    let error = scene.runner.execute(job("fail", "no")).expect_err("it was told to fail");
    assert!(error.may_have_run());
}

fn a_worker_that_is_killed_in_a_job_is_replaced_by_another(setup: Setup) {
    let scene = setup.workers_with(vec![vec!["--pulled"]; 2]).start();
    let gate = scene.gate();
    let held = scene.runner.submit(gate.job());
    scene.signal(gate.wait_begun(1)[0].pid, Signal::KILL);
    gate.wait_begun(2);
    gate.open();
    assert_eq!(held.wait().expect("a reply").attempts(), 2);
}

fn a_worker_that_computes_for_long_is_not_silent(setup: Setup) {
    let silent = |settings: &mut Settings| {
        settings.heartbeat_interval = Duration::from_millis(100);
        settings.silence_max = Duration::from_millis(1000);
    };
    let scene = setup.workers_with(vec![vec!["--pulled"]]).settings(silent).start();
    let gate = scene.gate();
    let held = scene.runner.submit(gate.job());
    gate.wait_begun(1);
    time_has_passed(Duration::from_millis(2000));
    gate.open();
    assert_eq!(held.wait().expect("a reply").attempts(), 1);
}

fn a_worker_that_is_told_to_leave_finishes_its_job(setup: Setup) {
    let mut scene = setup.workers_with(vec![vec!["--pulled"]]).start();
    let gate = scene.gate();
    let held = scene.runner.submit(gate.job());
    let pid = gate.wait_begun(1)[0].pid;
    scene.signal(pid, Signal::TERM);
    gate.open();
    assert!(held.wait().is_ok());
    assert!(scene.worker(pid).ended().success());
}
