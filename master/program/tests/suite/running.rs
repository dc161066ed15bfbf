//! `run` and `master`: from the first job to the end in good order.

use crate::support::{Scene, Signal, eventually, is_running};
use powerhose_harness::Killed;
use std::time::{Duration, Instant};

/// Longer than two signals may be apart to count as one.
const LATER: Duration = Duration::from_secs(1);

#[test]
fn one_command_runs_jobs_on_any_program() {
    let scene = Scene::new();
    let mut run = scene.run_workers(2, &[], &["--", "wc", "-c"]);
    let ran = scene.run(&["execute", "hello"]);
    assert_eq!((ran.status, ran.stdout.trim()), (0, "5"), "{ran:?}");
    run.signal(Signal::TERM);
    assert_eq!(run.status(), 0);
}

#[test]
fn workers_are_told_what_to_log() {
    let scene = Scene::new();
    let _run = scene.run_workers(1, &["--log", "debug"], &["--", "sh", "-c", "echo $POWERHOSE_LOG"]);
    assert_eq!(scene.run(&["execute", ""]).stdout, "debug\n");
}

#[test]
fn an_end_in_good_order_lets_the_running_job_finish_and_leaves_nothing_behind() {
    let scene = Scene::new();
    let mut run = scene.run_workers(
        1,
        &[],
        &["--", "sh", "-c", "touch begun; until [ -e go ]; do sleep 0.01; done; echo done"],
    );
    let pids = scene.worker_pids();
    let mut execute = scene.start(&["execute", "--timeout", "60s", "x"]);
    eventually("the job runs", || scene.path("begun").exists().then_some(()));
    run.signal(Signal::TERM);
    run.logs("draining");
    let refused = scene.run(&["execute", "--connect-timeout", "300ms", "late"]);
    assert_eq!(refused.status, 7, "nobody is let in any longer: {refused:?}");
    scene.file("go", "");
    assert_eq!(execute.status(), 0);
    assert_eq!(execute.output(), "done\n");
    assert_eq!(run.status(), 0);
    assert!(pids.iter().all(|pid| !is_running(*pid)));
    assert!(!scene.path("m.ipc").exists(), "the socket is gone");
}

#[test]
fn a_second_signal_ends_all_at_once() {
    let scene = Scene::new();
    let mut run = scene.run_workers(1, &[], &["--", "sh", "-c", "touch begun; exec sleep 1000"]);
    let pids = scene.worker_pids();
    let mut execute = scene.start(&["execute", "--timeout", "1000s", "x"]);
    eventually("the job runs", || scene.path("begun").exists().then_some(()));
    // The same signal twice, as a supervisor sends it to a group and to its leader.
    run.signal(Signal::TERM);
    run.signal(Signal::TERM);
    run.logs("draining");
    let told = Instant::now();
    eventually("somebody to ask again", || (told.elapsed() > LATER).then_some(()));
    assert!(!run.log().contains("ending at once"), "{}", run.log());
    run.signal(Signal::INT);
    assert_eq!(run.status(), 10, "a job was lost");
    assert!(pids.iter().all(|pid| !is_running(*pid)));
    assert_eq!(execute.status(), 22, "its caller was told");
}

#[test]
fn a_drain_that_takes_too_long_loses_the_job_and_says_so() {
    let scene = Scene::new();
    let mut run =
        scene.run_workers(1, &["--drain", "100ms"], &["--", "sh", "-c", "touch begun; exec sleep 1000"]);
    let mut execute = scene.start(&["execute", "--timeout", "1000s", "x"]);
    eventually("the job runs", || scene.path("begun").exists().then_some(()));
    run.signal(Signal::TERM);
    assert_eq!(run.status(), 10);
    assert!(run.log().contains("jobs ended without a reply"), "{}", run.log());
    assert_eq!(execute.status(), 22);
}

#[test]
fn a_master_alone_serves_workers_that_are_started_elsewhere() {
    let scene = Scene::new();
    let mut master = scene.start(&["master"]);
    master.logs("the master listens");
    let endpoint = scene.endpoint();
    let program = env!("CARGO_BIN_EXE_powerhose");
    let mut workers =
        scene.start(&["run", "--connect", &endpoint, "--workers", "2", "--", program, "work", "--", "cat"]);
    scene.workers_are(2);
    assert_eq!(scene.run(&["execute", "there and back"]).stdout, "there and back");
    workers.signal(Signal::TERM);
    assert_eq!(workers.status(), 0);
    scene.workers_are(0);
    master.signal(Signal::TERM);
    assert_eq!(master.status(), 0);
}

/// A log collector that dies, a terminal that is closed: a line that cannot be written must not end what it tells of.
#[test]
fn a_log_that_nobody_reads_any_longer_stops_nothing() {
    let scene = Scene::new();
    let program = env!("CARGO_BIN_EXE_powerhose");
    for format in ["text", "json"] {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        let mut command = scene.command(&["run", "--workers", "1", "--log-format", format]);
        command.args(["--", program, "work", "--", "cat"]).stderr(writer);
        let mut run = Killed(command.spawn().expect("it starts"));
        // Its end of the pipe is ours too, as long as there is the command.
        drop((command, reader));
        scene.workers_are(1);
        for _ in 0..3 {
            assert_eq!(scene.run(&["execute", "x"]).stdout, "x");
        }
        crate::support::signal(run.0.id(), Signal::TERM);
        let status = run.ended();
        assert_eq!(status.code(), Some(0));
    }
}

