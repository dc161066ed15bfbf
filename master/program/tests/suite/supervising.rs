//! Workers that die, are replaced, added, given up.

use crate::support::{PROGRAM, Process, Scene, Signal, eventually, is_running, signal};
use std::io::Write;
use std::os::unix::process::CommandExt;

#[test]
fn a_killed_worker_is_started_again_and_its_job_runs_again() {
    let scene = Scene::new();
    // The first attempt waits to be killed.
    let job = "[ -e begun ] && exec cat; touch begun; exec sleep 1000";
    let run = scene.run_workers(1, &[], &["--", "sh", "-c", job]);
    let mut execute = scene.start(&["execute", "--timeout", "60s", "payload"]);
    eventually("the job runs", || scene.path("begun").exists().then_some(()));
    let killed = scene.worker_pids()[0];
    signal(killed, Signal::KILL);
    assert_eq!(execute.status(), 0);
    assert_eq!(execute.output(), "payload");
    let log = run.log();
    let deaths: Vec<&str> = log.lines().filter(|line| line.contains("worker gone with a job")).collect();
    let [death] = deaths[..] else { panic!("{log}") };
    for part in ["worker=", &format!("pid={killed} "), "job=", "exit=killed by signal 9 (SIGKILL)"] {
        assert!(death.contains(part), "one line tells all of it: {part}: {death}");
    }
    let exit = format!("pid={killed} exit=killed by signal 9 (SIGKILL)");
    assert!(log.contains(&exit), "{log}");
}

/// Some parents block signals or ignore the ends of their children, and both are inherited.
#[test]
fn what_a_parent_did_to_its_signals_neither_keeps_it_from_ending_nor_hides_how_programs_end() {
    let scene = Scene::new();
    let work = [PROGRAM, "work", "--", "sh", "-c", "exit 3"];
    let mut command = scene.command(&[&["run", "--workers", "1", "--"][..], &work].concat());
    let block_and_ignore = || {
        // SAFETY: system calls on a set of our own, in the new process.
        unsafe {
            let mut all = std::mem::zeroed();
            libc::sigfillset(&mut all);
            libc::sigprocmask(libc::SIG_SETMASK, &all, std::ptr::null_mut());
            libc::signal(libc::SIGCHLD, libc::SIG_IGN);
        }
        Ok(())
    };
    // SAFETY: the closure makes system calls only.
    unsafe { command.pre_exec(block_and_ignore) };
    let mut run = Process::start(scene.folder(), &mut command);
    scene.workers_are(1);
    let ran = scene.run(&["execute", "x"]);
    assert!(ran.stderr.contains("exit status 3"), "{ran:?}");
    signal(scene.worker_pids()[0], Signal::KILL);
    run.logs("killed by signal 9");
    run.signal(Signal::TERM);
    assert_eq!(run.status(), 0);
}

#[test]
fn replacing_all_workers_under_load_loses_no_job() {
    let scene = Scene::new();
    let run = scene.run_workers(2, &[], &["--lines", "--", "cat"]);
    let before = scene.worker_pids();
    let mut execute = scene.start(&["execute", "--lines", "--timeout", "60s"]);
    let mut input = execute.input();
    let mut sent = String::new();
    let mut send = |number: usize| {
        let line = format!("job {number}\n");
        sent.push_str(&line);
        input.write_all(line.as_bytes()).expect("it reads");
    };
    (0..500).for_each(&mut send);
    run.signal(Signal::HUP);
    let mut number = 500;
    while !run.log().contains("all worker processes have been replaced") {
        send(number);
        number += 1;
        assert!(number < 1_000_000, "the workers are never replaced: {}", run.log());
    }
    (number..number + 500).for_each(&mut send);
    drop(input);
    assert_eq!(execute.status(), 0, "{}", execute.log());
    assert_eq!(execute.output(), sent);
    assert!(before.iter().all(|pid| !is_running(*pid)));
}

#[test]
fn a_replacement_picks_up_a_new_program() {
    let scene = Scene::new();
    let program = env!("CARGO_BIN_EXE_powerhose");
    let write = |reply: &str| {
        let path = scene.path("next");
        std::fs::write(&path, format!("#!/bin/sh\nexec {program} work -- echo {reply}\n")).expect("a file");
        std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o755)).expect("ours");
        std::fs::rename(path, scene.path("worker")).expect("ours");
    };
    write("old");
    let run = scene.start(&["run", "--workers", "1", "--", "./worker"]);
    scene.workers_are(1);
    assert_eq!(scene.run(&["execute", ""]).stdout, "old\n");
    write("new");
    run.signal(Signal::HUP);
    run.logs("all worker processes have been replaced");
    assert_eq!(scene.run(&["execute", ""]).stdout, "new\n");
}

