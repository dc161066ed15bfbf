//! A pause that everybody shares (a closed lid, `docker pause`, a migration) is nobody's silence.

use crate::support::{Process, Scene, Signal, signal};
use std::time::Duration;

/// Longer than a client bears its master's silence, and than `check` waits.
const PAUSE: Duration = Duration::from_millis(6500);

/// Stops all of them for a while.
fn pause(scene: &Scene, workers: &[u32], processes: &[&Process]) {
    let all: Vec<u32> = workers.iter().copied().chain(processes.iter().map(|process| process.id())).collect();
    all.iter().for_each(|pid| signal(*pid, Signal::STOP));
    std::thread::sleep(PAUSE);
    all.iter().for_each(|pid| signal(*pid, Signal::CONT));
    assert!(scene.folder().exists());
}

/// A program that has begun its job, and ends it once the file `go` is there.
const GATED: [&str; 4] = ["--", "sh", "-c", "echo >> begun; until [ -e go ]; do sleep 0.05; done; cat"];

fn begun(scene: &Scene, count: usize) {
    crate::support::eventually("jobs begin", || {
        let begun = std::fs::read_to_string(scene.path("begun")).unwrap_or_default();
        (begun.lines().count() >= count).then_some(())
    });
}

#[test]
fn a_client_a_probe_and_the_workers_survive_a_pause_that_they_share_with_the_master() {
    let scene = Scene::new();
    let run = scene.run_workers(2, &[], &GATED);
    let workers = scene.worker_pids();
    let mut clients: Vec<Process> =
        (0..8).map(|_| scene.start(&["execute", "--timeout", "120s", "payload"])).collect();
    begun(&scene, 2);
    // These wait for a master that does not answer yet.
    run.signal(Signal::STOP);
    let mut waiting = [
        scene.start(&["check", "--within", "4s"]),
        scene.start(&["execute", "--connect-timeout", "4s", "--timeout", "120s", "payload"]),
        scene.start(&["status"]),
    ];
    std::thread::sleep(Duration::from_millis(500));
    pause(&scene, &workers, &clients.iter().chain(&waiting).chain([&run]).collect::<Vec<_>>());
    scene.file("go", "");
    for process in clients.iter_mut().chain(&mut waiting) {
        assert_eq!(process.status(), 0, "{}", process.log());
    }
    assert_eq!(scene.worker_pids(), workers);
}

#[test]
fn a_pause_takes_nothing_from_the_time_for_a_drain() {
    let scene = Scene::new();
    let mut run = scene.run_workers(1, &["--drain", "5s"], &GATED);
    let workers = scene.worker_pids();
    let mut client = scene.start(&["execute", "--timeout", "120s", "payload"]);
    begun(&scene, 1);
    run.signal(Signal::TERM);
    run.logs("draining");
    pause(&scene, &workers, &[&run, &client]);
    scene.file("go", "");
    assert_eq!((client.status(), client.output().trim_end()), (0, "payload"), "{}", client.log());
    assert_eq!(run.status(), 0, "{}", run.log());
}
