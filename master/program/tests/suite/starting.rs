//! Workers that take long to start, and many of them.

use crate::support::Scene;

const PROGRAM: &str = env!("CARGO_BIN_EXE_powerhose");

/// Computes for a few tenths of a second before it is a worker.
fn loads_slowly() -> String {
    let compute = "n=0; while [ $n -lt 300000 ]; do n=$((n+1)); done";
    format!("{compute}; exec {PROGRAM} work -- cat")
}

#[test]
fn workers_that_load_slowly_start_a_few_at_a_time_and_all_come() {
    let scene = Scene::new();
    let load = loads_slowly();
    let flags = ["run", "--workers", "16", "--worker-start", "1s", "--", "sh", "-c", &load];
    let run = scene.start(&flags);
    scene.workers_are(16);
    assert!(!run.log().contains("not started again"), "{}", run.log());
}

#[test]
fn workers_that_are_all_late_are_said_to_be_late_together_with_the_flag_that_helps() {
    let scene = Scene::new();
    let flags = ["--workers", "2", "--start-failures-max", "2", "--worker-start", "200ms"];
    let mut run = scene.start(&[&["run"], &flags[..], &["--", "sleep", "1000"]].concat());
    assert_eq!(run.status(), 9);
    let log = run.log();
    let (_, last) = log.split_once("no worker starts; giving up").expect("it says so");
    let last = last.lines().next().expect("a line");
    assert!(last.contains("all were late together") && last.contains("--worker-start"), "{last}");
    assert!(last.contains("within 400ms"), "it grew: {last}");
}

#[test]
fn more_workers_may_be_let_start_at_once() {
    let scene = Scene::new();
    // Each goes on only when all three have begun.
    let together = "touch here.$$; until [ $(ls here.* | wc -l) -ge 3 ]; do sleep 0.01; done";
    let script = format!("{together}; exec {PROGRAM} work -- cat");
    let flags = ["--workers", "3", "--worker-starts-max", "3", "--worker-start", "60s"];
    let _run = scene.start(&[&["run"], &flags[..], &["--", "sh", "-c", &script]].concat());
    scene.workers_are(3);
}
