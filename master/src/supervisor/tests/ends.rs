//! How workers are ended: asked, made to, replaced, orphaned.

use super::*;
use crossbeam_channel::RecvTimeoutError;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

/// Its presence makes `a_supervisor_to_be_killed` a program of its own.
const VICTIM: &str = "POWERHOSE_TEST_SUPERVISOR_VICTIM";

#[test]
fn a_stop_lets_a_worker_finish_what_it_runs() {
    let script = "trap 'echo finished > end; exit 0' TERM; echo > ready; while :; do sleep 0.01; done";
    let scene = Scene::new(script, workers(1));
    let pid = scene.spawned();
    scene.line("ready");
    scene.supervisor.stop_all(BOUND);
    assert_eq!(scene.exited(pid), WorkerExit::Status(0));
    assert!(matches!(scene.next(), SupervisorEvent::Finished));
    assert!(scene.supervisor.wait_finished(BOUND));
    assert_eq!(scene.line("end"), "finished");
    assert!(scene.supervisor.pids().is_empty());
}

#[test]
fn a_worker_that_ignores_a_stop_is_killed_at_its_end() {
    let scene = Scene::new("trap '' TERM; echo > ready; while :; do sleep 1000; done", workers(1));
    let pid = scene.spawned();
    scene.line("ready");
    assert!(!scene.supervisor.wait_finished(Duration::ZERO));
    let stopped = Instant::now();
    let within = Duration::from_millis(100);
    scene.supervisor.stop_all(within);
    assert_eq!(scene.exited(pid), WorkerExit::Signal(9));
    assert!(stopped.elapsed() >= within);
    assert!(scene.supervisor.wait_finished(BOUND));
}

#[test]
fn a_stopped_process_is_killed_all_the_same() {
    let scene = Scene::new("kill -STOP $$; exec sleep 1000", workers(1));
    let pid = scene.spawned();
    scene.supervisor.kill_all();
    assert_eq!(scene.exited(pid), WorkerExit::Signal(9));
    assert!(scene.supervisor.wait_finished(BOUND));
}

#[test]
fn what_a_worker_started_ends_with_it() {
    let scene = Scene::new("sleep 1000 & echo $! > child; wait", workers(1));
    let pid = scene.spawned();
    let child = number(&scene.line("child"));
    assert!(lives(child));
    scene.supervisor.kill_all();
    scene.exited(pid);
    eventually(|| (!lives(child)).then_some(()));
}

#[test]
fn dropping_the_supervisor_leaves_no_process() {
    let scene = Scene::new("sleep 1000 & echo $! >> children; wait", workers(4));
    let pids: Vec<u32> = (0..4).map(|_| scene.spawned()).collect();
    let children = eventually(|| Some(scene.line("children")).filter(|lines| lines.lines().count() == 4));
    let Scene { supervisor, events, folder: _folder } = scene;
    drop(supervisor);
    assert!(pids.iter().all(|pid| !lives(*pid)));
    eventually(|| children.lines().map(number).all(|pid| !lives(pid)).then_some(()));
    assert!(matches!(events.iter().last(), Some(SupervisorEvent::Finished)), "the listener is gone too");
}

#[test]
fn a_listener_that_panics_frees_who_waits_and_leaves_no_process() {
    let (sender, pids) = unbounded();
    let listener = Box::new(move |event| {
        if let SupervisorEvent::Spawned { pid, .. } = event {
            let _ = sender.send(pid);
            panic!("the listener panics, as this test wants");
        }
    });
    let supervisor = Supervisor::start(shell("exec sleep 1000"), workers(1), listener).expect("a shell");
    let pid = pids.recv_timeout(BOUND).expect("it was started");
    assert!(supervisor.wait_finished(BOUND));
    eventually(|| (!lives(pid)).then_some(()));
}

#[test]
fn workers_are_replaced_by_new_processes() {
    let scene = Scene::new("exec sleep 1000", workers(2));
    let old = [scene.spawned(), scene.spawned()];
    old.iter().for_each(|pid| scene.supervisor.registered(*pid));
    scene.supervisor.replace_all();
    for pid in old {
        let successor = scene.spawned();
        assert!(lives(pid) && scene.events.try_recv().is_err(), "nobody leaves before {successor} is ready");
        scene.supervisor.registered(successor);
        assert_eq!(scene.exited(pid), WorkerExit::Signal(15));
    }
    assert!(matches!(scene.next(), SupervisorEvent::Replaced));
}

#[test]
fn workers_are_added_and_removed() {
    let scene = Scene::new("exec sleep 1000", workers(1));
    scene.spawned();
    scene.supervisor.resize(2);
    let second = scene.spawned();
    scene.supervisor.resize(1);
    assert_eq!(scene.exited(second), WorkerExit::Signal(15));
    assert_eq!(scene.events.recv_timeout(Duration::from_millis(1)).err(), Some(RecvTimeoutError::Timeout));
}

#[test]
fn workers_end_when_their_supervisor_is_killed() {
    let module = module_path!().split_once("::").expect("a module of a crate").1;
    let mut victim = Command::new(std::env::current_exe().expect("this is a program"))
        .args([&format!("{module}::a_supervisor_to_be_killed"), "--exact", "--nocapture", "--test-threads=1"])
        .env(VICTIM, "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("it can be executed");
    let output = BufReader::new(victim.stdout.take().expect("it is piped"));
    // Each worker and what it has started in a session of its own, in whatever order.
    let told = output.lines().map_while(Result::ok).filter_map(|line| {
        let (_, pid) = line.split_once("started: ")?;
        Some(number(pid))
    });
    let pids: Vec<u32> = told.take(6).collect();
    assert_eq!(pids.len(), 6);
    assert!(pids.iter().all(|pid| lives(*pid)));
    victim.kill().expect("it is ours");
    victim.wait().expect("it is ours");
    eventually(|| pids.iter().all(|pid| !lives(*pid)).then_some(()));
}

/// Not a test by itself: the program that `workers_end_when_their_supervisor_is_killed` kills.
#[test]
fn a_supervisor_to_be_killed() {
    if std::env::var_os(VICTIM).is_none() {
        return;
    }
    let script = "trap '' TERM HUP; setsid sh -c 'echo started: $$; exec sleep 1000' & sleep 1000";
    let command = shell(script).output(WorkerOutput::Inherit);
    let (_supervisor, events) = start(command, workers(3));
    let pid = |event| match event {
        SupervisorEvent::Spawned { pid, .. } => Some(pid.to_string()),
        _ => None,
    };
    events.iter().filter_map(pid).take(3).for_each(|pid| println!("\nstarted: {pid}"));
    // Its input ends with the test that started it, should that end first.
    let _ = std::io::stdin().read_line(&mut String::new());
}
