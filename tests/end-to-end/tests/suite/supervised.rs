//! Workers that leave by themselves, and the supervisor that starts others.

use crate::support::{PATIENCE, PROGRAMS, job};
use crossbeam_channel::{Receiver, unbounded};
use powerhose::{JobRunner, Supervisor, SupervisorEvent, SupervisorSettings, WorkerCommand};
use std::sync::Arc;
use tempfile::TempDir;

/// A master and one supervised worker.
struct Scene {
    runner: JobRunner,
    _supervisor: Arc<Supervisor>,
    events: Receiver<SupervisorEvent>,
    _folder: TempDir,
}

fn start(command: WorkerCommand, settings: SupervisorSettings) -> Scene {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let endpoint = format!("ipc://{}", folder.path().join("m.ipc").display());
    let runner = JobRunner::builder().endpoint(endpoint).timeout(PATIENCE).bind().expect("it listens");
    let (sender, events) = unbounded();
    let settings = SupervisorSettings { workers: 1, ..settings };
    let listener = Box::new(move |event| drop(sender.send(event)));
    let supervisor = runner.supervise(command, settings, listener).expect("it starts");
    Scene { runner, _supervisor: supervisor, events, _folder: folder }
}

fn worker() -> WorkerCommand {
    WorkerCommand::new(PROGRAMS.worker).env("RUST_LOG", "off")
}

#[test]
fn a_worker_that_answers_its_jobs_and_leaves_is_followed_at_once_every_time() {
    let wrapped = WorkerCommand::new("sh").args(["-c", "\"$0\"; exit $?", PROGRAMS.worker]);
    for command in [worker(), wrapped.env("RUST_LOG", "off")] {
        let scene = start(command, SupervisorSettings::default());
        scene.runner.wait_for_workers(1, PATIENCE).expect("the first one registers");
        for _ in 0..20 {
            let pid = scene.runner.execute(job("leave", "")).expect("another worker is there");
            assert_ne!(pid, scene.runner.execute(job("pid", "")).expect("another follows"));
        }
        let told: Vec<SupervisorEvent> = scene.events.try_iter().collect();
        let left = told.iter().filter(|event| matches!(event, SupervisorEvent::Left { .. })).count();
        assert!(left >= 20, "{told:?}");
        assert!(!told.iter().any(|event| matches!(event, SupervisorEvent::Waits { .. })), "{told:?}");
    }
}

#[test]
fn a_program_that_comes_and_goes_without_a_job_is_started_after_longer_and_longer_waits() {
    let command = WorkerCommand::new("timeout")
        .args(["--preserve-status", "--signal", "TERM", "0.3", PROGRAMS.worker])
        .env("RUST_LOG", "off");
    let settings = SupervisorSettings { start_failures_max: u32::MAX, ..SupervisorSettings::default() };
    let scene = start(command, settings);
    let mut waits = Vec::new();
    while waits.len() < 4 {
        match scene.events.recv_timeout(PATIENCE).expect("it comes and goes") {
            SupervisorEvent::Waits { wait, .. } => waits.push(wait),
            SupervisorEvent::Left { .. } => panic!("it has answered nothing"),
            _ => {}
        }
    }
    assert!(waits.is_sorted(), "{waits:?}");
}
