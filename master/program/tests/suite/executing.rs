//! `execute`: payloads from anywhere, replies in order, an exit status for each kind of error.

use crate::support::{Scene, Signal};
use std::fmt::Write;

#[test]
fn a_payload_comes_from_the_command_line_a_file_or_standard_input() {
    let scene = Scene::new();
    let _run = scene.run_workers(1, &[], &["--", "cat"]);
    scene.file("payload", "from a file");
    assert_eq!(scene.run(&["execute", "from here"]).stdout, "from here");
    assert_eq!(scene.run(&["execute", "@payload"]).stdout, "from a file");
    assert_eq!(scene.run_with(&["execute", "-"], b"from in").stdout, "from in");
    assert_eq!(scene.run_with(&["execute"], b"from in").stdout, "from in");
    assert_eq!(scene.run(&["execute", ""]).stdout, "");
}

#[test]
fn lines_are_many_jobs_whose_replies_keep_their_order() {
    let scene = Scene::new();
    let run = scene.run_workers(2, &[], &["--", "wc", "-c"]);
    let (mut input, mut expected) = (String::new(), String::new());
    for length in 0..60 {
        writeln!(input, "{}", "x".repeat(length % 7)).expect("a text grows");
        // `wc` ends its line itself.
        writeln!(expected, "{}", length % 7).expect("a text grows");
    }
    let ran = scene.run_with(&["execute", "--lines", "--timeout", "60s"], input.as_bytes());
    assert_eq!((ran.status, &*ran.stdout), (0, &*expected), "{ran:?}");
    run.signal(Signal::TERM);
}

#[test]
fn a_batch_of_lines_ends_with_all_its_replies_however_long_they_wait() {
    let scene = Scene::new();
    let _run = scene.run_workers(1, &[], &["--", "sh", "-c", "sleep 0.2; cat"]);
    let lines: String = (0..12).map(|number| format!("{number}\n")).collect();
    let ran = scene.run_with(&["execute", "--lines", "--timeout", "1500ms"], lines.as_bytes());
    assert_eq!((ran.status, &*ran.stdout), (0, &*lines), "{ran:?}");
    let ran = scene.run_with(&["execute", "--lines", "--job-timeout", "500ms"], lines.as_bytes());
    assert_eq!(ran.status, 21, "waiting counts if that was asked for: {ran:?}");
}

#[test]
fn a_line_without_a_reply_is_an_empty_one_and_the_others_go_on() {
    let scene = Scene::new();
    let script = "read x; [ \"$x\" = bad ] && exit 3; printf %s \"$x\"";
    let _run = scene.run_workers(1, &[], &["--", "sh", "-c", script]);
    let ran = scene.run_with(&["execute", "--lines"], b"one\nbad\nthree");
    assert_eq!((ran.status, &*ran.stdout), (20, "one\n\nthree\n"), "{ran:?}");
    assert!(ran.stderr.contains("line 2") && ran.stderr.contains("exit_3"), "{ran:?}");
}

#[test]
fn each_kind_of_error_has_its_exit_status() {
    let scene = Scene::new();
    let script = "case $POWERHOSE_JOB_HEADER_DO in fail) exit 1;; hang) sleep 1000;; kill) kill -9 $PPID; sleep 1000;; esac";
    let _run = scene.run_workers(1, &["--payload-bytes-max", "1KiB"], &["--", "sh", "-c", script]);
    scene.file("large", &"x".repeat(2000));
    for (arguments, status, text) in [
        (&["execute", "--header", "do=fail", ""][..], 20, "failed"),
        (&["execute", "--header", "do=hang", "--timeout", "300ms", ""], 21, "timed out"),
        (&["execute", "--header", "do=kill", "--once", "--timeout", "60s", ""], 22, "SIGKILL"),
        (&["execute", "--pool", "other", ""], 23, "there are: default"),
        (&["execute", "@large"], 24, "2000 bytes"),
        (&["execute", "--timeout", "0s", ""], 24, "timeout"),
        (
            &["execute", "--endpoint", "ipc:///nowhere/m.ipc", "--connect-timeout", "100ms", ""],
            7,
            "no master answered",
        ),
        (&["execute", "@missing"], 11, "missing"),
    ] {
        let ran = scene.run(arguments);
        assert_eq!(ran.status, status, "{arguments:?}: {ran:?}");
        assert!(ran.stderr.contains(text), "{arguments:?}: {ran:?}");
        assert_eq!(ran.stderr.lines().count(), 1, "{arguments:?}: {ran:?}");
        assert_eq!(ran.stdout, "", "{arguments:?}");
    }
}