#[test]
fn a_program_that_does_not_start_is_given_up() {
    let scene = Scene::new();
    let mut run = scene.start(&[
        "run",
        "--workers",
        "2",
        "--start-failures-max",
        "2",
        "--",
        "sh",
        "-c",
        "echo why >&2; exit 3",
    ]);
    assert_eq!(run.status(), 9);
    let log = run.log();
    assert!(log.contains("keeps failing to start") && log.contains("exit status 3"), "{log}");
    assert!(log.contains("default-0 | why"), "what it said is there: {log}");
    assert!(!scene.path("m.ipc").exists(), "nothing is left behind");
}

#[test]
fn a_worker_that_offers_another_pool_than_it_was_told_is_warned_of() {
    let scene = Scene::new();
    let program = env!("CARGO_BIN_EXE_powerhose");
    let work = ["--", program, "work", "--pool", "verify,other", "--", "cat"];
    let run = scene.start(&[&["run", "--workers", "1", "--pool", "sign"][..], &work].concat());
    run.logs("does not offer the pool of --pool");
    assert!(run.log().contains("pool=\"sign\" offered=\"verify,other\""), "{}", run.log());
    let other = Scene::new();
    let told = other.run_workers(1, &["--pool", "sign"], &["--", "cat"]);
    assert!(!told.log().contains("does not offer"), "{}", told.log());
}

#[test]
fn workers_are_added_and_removed_by_signals() {
    let scene = Scene::new();
    let run = scene.run_workers(1, &[], &["--", "cat"]);
    run.signal(Signal::TTIN);
    scene.workers_are(2);
    run.signal(Signal::TTOU);
    scene.workers_are(1);
    run.signal(Signal::TTOU);
    run.logs("workers=1 before=1");
    scene.workers_are(1);
}

#[test]
fn workers_have_the_core_the_niceness_and_the_bound_that_they_were_given() {
    let scene = Scene::new();
    let flags = ["--pin", "--nice", "7", "--address-space-max", "4GiB"];
    let look = "grep Cpus_allowed_list /proc/self/status; nice; ulimit -v";
    let _run = scene.run_workers(1, &flags, &["--", "sh", "-c", look]);
    let stdout = scene.run(&["execute", ""]).stdout;
    let lines: Vec<&str> = stdout.lines().collect();
    assert!(lines[0].rsplit('\t').next().is_some_and(|core| core.parse::<u32>().is_ok()), "{stdout}");
    assert_eq!(lines[1..], ["7", "4194304"]);
}

#[test]
fn a_worn_worker_is_replaced() {
    let scene = Scene::new();
    let _run = scene.run_workers(1, &["--worker-jobs-max", "2"], &["--", "cat"]);
    let before = scene.worker_pids();
    for _ in 0..3 {
        assert_eq!(scene.run(&["execute", "x"]).status, 0);
    }
    eventually("another worker", || {
        let now = scene.worker_pids();
        (!now.is_empty() && now != before).then_some(())
    });
}

#[test]
fn logs_can_be_json_with_the_workers_lines_in_them() {
    let scene = Scene::new();
    let run = scene.run_workers(1, &["--log-format", "json", "--pool", "sign"], &["--", "cat"]);
    run.logs("\"worker registered\"");
    run.signal(Signal::TERM);
    run.logs("\"process\":\"sign-0\"");
    for line in run.log().lines() {
        let entry: serde_json::Value =
            serde_json::from_str(line).unwrap_or_else(|error| panic!("{line}: {error}"));
        assert!(entry["timestamp"].is_string() && entry["level"].is_string(), "{line}");
        if let Some(process) = entry["process"].as_str() {
            assert!(process == "sign-0" && entry["pid"].is_u64(), "{line}");
            assert!(entry["target"].as_str().is_some_and(|target| target.starts_with("powerhose")), "{line}");
        }
    }
}

#[test]
fn the_memory_of_what_a_worker_has_started_counts() {
    let scene = Scene::new();
    // `tail` keeps all of it until somebody reads.
    let script = "head -c 200000000 /dev/zero | tail -c 200000000 | \
        { until [ -e go ]; do sleep 0.01; done; wc -c; }";
    let run = scene.run_workers(1, &["--worker-memory-max", "150MiB"], &["--", "sh", "-c", script]);
    let before = scene.worker_pids();
    let job = scene.start(&["execute", "--timeout", "100s", "x"]);
    run.logs("worker process is recycled slot=0");
    run.logs("reason=memory");
    // It may still be on its way in.
    eventually("all of its memory", || (scene.worker_memory() > 190_000_000).then_some(()));
    scene.file("go", "");
    eventually("the reply", || (job.output().trim() == "200000000").then_some(()));
    eventually("another worker", || (scene.worker_pids() != before).then_some(()));
}
