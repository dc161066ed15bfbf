//! `work`: any program as a worker.

use crate::support::{Scene, eventually, is_running};

#[test]
fn the_exit_status_and_standard_error_make_a_failed_job() {
    let scene = Scene::new();
    let _run = scene.run_workers(1, &[], &["--", "sh", "-c", "echo 'no such key' >&2; exit 3"]);
    let ran = scene.run(&["execute", "x"]);
    assert_eq!(ran.status, 20, "{ran:?}");
    assert!(ran.stderr.contains("exit_3: no such key"), "{ran:?}");
}

#[test]
fn a_signal_fails_the_job_and_not_the_worker() {
    let scene = Scene::new();
    let _run = scene.run_workers(1, &[], &["--", "sh", "-c", "kill -SEGV $$"]);
    let before = scene.worker_pids();
    let ran = scene.run(&["execute", "x"]);
    assert_eq!(ran.status, 20, "{ran:?}");
    assert!(ran.stderr.contains("signal_11"), "{ran:?}");
    assert_eq!(scene.worker_pids(), before);
}

#[test]
fn a_program_is_told_of_its_job() {
    let scene = Scene::new();
    let script = "echo $POWERHOSE_JOB_POOL $POWERHOSE_JOB_ATTEMPT $POWERHOSE_JOB_HEADER_TRACE_ID; [ $POWERHOSE_JOB_TIMEOUT_MS -gt 0 ]";
    let _run = scene.run_workers(1, &["--pool", "sign"], &["--", "sh", "-c", script]);
    let ran = scene.run(&["execute", "--pool", "sign", "--header", "trace-id=4bf9", ""]);
    assert_eq!((ran.status, ran.stdout.trim()), (0, "sign 1 4bf9"), "{ran:?}");
}

#[test]
fn any_bytes_go_through_and_nothing_blocks() {
    let scene = Scene::new();
    let _run = scene.run_workers(1, &[], &["--", "cat"]);
    let payload: Vec<u8> = (0..3_000_000_u32).map(|number| (number % 251) as u8).collect();
    std::fs::write(scene.path("payload"), &payload).expect("a file");
    let output = scene.command(&["execute", "@payload"]).output().expect("it runs");
    assert!(output.status.success() && output.stdout == payload, "{:?}", output.status);
}

#[test]
fn a_program_need_not_read_its_input() {
    let scene = Scene::new();
    let _run = scene.run_workers(1, &[], &["--", "echo", "fine"]);
    scene.file("payload", &"x".repeat(1_000_000));
    assert_eq!(scene.run(&["execute", "@payload"]).stdout, "fine\n");
}

#[test]
fn a_program_that_takes_too_long_is_ended_with_all_that_it_started() {
    let scene = Scene::new();
    let script = "sleep 1000 & echo $! > child; wait";
    let _run = scene.run_workers(1, &[], &["--", "sh", "-c", script]);
    let ran = scene.run(&["execute", "--timeout", "1s", "x"]);
    assert_eq!(ran.status, 21, "{ran:?}");
    let child = std::fs::read_to_string(scene.path("child")).expect("it has begun");
    let child = child.trim().parse().expect("a process id");
    eventually("its end", || (!is_running(child)).then_some(()));
}

#[test]
fn a_program_that_prints_without_end_is_ended() {
    let scene = Scene::new();
    let _run = scene.run_workers(1, &[], &["--reply-bytes-max", "1MiB", "--", "yes"]);
    let ran = scene.run(&["execute", "x"]);
    assert_eq!(ran.status, 20, "{ran:?}");
    assert!(ran.stderr.contains("reply_too_large"), "{ran:?}");
}

#[test]
fn one_long_lived_process_answers_line_by_line() {
    let scene = Scene::new();
    let script = "echo started >> starts; while read line; do echo \"<$line>\"; done";
    let _run = scene.run_workers(1, &[], &["--lines", "--", "sh", "-c", script]);
    let ran = scene.run_with(&["execute", "--lines"], b"one\n\nthree\n");
    assert_eq!((ran.status, &*ran.stdout), (0, "<one>\n<>\n<three>\n"), "{ran:?}");
    let two = scene.run(&["execute", "a\nb"]);
    assert!(two.status == 20 && two.stderr.contains("not_a_line"), "{two:?}");
    assert_eq!(std::fs::read_to_string(scene.path("starts")).expect("it has begun"), "started\n");
}

#[test]
fn a_long_lived_process_that_answers_with_two_lines_fails_the_job_and_is_started_again() {
    let scene = Scene::new();
    let script = "while read line; do case $line in two) printf 'a\\nb\\n';; *) echo \"$line\";; esac; done";
    let _run = scene.run_workers(1, &[], &["--lines", "--", "sh", "-c", script]);
    let two = scene.run(&["execute", "two"]);
    assert!(two.status == 20 && two.stderr.contains("more than one line"), "{two:?}");
    assert_eq!(scene.run(&["execute", "one"]).stdout, "one");
}

#[test]
fn a_long_lived_process_that_ends_or_hangs_is_started_again() {
    let scene = Scene::new();
    let script =
        "while read line; do case $line in end) exit 3;; hang) sleep 1000;; *) echo $line;; esac; done";
    let _run = scene.run_workers(1, &[], &["--lines", "--", "sh", "-c", script]);
    assert_eq!(scene.run(&["execute", "one"]).stdout, "one");
    let ended = scene.run(&["execute", "end"]);
    assert!(ended.status == 20 && ended.stderr.contains("exit_3"), "{ended:?}");
    assert_eq!(scene.run(&["execute", "two"]).stdout, "two");
    assert_eq!(scene.run(&["execute", "--timeout", "500ms", "hang"]).status, 21);
    assert_eq!(scene.run(&["execute", "--timeout", "60s", "three"]).stdout, "three");
}