#[test]
fn workers_die_with_their_supervisor() {
    let scene = Scene::new();
    let mut run = scene.run_workers(2, &[], &["--", "cat"]);
    let pids = scene.worker_pids();
    run.kill();
    eventually("the end of the workers", || pids.iter().all(|pid| !is_running(*pid)).then_some(()));
}

#[test]
fn a_master_can_listen_on_several_endpoints_and_authenticate() {
    let scene = Scene::new();
    let (workers, clients) = ("w".repeat(40), "c".repeat(40));
    let (workers, clients) = (scene.file("workers.secret", &workers), scene.file("clients.secret", &clients));
    let second = format!("ipc://{}", scene.path("second.ipc").display());
    let binds = format!("{},{second}", scene.endpoint());
    let flags = ["--bind", &binds, "--worker-secret-file", &workers, "--client-secret-file", &clients];
    let program = env!("CARGO_BIN_EXE_powerhose");
    let run = scene
        .start(&[&["run", "--workers", "1"][..], &flags, &["--", program, "work", "--", "cat"]].concat());
    run.logs("worker registered");
    let ran = scene.run(&["execute", "--endpoint", &second, "--secret-file", &clients, "x"]);
    assert_eq!((ran.status, &*ran.stdout), (0, "x"), "{ran:?}");
    let without = scene.run(&["execute", "x"]);
    assert_eq!(without.status, 8, "{without:?}");
    let wrong = scene.run(&["execute", "--secret-file", &workers, "x"]);
    assert_eq!(wrong.status, 8, "{wrong:?}");
    assert_eq!(scene.run(&["check"]).status, 2, "somebody is there, but does not say who");
}

#[test]
fn a_group_can_be_let_in() {
    use std::os::unix::fs::PermissionsExt;
    let scene = Scene::new();
    let group = rustix::process::getegid().as_raw().to_string();
    let _run = scene.run_workers(1, &["--ipc-group", &group], &["--", "cat"]);
    let mode = std::fs::metadata(scene.path("m.ipc")).expect("it listens").permissions().mode();
    assert_eq!(mode & 0o777, 0o660);
    assert_eq!(scene.run(&["execute", "x"]).stdout, "x");
}

/// The first process of a container adopts orphans: here of a job that leaves one behind, and whose worker's guard, which had
/// adopted it, is killed.
#[test]
fn as_the_first_process_it_reaps_orphans_and_passes_signals_on() {
    let scene = Scene::new();
    let program = env!("CARGO_BIN_EXE_powerhose");
    // The orphan leaves its process group, so that it outlives its job.
    let orphan = "touch left; until [ -e go ]; do sleep 0.01; done; touch orphan";
    let job = format!(
        "setsid sh -c '{orphan}' >/dev/null 2>&1 & until [ -e left ]; do sleep 0.01; done; echo started"
    );
    let inner = scene.command(&["run", "--workers", "1", "--", program, "work", "--", "sh", "-c", &job]);
    let mut outer = std::process::Command::new("unshare");
    outer
        .args(["--pid", "--fork", "--mount-proc", "--kill-child"])
        .arg(inner.get_program())
        .args(inner.get_args());
    outer.current_dir(scene.folder()).env("POWERHOSE_ENDPOINT", scene.endpoint());
    let mut run = crate::support::Process::start(scene.folder(), &mut outer);
    scene.workers_are(1);
    assert_eq!(scene.run(&["execute", "--timeout", "60s", ""]).stdout, "started\n");
    let first = eventually("the first process", || children(run.id()).first().copied());
    let guards = children(children(first)[0]);
    crate::support::signal(guards[0], Signal::KILL);
    eventually("the orphan's adoption", || (children(first).len() > 1).then_some(()));
    scene.file("go", "");
    eventually("the orphan", || scene.path("orphan").exists().then_some(()));
    eventually("no zombie", || {
        let zombies = children(first).into_iter().filter(|pid| !is_running(*pid)).count();
        (zombies == 0).then_some(())
    });
    crate::support::signal(first, Signal::TERM);
    assert_eq!(run.status(), 0, "SIGTERM was passed on, and all ended in good order");
}

/// The children of a process, whichever of its threads has made them.
fn children(process: u32) -> Vec<u32> {
    let threads = std::fs::read_dir(format!("/proc/{process}/task")).into_iter().flatten().flatten();
    let texts = threads.filter_map(|thread| std::fs::read_to_string(thread.path().join("children")).ok());
    let pids = texts.flat_map(|text| text.split_whitespace().map(str::parse).collect::<Vec<_>>());
    pids.map(|pid| pid.expect("a process id")).collect()
}
