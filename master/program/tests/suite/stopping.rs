//! A stop that signals every process at once: the master, its workers, and the programs of their jobs.

use crate::support::{Process, Scene, Signal, eventually, is_running, signal};

/// The processes that this one has started, and those that they have, the deepest last.
fn descendants(process: u32) -> Vec<u32> {
    let mut found = vec![process];
    let mut place = 0;
    while let Some(parent) = found.get(place) {
        let children = std::fs::read_to_string(format!("/proc/{parent}/task/{parent}/children"));
        let tasks = std::fs::read_dir(format!("/proc/{parent}/task")).into_iter().flatten().flatten();
        let of_tasks = tasks.filter_map(|task| std::fs::read_to_string(task.path().join("children")).ok());
        let all: Vec<String> = of_tasks.chain(children).collect();
        for child in all.iter().flat_map(|text| text.split_whitespace()).filter_map(|pid| pid.parse().ok()) {
            if !found.contains(&child) {
                found.push(child);
            }
        }
        place += 1;
    }
    found
}

/// As systemd's KillMode=control-group does.
fn stop_all(run: &Process, signals: Signal) {
    for process in descendants(run.id()) {
        if is_running(process) {
            signal(process, signals);
        }
    }
}

/// Two jobs run until the file `go` is there, four wait behind them.
fn jobs(scene: &Scene, flags: &[&str]) -> Vec<Process> {
    let start = |number: u32| {
        let number = number.to_string();
        let flags = [&["execute", "--timeout", "60s"], flags, &[&number]].concat();
        scene.start(&flags)
    };
    let jobs: Vec<Process> = (0..6).map(start).collect();
    eventually("two to run and the others to wait", || {
        let told = scene.run(&["status"]).stdout.contains("2 running, 4 waiting");
        (running(scene) == 2 && told).then_some(())
    });
    jobs
}

fn running(scene: &Scene) -> usize {
    let entries = std::fs::read_dir(scene.folder()).expect("ours").flatten();
    entries.filter(|entry| entry.file_name().to_string_lossy().starts_with("begun")).count()
}

/// It waits for `go` in the same process; the shell must not wait for another that gets the signal.
const HOLD: &str = "touch begun.$$; read number; until [ -e go ]; do sleep 0.02; done; echo done $number";

#[test]
fn a_stop_that_signals_every_process_loses_no_job() {
    for signals in [Signal::TERM, Signal::INT] {
        let scene = Scene::new();
        let mut run = scene.run_workers(2, &[], &["--", "sh", "-c", HOLD]);
        let mut jobs = jobs(&scene, &[]);
        stop_all(&run, signals);
        run.logs("draining");
        scene.file("go", "");
        for (number, job) in jobs.iter_mut().enumerate() {
            assert_eq!(job.status(), 0, "{}\n{}", job.log(), run.log());
            assert_eq!(job.output(), format!("done {number}\n"));
        }
        assert_eq!(run.status(), 0, "{}", run.log());
    }
}

#[test]
fn a_job_that_must_not_run_again_is_lost_and_not_failed_by_such_a_stop() {
    let scene = Scene::new();
    let mut run = scene.run_workers(2, &[], &["--", "sh", "-c", HOLD]);
    let mut jobs = jobs(&scene, &["--once"]);
    stop_all(&run, Signal::TERM);
    run.logs("draining");
    scene.file("go", "");
    let mut ends: Vec<i32> = jobs.iter_mut().map(Process::status).collect();
    ends.sort_unstable();
    assert_eq!(ends, [0, 0, 0, 0, 22, 22], "{}", run.log());
    run.status();
}

#[test]
fn a_program_of_many_jobs_that_is_stopped_with_its_worker_loses_none_of_them() {
    let scene = Scene::new();
    let mut run = scene.run_workers(
        1,
        &[],
        &["--lines", "--", "sh", "-c", "while read number; do touch begun; until [ -e go ]; do sleep 0.02; done; echo done $number; done"],
    );
    let mut job = scene.start(&["execute", "--timeout", "60s", "7"]);
    eventually("the job runs", || scene.path("begun").exists().then_some(()));
    stop_all(&run, Signal::TERM);
    run.logs("draining");
    scene.file("go", "");
    assert_eq!((job.status(), job.output().trim_end()), (0, "done 7"));
    assert_eq!(run.status(), 0);
}

#[test]
fn a_program_that_alone_got_a_signal_has_failed() {
    let scene = Scene::new();
    let _run = scene.run_workers(1, &[], &["--", "sh", "-c", "kill -TERM $$"]);
    let ran = scene.run(&["execute", "x"]);
    assert_eq!(ran.status, 20, "{ran:?}");
    assert!(ran.stderr.contains("signal_15"), "{ran:?}");
}

#[test]
fn a_drain_without_workers_that_start_ends_what_waits_at_once() {
    let scene = Scene::new();
    let program = env!("CARGO_BIN_EXE_powerhose");
    let script = format!("[ -e bad ] && exit 1; exec {program} work -- sh -c '{HOLD}'");
    let flags = ["run", "--workers", "2", "--start-failures-max", "1", "--drain", "1000s", "--"];
    let mut run = scene.start(&[&flags[..], &["sh", "-c", &script]].concat());
    scene.workers_are(2);
    let mut jobs = jobs(&scene, &[]);
    scene.file("bad", "");
    stop_all(&run, Signal::TERM);
    for job in &mut jobs {
        assert_eq!(job.status(), 22, "lost, and may be tried again: {}", run.log());
    }
    assert_eq!(run.status(), 10, "{}", run.log());
}

#[test]
fn a_job_that_is_lost_while_the_order_is_on_its_way_counts() {
    let scene = Scene::new();
    let mut run = scene.run_workers(1, &[], &["--", "sh", "-c", HOLD]);
    let mut job = scene.start(&["execute", "--once", "--timeout", "60s", "7"]);
    eventually("the job runs", || (running(&scene) == 1).then_some(()));
    let workers = scene.worker_pids();
    // That its worker is gone is seen as soon as the order.
    run.signal(Signal::STOP);
    run.signal(Signal::TERM);
    workers.into_iter().for_each(|worker| signal(worker, Signal::KILL));
    run.signal(Signal::CONT);
    assert_eq!(job.status(), 22, "{}", job.log());
    assert_eq!(run.status(), 10, "{}", run.log());
}

#[test]
fn a_job_that_its_client_leaves_while_the_master_drains_had_no_reply() {
    let scene = Scene::new();
    let mut run = scene.run_workers(1, &[], &["--", "sh", "-c", HOLD]);
    let mut job = scene.start(&["execute", "--timeout", "60s", "7"]);
    eventually("the job runs", || (running(&scene) == 1).then_some(()));
    run.signal(Signal::TERM);
    run.logs("draining");
    job.kill();
    assert_eq!(run.status(), 10, "{}", run.log());
}

#[test]
fn what_had_no_reply_well_before_the_stop_does_not_count() {
    let scene = Scene::new();
    let mut run = scene.run_workers(1, &[], &["--", "sh", "-c", HOLD]);
    assert_eq!(scene.run(&["execute", "--timeout", "200ms", "7"]).status, 21);
    scene.file("go", "");
    eventually("a while to pass in which jobs are done", || {
        let begun = std::time::Instant::now();
        while begun.elapsed() < std::time::Duration::from_millis(400) {
            assert_eq!(scene.run(&["execute", "8"]).status, 0);
        }
        Some(())
    });
    run.signal(Signal::TERM);
    assert_eq!(run.status(), 0, "{}", run.log());
}