#[test]
fn that_nobody_listens_is_known_at_once_and_a_listener_does_not_notice_the_question() {
    let scene = Scene::new();
    for (command, status) in [(&["execute", "x"][..], 7), (&["check"], 1)] {
        let ran = scene.run(command);
        assert_eq!(ran.status, status, "{ran:?}");
        assert!(ran.stderr.contains("there is no such socket"), "{ran:?}");
    }
    let mut run = scene.run_workers(1, &[], &["--", "cat"]);
    assert_eq!(scene.run(&["execute", "x"]).stdout, "x");
    let (worker, log) = (scene.worker_pids()[0], run.log());
    run.kill();
    crate::support::eventually("the worker is gone", || (!crate::support::is_running(worker)).then_some(()));
    assert!(!log.contains("WARN"), "{log}");
    for (command, status) in [(&["execute", "x"][..], 7), (&["check"], 1)] {
        let ran = scene.run(command);
        assert_eq!(ran.status, status, "{ran:?}");
        assert!(ran.stderr.contains("nobody listens there any more"), "{ran:?}");
    }
}

#[test]
fn a_line_without_a_reply_can_be_told_from_one_whose_reply_is_empty() {
    let scene = Scene::new();
    let _run = scene.run_workers(1, &[], &["--", "sh", "-c", "read line; [ $line = bad ] && exit 1; exit 0"]);
    let ran = scene.run_with(&["execute", "--lines", "--lines-failed", "FAILED"], b"one\nbad\nthree\n");
    assert_eq!((ran.status, &*ran.stdout), (20, "\nFAILED\n\n"), "{ran:?}");
    assert!(ran.stderr.contains("line 2: "), "{ran:?}");
}

#[test]
fn that_a_port_refuses_is_known_at_once_and_a_master_takes_no_notice_of_the_question() {
    let scene = Scene::new();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("it has one").port();
    let run = scene.start(&["master", "--bind", "tcp://127.0.0.1:0"]);
    run.logs("tcp://127.0.0.1:");
    let log = run.log();
    let (_, bound) = log.split_once("tcp://127.0.0.1:").expect("it says where");
    let bound: String = bound.chars().take_while(char::is_ascii_digit).collect();
    let there = scene.run(&["check", "--endpoint", &format!("tcp://127.0.0.1:{bound}")]);
    assert_eq!(there.status, 0, "{there:?}");
    assert!(!run.log().contains("WARN"), "{}", run.log());
    drop(listener);
    for host in ["127.0.0.1", "localhost"] {
        let endpoint = format!("tcp://{host}:{port}");
        for (command, status) in
            [(&["execute", "x", "--endpoint", &endpoint][..], 7), (&["check", "--endpoint", &endpoint], 1)]
        {
            let begun = std::time::Instant::now();
            let ran = scene.run(command);
            assert_eq!(ran.status, status, "{ran:?}");
            assert!(ran.stderr.contains("the port refuses: nobody listens there"), "{ran:?}");
            assert!(begun.elapsed() < std::time::Duration::from_millis(1500), "{:?}", begun.elapsed());
        }
    }
}

#[test]
fn a_variable_of_no_flag_is_told_of() {
    let scene = Scene::new();
    let mut command = scene.command(&["check"]);
    command.env("POWERHOSE_ENDPIONT", "ipc:///nowhere");
    command.env("POWERHOSE_WIRE", "zmtp").env("POWERHOSE_MEMORY", "on");
    let ran = crate::support::run(&mut command, b"");
    let told = "POWERHOSE_ENDPIONT is the variable of no flag, and is ignored";
    let known = ["POWERHOSE_WIRE", "POWERHOSE_MEMORY"];
    assert!(ran.stderr.contains(told) && known.iter().all(|known| !ran.stderr.contains(known)), "{ran:?}");
}

#[test]
fn the_exit_status_is_right_also_where_nobody_reads_what_is_wrong() {
    let scene = Scene::new();
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    let mut command = scene.command(&["execute", "--connect-timeout", "100ms", "x"]);
    assert_eq!(command.stderr(writer).status().expect("it runs").code(), Some(7));
}

#[test]
fn whoever_reads_the_replies_may_leave() {
    let scene = Scene::new();
    let _run = scene.run_workers(1, &[], &["--lines", "--", "cat"]);
    let shell = format!("seq 100000 | {} execute --lines | head -n 1", env!("CARGO_BIN_EXE_powerhose"));
    let mut command = std::process::Command::new("sh");
    command.args(["-c", &shell]).env("POWERHOSE_ENDPOINT", scene.endpoint());
    let ran = crate::support::run(&mut command, b"");
    assert_eq!((&*ran.stdout, &*ran.stderr), ("1\n", ""), "{ran:?}");
}
