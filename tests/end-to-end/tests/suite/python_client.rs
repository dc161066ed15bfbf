//! The client of `examples/python`, against workers in both languages: it passes what the Rust client passes.

use crate::support::{
    EMBEDDED, OutsideMaster, PYTHON_WORKERS, Process, Scene, Setup, eventually, in_each_language, job,
    python, python_example,
};
use powerhose::JobErrorKind;
use rustix::process::Signal;
use std::time::Duration;

/// How a run of the client ended.
struct Ran {
    status: Option<i32>,
    lines: Vec<String>,
    log: String,
}

fn client(scene: &Scene, arguments: &[&str]) -> Process {
    scene.process(python_example("client.py").arg(&scene.endpoint).args(arguments))
}

#[track_caller]
fn ended(mut client: Process) -> Ran {
    client.end_input();
    let lines = client.lines();
    Ran { status: client.ended().code(), lines, log: client.log() }
}

#[track_caller]
fn run(scene: &Scene, arguments: &[&str]) -> Ran {
    ended(client(scene, arguments))
}

in_each_language!(
    it_prints_the_replies_in_the_order_of_the_payloads,
    any_text_goes_through_as_payload_and_header,
    a_failed_job_is_told_with_its_code_and_the_exit_status_says_so,
    many_jobs_are_under_way_at_once,
    a_job_whose_worker_dies_runs_again_unless_it_must_not,
);

fn it_prints_the_replies_in_the_order_of_the_payloads(setup: Setup) {
    let scene = setup.workers(2).start();
    let ran = run(&scene, &["--header", "do=square", "12", "-3", "0"]);
    assert_eq!(
        (ran.status, &ran.lines[..]),
        (Some(0), &["144", "9", "0"].map(str::to_owned)[..]),
        "{}",
        ran.log
    );
}

fn any_text_goes_through_as_payload_and_header(setup: Setup) {
    let scene = setup.workers(1).start();
    let ran = run(&scene, &[":::", "żółć 🐎", ""]);
    assert_eq!(ran.lines, [":::", "żółć 🐎", ""], "{}", ran.log);
    let ran = run(&scene, &["--header", "do=headers", "--header", "a:b=:::=", ""]);
    assert_eq!(ran.lines, ["a:b=:::=", ""], "{}", ran.log);
}

fn a_failed_job_is_told_with_its_code_and_the_exit_status_says_so(setup: Setup) {
    let scene = setup.workers(1).start();
    let ran = run(&scene, &["--header", "do=fail", "too large"]);
    assert_eq!((ran.status, ran.lines.len()), (Some(1), 0));
    assert!(ran.log.contains("failed (asked_to): too large"), "{}", ran.log);
}

fn many_jobs_are_under_way_at_once(setup: Setup) {
    let scene = setup.workers(2).start();
    let input: String = (0..2500).map(|number| format!("line {number}\n")).collect();
    let mut client = client(&scene, &["--lines", "--timeout", "30"]);
    client.write(&input);
    let ran = ended(client);
    assert_eq!(ran.status, Some(0), "{}", ran.log);
    assert!(ran.lines.iter().map(String::as_str).eq(input.lines()));
}

fn a_job_whose_worker_dies_runs_again_unless_it_must_not(setup: Setup) {
    let mut scene = setup.workers(3).start();
    for (arguments, reply) in [(&["--once"][..], None), (&[], Some("2"))] {
        let gate = scene.gate();
        let job = ["--timeout", "30", "--header", "do=wait-file", gate.path()];
        let client = client(&scene, &[arguments, &job].concat());
        let pid = gate.wait_begun(1)[0].pid;
        scene.worker(pid).kill();
        if reply.is_some() {
            gate.wait_begun(2);
        }
        gate.open();
        let ran = ended(client);
        assert_eq!(ran.lines.first().map(String::as_str), reply, "{}", ran.log);
        assert_eq!(ran.log.contains("lost (worker)"), reply.is_none(), "{}", ran.log);
    }
}

#[test]
fn a_wrong_call_is_refused_at_once_and_spoils_nothing() {
    let scene = EMBEDDED.workers(1).start();
    let mut command = python();
    command.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/client_misuse.py")).arg(&scene.endpoint);
    let ran = ended(scene.process(&mut command));
    assert_eq!(
        (ran.status, ran.lines.join("\n").as_str()),
        (Some(0), "all refused, nothing spoiled"),
        "{}",
        ran.log
    );
}

