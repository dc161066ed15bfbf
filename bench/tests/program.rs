//! The program as a whole, for a very short time. Nothing here depends on how fast anything is.

use serde_json::Value;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

const PROGRAM: &str = env!("CARGO_BIN_EXE_powerhose-bench");

#[test]
fn loads_are_measured_with_their_floors_and_written_as_json() {
    let arguments = ["--quick", "--seconds", "0.05", "--workers", "2", "--json", "w1", "w2"];
    let output = Command::new(PROGRAM).args(arguments).output().expect("the program can be started");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let report: Value = serde_json::from_slice(&output.stdout).expect("it writes JSON and nothing else");
    assert_eq!(report["conditions"]["workers"], 2);
    assert_eq!(names(&report), ["w1", "w2"]);
    let rows: Vec<&Value> = loads(&report).flat_map(|load| load["rows"].as_array()).flatten().collect();
    assert!(rows.iter().all(|row| row["median"].as_f64().is_some_and(|median| median > 0.0)), "{rows:?}");
    assert!(rows.iter().any(|row| row["floor"] == true));
    let compared = rows.iter().filter(|row| row["compared"]["verdict"].is_string()).count();
    assert_eq!(compared, 5, "W1 has three targets, W2 two");
}

#[test]
fn what_does_not_exist_is_refused() {
    let output = Command::new(PROGRAM).arg("w9").output().expect("the program can be started");
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("w9"));
}

#[test]
fn nothing_is_left_when_it_is_killed() {
    let mut program = Command::new(PROGRAM)
        .args(["--seconds", "60", "w2"])
        .stdout(Stdio::null())
        .spawn()
        .expect("the program can be started");
    let folder = std::env::temp_dir().join(format!("powerhose-bench-{}", program.id()));
    // Two workers, and the one that removes the folder.
    let started = within(Duration::from_secs(20), || children(program.id()).len() >= 3 && folder.exists());
    let children = children(program.id());
    program.kill().expect("it runs");
    program.wait().expect("it was killed");
    assert!(started, "only {} processes were started", children.len());
    let ended = || children.iter().all(|pid| !is_running(*pid));
    assert!(within(Duration::from_secs(20), || ended() && !folder.exists()), "{children:?}, {folder:?}");
}

fn loads(report: &Value) -> impl Iterator<Item = &Value> {
    report["loads"].as_array().into_iter().flatten()
}

fn names(report: &Value) -> Vec<&str> {
    loads(report).filter_map(|load| load["name"].as_str()).collect()
}

fn within(limit: Duration, condition: impl Fn() -> bool) -> bool {
    let until = Instant::now() + limit;
    while !condition() {
        if Instant::now() > until {
            return false;
        }
        thread::sleep(Duration::from_millis(10));
    }
    true
}

/// Of any of its threads.
fn children(pid: u32) -> Vec<u32> {
    let tasks = std::fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let lists = tasks.filter_map(|task| std::fs::read_to_string(task.path().join("children")).ok());
    lists
        .flat_map(|list| list.split_whitespace().filter_map(|pid| pid.parse().ok()).collect::<Vec<_>>())
        .collect()
}

/// A process that has ended and that nobody has waited for does not run.
fn is_running(pid: u32) -> bool {
    let status = std::fs::read_to_string(Path::new("/proc").join(pid.to_string()).join("stat"));
    status.is_ok_and(|text| !text.rsplit(')').next().is_some_and(|rest| rest.trim_start().starts_with('Z')))
}
