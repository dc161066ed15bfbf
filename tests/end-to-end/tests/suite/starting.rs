//! The start of a worker: it registers when its own start-up is done, not before; a mistake in how it was started is told
//! at once.

use crate::support::{EMBEDDED, OutsideMaster, PATIENCE, PROGRAMS, Process, job};
use powerhose::Job;
use std::process::Command;

#[test]
fn a_worker_registers_only_after_its_own_start_up() {
    let setup = EMBEDDED.workers(1).settings(|settings| settings.unknown_pool_wait = PATIENCE);
    let mut scene = setup.start();
    let keys_are_loaded = scene.mark();
    let worker = scene.add_worker(&["--pool", "sign", "--start-when", keys_are_loaded.path()]);
    assert_eq!(worker.line().as_deref(), Some("starting up"));
    let pid = worker.id();
    let early = scene.runner.submit(job("pid", "").pool("sign"));
    // The other worker answers; this one is not there yet.
    assert_eq!(scene.runner.execute(Job::new("x")), Ok(b"x".to_vec()));
    assert_eq!(scene.infos().len(), 1);
    assert!(!early.has_ended());
    keys_are_loaded.make();
    assert_eq!(&*early.wait().expect("a reply"), pid.to_string().as_bytes());
}

#[test]
fn a_worker_that_is_not_told_where_its_master_is_says_so() {
    let outside = OutsideMaster::start(&[]);
    let says = |command: &mut Command, text: &str| {
        let mut worker: Process = outside.process(command);
        assert_eq!(worker.ended().code(), Some(1));
        assert!(worker.log().contains(text), "{}", worker.log());
    };
    says(Command::new(PROGRAMS.worker).env_remove("POWERHOSE_ENDPOINT"), "POWERHOSE_ENDPOINT is not set");
    says(Command::new(PROGRAMS.worker).arg("here"), "`here` is no endpoint");
    says(
        Command::new(PROGRAMS.worker).args(["ipc:///x", "--pool", "a b"]),
        "the pool `a b` cannot be offered",
    );
}
