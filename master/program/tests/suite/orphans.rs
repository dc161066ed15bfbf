//! What a job's program has started ends when the program's worker, or whoever started that, is killed: at any depth, and
//! wherever it has gone.

use crate::support::{Process, Scene, Signal, eventually, is_running, signal};

/// Notes four processes and waits for ever: in the program's process group, in a session of its own, forked twice, and deep.
const SCRIPT: &str = r#"
note() { echo $1 >> started; }
sleep 1000 & note $!
setsid sh -c 'echo $$ >> started; exec sleep 1000' &
(setsid sh -c 'sleep 1000 & echo $! >> started' &)
sh -c 'sh -c "setsid sh -c \"sleep 1000 & echo \\\$! >> started; wait\" & wait" & wait' &
wait
"#;

/// A job runs, and these are the processes that its program has started.
fn started(scene: &Scene) -> (Process, Vec<u32>) {
    let job = scene.start(&["execute", "--once", "--timeout", "100s", "x"]);
    let started = eventually("four processes", || {
        let text = std::fs::read_to_string(scene.path("started")).ok()?;
        let pids: Vec<u32> = text.lines().map(|line| line.parse().expect("a process id")).collect();
        (pids.len() == 4).then_some(pids)
    });
    assert!(started.iter().all(|pid| is_running(*pid)));
    (job, started)
}

#[track_caller]
fn are_gone(started: &[u32]) {
    eventually("the end of what a job has started", || {
        started.iter().all(|pid| !is_running(*pid)).then_some(())
    });
}

#[test]
fn what_a_job_has_started_ends_with_a_worker_that_is_killed() {
    let scene = Scene::new();
    let _run = scene.run_workers(1, &[], &["--", "sh", "-c", SCRIPT]);
    let (_job, started) = started(&scene);
    signal(scene.worker_pids()[0], Signal::KILL);
    are_gone(&started);
}

#[test]
fn what_a_job_has_started_ends_with_run_that_is_killed() {
    for flags in [&["--"][..], &["--lines", "--"]] {
        let scene = Scene::new();
        let mut run = scene.run_workers(2, &[], &[flags, &["sh", "-c", SCRIPT]].concat());
        let (_job, started) = started(&scene);
        let workers = scene.worker_pids();
        run.kill();
        are_gone(&started);
        are_gone(&workers);
    }
}

/// As `pkill -9 powerhose` does.
#[test]
fn what_a_job_has_started_ends_when_all_of_the_programs_name_is_killed() {
    let scene = Scene::new();
    let run = scene.run_workers(1, &[], &["--", "sh", "-c", SCRIPT]);
    let (_job, started) = started(&scene);
    let worker = scene.worker_pids()[0];
    let guard = parent(worker);
    assert_ne!(guard, run.id());
    let named: Vec<u32> =
        [guard, worker, run.id()].into_iter().filter(|pid| name(*pid).contains("powerhose")).collect();
    assert_eq!(named.len(), 2, "all but the guard");
    named.into_iter().for_each(|pid| signal(pid, Signal::KILL));
    are_gone(&started);
    are_gone(&[guard]);
}

fn name(pid: u32) -> String {
    std::fs::read_to_string(format!("/proc/{pid}/comm")).expect("it runs")
}

fn parent(pid: u32) -> u32 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("it runs");
    let line = status.lines().find_map(|line| line.strip_prefix("PPid:")).expect("it has a parent");
    line.trim().parse().expect("a number")
}

#[test]
fn what_a_job_has_started_ends_with_a_lone_worker_that_is_killed() {
    for kills_the_one_that_was_started in [true, false] {
        let scene = Scene::new();
        let _master = scene.start(&["master"]);
        let mut work = scene.start(&["work", "--", "sh", "-c", SCRIPT]);
        scene.workers_are(1);
        let (_job, started) = started(&scene);
        let worker = scene.worker_pids()[0];
        if kills_the_one_that_was_started {
            work.kill();
        } else {
            signal(worker, Signal::KILL);
        }
        are_gone(&started);
        are_gone(&[worker, work.id()]);
    }
}

#[test]
fn what_a_job_has_started_ends_when_nobody_waits_for_the_job_any_longer() {
    let scene = Scene::new();
    // What two forks have made an orphan of goes with the worker only.
    let script: String =
        SCRIPT.lines().filter(|line| !line.starts_with('(')).map(|line| format!("{line}\n")).collect();
    let _run = scene.run_workers(1, &[], &["--", "sh", "-c", &script]);
    let ran = scene.run(&["execute", "--timeout", "2s", "x"]);
    assert_eq!(ran.status, 21, "{ran:?}");
    let started = std::fs::read_to_string(scene.path("started")).expect("it has begun");
    let started: Vec<u32> = started.lines().map(|line| line.parse().expect("a process id")).collect();
    assert!(!started.is_empty());
    are_gone(&started);
}

#[test]
fn what_jobs_have_left_behind_ends_with_the_worker() {
    let scene = Scene::new();
    let script = SCRIPT.replace("\nwait\n", "\nwhile [ $(wc -l < started) -lt 4 ]; do sleep 0.01; done\n");
    let mut run = scene.run_workers(1, &[], &["--", "sh", "-c", &script]);
    let ran = scene.run(&["execute", "--timeout", "100s", "x"]);
    assert_eq!(ran.status, 0, "{ran:?}");
    let started = std::fs::read_to_string(scene.path("started")).expect("it has begun");
    let started: Vec<u32> = started.lines().map(|line| line.parse().expect("a process id")).collect();
    assert_eq!(started.len(), 4);
    run.signal(Signal::TERM);
    assert_eq!(run.status(), 0);
    are_gone(&started);
}

#[test]
fn a_lone_worker_ends_as_it_is_told() {
    let scene = Scene::new();
    let mut master = scene.start(&["master"]);
    let mut work = scene.start(&["work", "--", "cat"]);
    scene.workers_are(1);
    work.signal(Signal::TERM);
    assert_eq!(work.status(), 0);
    scene.workers_are(0);
    master.signal(Signal::TERM);
    assert_eq!(master.status(), 0);
}
