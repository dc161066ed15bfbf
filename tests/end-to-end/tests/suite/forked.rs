//! A process that was forked has the memory of a runner, but neither its thread nor its socket: it is told so.

use crate::support::{Setup, in_every_setup};
use powerhose::{JobErrorKind, Rejection};
use rustix::process::{Pid, WaitOptions, waitpid};

in_every_setup!(
    a_runner_in_a_forked_process_rejects_its_jobs_and_the_parent_goes_on,
    a_job_from_before_a_fork_ends_for_the_parent_and_is_rejected_in_the_forked_process,
);

fn a_runner_in_a_forked_process_rejects_its_jobs_and_the_parent_goes_on(setup: Setup) {
    let scene = setup.workers(1).start();
    let runner = scene.runner.clone();
    let in_child = move || {
        let error = runner.execute("payload").err();
        let is_told = error.is_some_and(|error| *error.kind() == JobErrorKind::Rejected(Rejection::Forked));
        // Neither may the last handle in the child disturb the parent.
        drop(runner);
        is_told
    };
    assert!(succeeds_in_a_fork(in_child));
    assert_eq!(scene.runner.execute("next"), Ok(b"next".to_vec()));
}

fn a_job_from_before_a_fork_ends_for_the_parent_and_is_rejected_in_the_forked_process(setup: Setup) {
    let scene = setup.workers(1).start();
    let gate = scene.gate();
    let handle = scene.runner.submit(gate.job());
    gate.wait_begun(1);
    let mut copy = Some(handle);
    let in_child = || {
        let error = copy.take().and_then(|handle| handle.wait().err());
        let is_told =
            error.as_ref().is_some_and(|error| *error.kind() == JobErrorKind::Rejected(Rejection::Forked));
        is_told && error.is_some_and(|error| error.may_have_run())
    };
    assert!(succeeds_in_a_fork(in_child));
    gate.open();
    assert!(copy.expect("the parent has its own").wait().is_ok());
}

/// Runs it in a fork of this process, which ends with it; tells what it gave.
fn succeeds_in_a_fork(child: impl FnOnce() -> bool) -> bool {
    // SAFETY: the child has one thread, and the locks that others held stay locked in it. It uses none but those of the
    // allocator, which the C library keeps usable, and ends without running anything else of this process.
    let pid = unsafe { libc::fork() };
    if pid == 0 {
        let status = i32::from(!child());
        // SAFETY: it has no preconditions.
        unsafe { libc::_exit(status) };
    }
    let pid = Pid::from_raw(pid).expect("a process can be made");
    let (_, status) =
        waitpid(Some(pid), WaitOptions::empty()).expect("it is our child").expect("it has ended");
    status.exit_status() == Some(0)
}
