//! `check`, `status`, orders, completions, version: what an operator asks and says.

use crate::support::{Scene, Signal, eventually};

#[test]
fn check_tells_whether_a_master_is_alive() {
    let scene = Scene::new();
    let nobody = scene.run(&["check", "--within", "200ms"]);
    assert_eq!(nobody.status, 1, "{nobody:?}");
    assert_eq!(nobody.stderr.lines().count(), 1, "{nobody:?}");
    let run = scene.run_workers(1, &[], &["--", "cat"]);
    let somebody = scene.run(&["check"]);
    assert_eq!(somebody.status, 0, "{somebody:?}");
    let pid = format!("pid {}, epoch ", run.id());
    assert!(somebody.stdout.starts_with(&pid) && somebody.stdout.ends_with("workers 1\n"), "{somebody:?}");
    assert_eq!(scene.run(&["check", "--workers-min", "2"]).status, 1);
    run.signal(Signal::STOP);
    let stopped = scene.run(&["check", "--within", "200ms"]);
    assert_eq!(stopped.status, 1, "it does not answer: {stopped:?}");
    run.signal(Signal::CONT);
    eventually("it answers again", || (scene.run(&["check"]).status == 0).then_some(()));
}

#[test]
fn status_tells_for_people_and_for_programs() {
    let scene = Scene::new();
    let run = scene.run_workers(2, &["--pool", "sign"], &["--label", "rack=7", "--", "cat"]);
    assert_eq!(scene.run(&["execute", "--pool", "sign", "x"]).status, 0);
    let text = scene.run(&["status"]).stdout;
    assert!(text.contains(&format!("pid {}", run.id())) && text.contains("1 done"), "{text}");
    assert_eq!(text.lines().filter(|line| line.contains("ready")).count(), 2, "{text}");
    let json = scene.run(&["status", "--json"]).stdout;
    let json: serde_json::Value = serde_json::from_str(&json).expect("it is JSON");
    assert_eq!(json["master"]["pid"], run.id());
    assert_eq!(json["pools"][0]["pool"], "sign");
    assert_eq!(json["workers"].as_array().map(Vec::len), Some(2));
    assert_eq!(json["workers"][0]["labels"]["rack"], "7");
}

/// A container's health check asks every few seconds, for ever.
#[test]
fn who_only_asks_leaves_no_line_in_the_masters_log() {
    let scene = Scene::new();
    let run = scene.run_workers(1, &[], &["--", "cat"]);
    let lines = || run.log().lines().count();
    let before = lines();
    for arguments in [&["check"][..], &["status"], &["status", "--json"]] {
        assert_eq!(scene.run(arguments).status, 0);
    }
    assert_eq!(lines(), before, "{}", run.log());
    assert_eq!(scene.run(&["execute", "x"]).status, 0);
    run.logs("client sends jobs");
}

#[test]
fn quiet_workers_get_no_jobs_until_they_are_resumed() {
    let scene = Scene::new();
    let _run = scene.run_workers(1, &[], &["--", "cat"]);
    let quieted = scene.run(&["quiet", "all"]);
    assert_eq!((quieted.status, &*quieted.stdout), (0, "all: done for 1\n"), "{quieted:?}");
    let waited = scene.run(&["execute", "--timeout", "300ms", "x"]);
    assert_eq!(waited.status, 21, "{waited:?}");
    assert_eq!(scene.run(&["resume", "default"]).status, 0);
    assert_eq!(scene.run(&["execute", "x"]).stdout, "x");
}

#[test]
fn a_drain_is_complete_when_the_jobs_have_ended() {
    let scene = Scene::new();
    let script = "touch begun; until [ -e go ]; do sleep 0.01; done; echo done";
    let _run = scene.run_workers(1, &[], &["--", "sh", "-c", script]);
    let mut execute = scene.start(&["execute", "--timeout", "60s", "x"]);
    eventually("the job runs", || scene.path("begun").exists().then_some(()));
    let early = scene.run(&["drain", "--within", "100ms", "default"]);
    assert_eq!((early.status, &*early.stdout), (1, "pool:default: not yet done for 1 of 1\n"), "{early:?}");
    // Longer than a master believes that a silent operator lives.
    let id = scene.worker_id();
    let mut drain = scene.start(&["drain", "--within", "60s", &id]);
    let status = scene.run(&["status"]).stdout;
    assert!(status.contains("quiet"), "{status}");
    scene.file("go", "");
    assert_eq!(drain.status(), 0);
    assert_eq!(drain.output(), format!("{id}: done for 1\n"));
    assert_eq!((execute.status(), &*execute.output()), (0, "done\n"));
}

#[test]
fn a_stopped_worker_leaves_and_its_supervisor_starts_another() {
    let scene = Scene::new();
    let run = scene.run_workers(1, &[], &["--", "cat"]);
    let before = scene.worker_pids();
    let id = scene.worker_id();
    let stopped = scene.run(&["stop", &id]);
    assert_eq!((stopped.status, stopped.stdout), (0, format!("{id}: done for 1\n")));
    eventually("another worker", || {
        let now = scene.worker_pids();
        (now.len() == 1 && now != before).then_some(())
    });
    drop(run);
}

#[test]
fn an_order_for_nobody_says_so() {
    let scene = Scene::new();
    let _run = scene.run_workers(1, &[], &["--", "cat"]);
    let ran = scene.run(&["drain", "nobody", "77"]);
    assert_eq!(ran.status, 1);
    assert_eq!(ran.stdout, "pool:nobody: no such worker\n77: no such worker\n");
}

#[test]
fn completions_exist_for_the_common_shells() {
    let scene = Scene::new();
    for shell in ["bash", "zsh", "fish"] {
        let ran = scene.run(&["completions", shell]);
        assert!(ran.status == 0 && ran.stdout.contains("execute"), "{shell}: {ran:?}");
    }
}

#[test]
fn the_version_tells_of_protocol_and_library() {
    let scene = Scene::new();
    let text = scene.run(&["--version"]).stdout;
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[0].starts_with("powerhose 0."), "{text}");
    assert_eq!(lines[1], "protocol 1");
    assert!(lines[2].starts_with("libzmq 4.") && lines[2].contains("curve: "), "{text}");
}

#[test]
fn every_command_has_help() {
    let scene = Scene::new();
    let help = scene.run(&["--help"]).stdout;
    for command in [
        "run",
        "master",
        "work",
        "execute",
        "check",
        "status",
        "top",
        "quiet",
        "resume",
        "drain",
        "stop",
        "purge",
        "bench",
        "completions",
    ] {
        assert!(
            help.lines().any(|line| line.trim_start().starts_with(command)),
            "{command} is not in {help}"
        );
        let ran = scene.run(&[command, "--help"]);
        assert!(ran.status == 0 && ran.stdout.contains("Usage:"), "{command}: {ran:?}");
    }
}
