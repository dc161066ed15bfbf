//! What master and workers log: the id that the caller's error has, nothing of what a job is about, and no warning of what
//! is normal life.

use crate::support::{EMBEDDED, OutsideMaster, PROGRAMS, job, until};
use std::process::Command;
use std::time::Duration;

#[test]
fn a_jobs_id_is_the_same_in_its_error_and_in_the_logs_of_master_and_worker() {
    let outside = OutsideMaster::start(&["--overrun-grace-ms", "50"]);
    let mut worker = outside.worker(&[]);
    let runner = outside.client();
    outside.wait_for_workers(&runner, 1);
    // The worker logs it when it ends itself, the master when that worker is gone with it.
    let hanging = job("hang", "").timeout(Duration::from_millis(300));
    let error = runner.execute(hanging).expect_err("it hangs");
    let id = format!("job={}", error.job().expect("it was dispatched"));
    assert_eq!(worker.ended().code(), Some(86));
    assert!(worker.log().contains(&id), "no {id} in {}", worker.log());
    until("the master to log it", || outside.master.log().contains(&id));
}

#[test]
fn neither_payloads_nor_headers_are_ever_logged() {
    let outside = OutsideMaster::start_with("trace", &[]);
    let mut command = Command::new(PROGRAMS.worker);
    let mut worker = outside.process(command.arg(&outside.endpoint).env("RUST_LOG", "trace"));
    let runner = outside.client();
    outside.wait_for_workers(&runner, 1);
    for command in ["echo", "headers-back", "fail", "square"] {
        let secret = job(command, "precious-payload").header("authorization", "precious-header");
        // Done or failed, whatever the command makes of it.
        let _ = runner.execute(secret);
    }
    worker.signal(rustix::process::Signal::TERM);
    assert_eq!(worker.ended().code(), Some(0));
    let logs = [outside.master.log(), worker.log()];
    for log in &logs {
        assert!(log.contains("TRACE") && log.contains("job="), "{log}");
        assert!(!log.contains("precious"), "{log}");
    }
}

#[test]
fn who_comes_while_a_master_drains_is_told_and_warns_nobody() {
    let scene = EMBEDDED.workers(1).start();
    let gate = scene.gate();
    let last = scene.runner.submit(gate.job());
    gate.wait_begun(1);
    let closing = scene.drain();
    let late = [PROGRAMS.worker, PROGRAMS.client].map(|program| {
        let mut command = Command::new(program);
        scene.process(command.arg(&scene.endpoint).env("RUST_LOG", "debug"))
    });
    // A worker may be needed for the jobs that are left.
    for (process, told) in late.iter().zip(["registered", "the master ends; another may come"]) {
        until("it to be told", || process.log().contains(told));
        assert!(!process.log().contains("WARN"), "{}", process.log());
    }
    gate.open();
    assert_eq!(closing.join().expect("no panic"), Ok(()));
    assert_eq!(&*last.wait().expect("a reply"), b"1");
}