#[test]
fn whatever_a_handler_does_wrong_fails_its_job_and_not_its_worker() {
    let scene = PYTHON_WORKERS.workers(1).start();
    let pid = scene.runner.execute(job("pid", "")).expect("a reply");
    for (deed, code) in [
        ("return-str", "bad_reply"),
        ("return-none", "bad_reply"),
        ("fail-in-a-word", "in_a_word"),
        ("fail-without-words", ""),
        ("fail-oddly", "7"),
        ("sys-exit", "panic"),
        ("no-exception", "panic"),
    ] {
        let error = scene.runner.execute(job(deed, "")).expect_err(deed);
        let JobErrorKind::Failed { code: found, .. } = error.kind() else { panic!("{deed}: {error:?}") };
        assert_eq!(found, code, "{deed}");
    }
    // A child that the handler forked ends by itself: it is no second worker.
    assert_eq!(scene.runner.execute(job("fork-and-exit", "")).expect("a reply"), b"3");
    assert_eq!(scene.runner.execute(job("pid", "")).expect("a reply"), pid);
}

#[test]
fn a_batch_may_take_longer_than_the_time_of_each_of_its_jobs() {
    let scene = EMBEDDED.workers(1).start();
    let payloads = vec!["250"; 12];
    let ran = run(&scene, &[&["--timeout", "1.5", "--header", "do=sleep"][..], &payloads].concat());
    assert_eq!((ran.status, ran.lines.len()), (Some(0), 12), "{}", ran.log);
}

#[test]
fn a_client_survives_a_pause_that_it_shares_with_its_master() {
    let outside = OutsideMaster::start(&[]);
    let _worker = outside.worker(&[]);
    let gate = outside.gate();
    let mut command = python_example("client.py");
    command.args([&outside.endpoint, "--timeout", "60", "--header", "do=wait-file", gate.path()]);
    let client = outside.process(&mut command);
    gate.wait_begun(1);
    // Longer than it bears its master's silence. The worker's pause is the job's.
    outside.master.signal(Signal::STOP);
    client.signal(Signal::STOP);
    std::thread::sleep(Duration::from_secs(7));
    client.signal(Signal::CONT);
    outside.master.signal(Signal::CONT);
    gate.open();
    let ran = ended(client);
    assert_eq!((ran.status, ran.lines.len()), (Some(0), 1), "{}", ran.log);
}

#[test]
fn an_idle_client_misses_no_heartbeats() {
    let setup = EMBEDDED.workers(1).settings(|settings| {
        settings.heartbeat_interval = Duration::from_secs(1);
        settings.silence_max = Duration::from_secs(4);
    });
    let scene = setup.start();
    let code = "import sys, client; it = client.Client(sys.argv[1]); it.execute(b''); print('idle', flush=True); sys.stdin.read()";
    let mut command = python();
    command.args(["-c", code, &scene.endpoint]);
    command.env("PYTHONPATH", concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/python"));
    let client = scene.process(&mut command);
    eventually("its job is done", || (scene.runner.stats().ok()?.done > 0).then_some(()));
    eventually("the client is forgotten", || (scene.runner.stats().ok()?.clients == 0).then_some(()));
    assert_eq!(scene.runner.stats().expect("the master answers").heartbeats_missed, 0);
    assert_eq!(ended(client).lines, ["idle"]);
}

#[test]
fn rejections_and_timeouts_are_told_as_what_they_are() {
    let setup = EMBEDDED.workers_of(&[&["sign"]]).settings(|settings| {
        settings.unknown_pool_wait = Duration::from_millis(20);
        settings.payload_bytes_max = 1000;
    });
    let scene = setup.start();
    let ran = run(&scene, &["--pool", "sing", ""]);
    assert!(ran.log.contains("rejected (no_workers): sign"), "{}", ran.log);
    let ran = run(&scene, &["--pool", "sign", &"x".repeat(1001)]);
    assert!(ran.log.contains("rejected (payload_too_large)"), "{}", ran.log);
    let gate = scene.gate();
    let ran = run(&scene, &["--pool", "sign", "--timeout", "0.3", "--header", "do=wait-file", gate.path()]);
    assert!(ran.log.contains("timed out"), "{}", ran.log);
    gate.open();
    assert_eq!(run(&scene, &["--pool", "sign", "next"]).lines, ["next"]);
}

#[test]
fn a_client_without_a_master_ends_by_its_own_clock() {
    let outside = OutsideMaster::start(&[]);
    let nowhere = format!("ipc://{}/nobody.ipc", outside.folder().display());
    let mut command = python_example("client.py");
    let ran = ended(outside.process(command.args([&nowhere, "--timeout", "0.3", "payload"])));
    assert_eq!(ran.status, Some(1));
    assert!(ran.log.contains("no master opened a session in time"), "{}", ran.log);
}

#[test]
fn a_client_whose_master_is_killed_says_so() {
    let mut outside = OutsideMaster::start(&[]);
    let _worker = outside.worker(&[]);
    let gate = outside.gate();
    let mut command = python_example("client.py");
    command.args([&outside.endpoint, "--timeout", "30", "--header", "do=wait-file", gate.path()]);
    let client = outside.process(&mut command);
    gate.wait_begun(1);
    outside.master.kill();
    let ran = ended(client);
    assert!(ran.log.contains("lost (master)"), "{}", ran.log);
    gate.open();
}
