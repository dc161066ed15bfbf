//! `purge`: ends the master of this endpoint and of no other, removes what is stale and nothing else.

use crate::support::{Scene, Signal};

#[test]
fn the_master_of_this_endpoint_ends_and_the_others_live() {
    let (scene, other) = (Scene::new(), Scene::new());
    let mut run = scene.run_workers(1, &[], &["--", "cat"]);
    let _other = other.run_workers(1, &[], &["--", "cat"]);
    let purged = scene.run(&["purge"]);
    assert_eq!(purged.status, 0, "{purged:?}");
    assert!(purged.stdout.contains(&format!("pid {}", run.id())), "{purged:?}");
    assert_eq!(run.status(), 0, "it ended in good order");
    assert_eq!(other.run(&["check"]).status, 0);
    assert_eq!(scene.run(&["check", "--within", "200ms"]).status, 1);
}

#[test]
fn a_master_that_does_not_react_is_killed() {
    let scene = Scene::new();
    let mut run = scene.run_workers(1, &[], &["--", "cat"]);
    run.signal(Signal::STOP);
    let purged = scene.run(&["purge", "--within", "200ms"]);
    assert_eq!(purged.status, 0, "{purged:?}");
    run.kill();
    assert!(!scene.path("m.ipc").exists());
    let next = scene.run_workers(1, &[], &["--", "cat"]);
    assert_eq!(scene.run(&["execute", "again"]).stdout, "again");
    drop(next);
}

#[test]
fn what_a_killed_master_left_behind_is_removed() {
    let scene = Scene::new();
    let mut run = scene.run_workers(1, &[], &["--", "cat"]);
    run.kill();
    assert!(scene.path("m.ipc").exists(), "it had no time to remove it");
    let purged = scene.run(&["purge"]);
    assert_eq!((purged.status, purged.stdout.contains("removed the socket")), (0, true), "{purged:?}");
    assert!(!scene.path("m.ipc").exists());
    let again = scene.run(&["purge"]);
    assert_eq!((again.status, again.stdout.contains("nothing left behind")), (0, true), "{again:?}");
}

#[test]
fn what_is_no_socket_stays() {
    let scene = Scene::new();
    scene.file("m.ipc", "precious");
    scene.file("m.ipc.lock", "1\n");
    let purged = scene.run(&["purge"]);
    assert_eq!(purged.status, 5, "{purged:?}");
    assert_eq!(std::fs::read_to_string(scene.path("m.ipc")).expect("it is there"), "precious");
}

#[test]
fn a_process_that_is_only_named_by_the_lock_file_is_left_alone() {
    let scene = Scene::new();
    let mut bystander = std::process::Command::new("sleep").arg("1000").spawn().expect("there is a sleep");
    // Somebody else holds the lock of a file that names the bystander.
    scene.file("m.ipc.lock", &format!("{}\n", bystander.id()));
    let lock = std::fs::File::open(scene.path("m.ipc.lock")).expect("it was made");
    rustix::fs::flock(&lock, rustix::fs::FlockOperation::LockExclusive).expect("nobody has it");
    let purged = scene.run(&["purge"]);
    assert_eq!(purged.status, 6, "{purged:?}");
    assert!(bystander.try_wait().expect("it is our child").is_none(), "it lives");
    bystander.kill().expect("it is our child");
    bystander.wait().expect("it is our child");
}

#[test]
fn where_there_never_was_a_master_nothing_happens() {
    let scene = Scene::new();
    let purged = scene.run(&["purge"]);
    assert_eq!((purged.status, purged.stdout.contains("no master was ever there")), (0, true), "{purged:?}");
    assert_eq!(scene.run(&["purge", "--endpoint", "tcp://127.0.0.1:1"]).status, 2);
}
