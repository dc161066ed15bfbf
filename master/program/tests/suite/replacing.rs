//! Workers that are replaced: the new one starts first, the old one ends then, and a new one that does not start costs nobody.

use crate::support::{PATIENCE, Process, Scene, Signal, eventually, is_running};
use std::collections::BTreeSet;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;

const PROGRAM: &str = env!("CARGO_BIN_EXE_powerhose");

/// Puts this script in the place of the worker program, as a deploy does.
fn deploy(scene: &Scene, script: &str) {
    let next = scene.path("next");
    std::fs::write(&next, format!("#!/bin/sh\n{script}\n")).expect("a file");
    std::fs::set_permissions(&next, Permissions::from_mode(0o755)).expect("ours");
    std::fs::rename(next, scene.path("worker")).expect("ours");
}

fn good(reply: &str) -> String {
    format!("exec {PROGRAM} work -- echo {reply}")
}

fn run(scene: &Scene, flags: &[&str]) -> Process {
    scene.start(&[&["run", "--http", "127.0.0.1:0"], flags, &["--", "./worker"]].concat())
}

/// What `/readyz` says.
fn ready(run: &Process) -> (u16, String) {
    let address = eventually("its address", || {
        let log = run.log();
        let (_, rest) = log.lines().find(|line| line.contains("over HTTP"))?.split_once("address=")?;
        Some(rest.to_owned())
    });
    let config = ureq::Agent::config_builder().http_status_as_error(false).timeout_global(Some(PATIENCE));
    let agent: ureq::Agent = config.build().into();
    let mut answer = agent.get(format!("http://{address}/readyz")).call().expect("an answer");
    (answer.status().as_u16(), answer.body_mut().read_to_string().expect("a text"))
}

#[test]
fn a_bad_deploy_leaves_the_only_worker_at_work_and_says_so() {
    let scene = Scene::new();
    deploy(&scene, &good("old"));
    let mut run = run(&scene, &["--workers", "1", "--start-failures-max", "2"]);
    scene.workers_are(1);
    let old = scene.worker_pids();
    for _ in 0..2 {
        deploy(&scene, "exit 1");
        let halts = run.log().matches("replacement of worker processes halted").count();
        run.signal(Signal::HUP);
        eventually("the replacement to halt", || {
            (run.log().matches("replacement of worker processes halted").count() > halts).then_some(())
        });
        assert_eq!(scene.worker_pids(), old);
        assert_eq!(scene.run(&["execute", ""]).stdout, "old\n");
        let (status, text) = ready(&run);
        assert!(status == 200 && text.starts_with("degraded: 1 workers"), "{status} {text}");
        assert!(text.contains("exit status 1"), "{text}");
    }
    assert!(run.log().contains("keeps failing to start; the old one works on"), "{}", run.log());
    deploy(&scene, &good("new"));
    run.signal(Signal::HUP);
    run.logs("all worker processes have been replaced");
    assert_eq!(scene.run(&["execute", ""]).stdout, "new\n");
    assert_eq!(ready(&run), (200, "ready: 1 workers\n".to_owned()));
    assert!(!is_running(old[0]));
    run.signal(Signal::TERM);
    assert_eq!(run.status(), 0);
}

#[test]
fn a_deploy_that_hangs_or_cannot_be_executed_leaves_all_workers_at_work_too() {
    let scene = Scene::new();
    deploy(&scene, &good("old"));
    let flags = ["--workers", "2", "--start-failures-max", "1", "--worker-start", "10s"];
    let run = run(&scene, &flags);
    scene.workers_are(2);
    let old: BTreeSet<u32> = scene.worker_pids().into_iter().collect();
    std::fs::remove_file(scene.path("worker")).expect("it is there");
    run.signal(Signal::HUP);
    run.logs("replacement of worker processes halted");
    deploy(&scene, "exec sleep 1000");
    run.signal(Signal::HUP);
    run.logs("did not register in time");
    eventually("the second halt", || {
        (run.log().matches("replacement of worker processes halted").count() == 2).then_some(())
    });
    assert_eq!(scene.worker_pids().into_iter().collect::<BTreeSet<_>>(), old);
    assert_eq!(scene.run(&["execute", ""]).stdout, "old\n");
}

#[test]
fn a_new_program_that_registers_and_dies_leaves_all_workers_at_work_too() {
    let scene = Scene::new();
    deploy(&scene, &good("old"));
    let run = run(&scene, &["--workers", "4"]);
    scene.workers_are(4);
    let old: BTreeSet<u32> = scene.worker_pids().into_iter().collect();
    for life in ["0.2", "0.7"] {
        let halts = run.log().matches("replacement of worker processes halted").count();
        deploy(&scene, &format!("{PROGRAM} work -- echo new & sleep {life}; kill -9 $!; exit 1"));
        run.signal(Signal::HUP);
        eventually("the replacement to halt", || {
            (run.log().matches("replacement of worker processes halted").count() > halts).then_some(())
        });
        eventually("the old ones alone", || {
            (scene.worker_pids().into_iter().collect::<BTreeSet<_>>() == old).then_some(())
        });
        let (status, text) = ready(&run);
        assert!(status == 200 && text.starts_with("degraded: 4 workers"), "{status} {text}");
        assert!(text.contains("soon after it had registered"), "{text}");
        assert_eq!(scene.run(&["execute", ""]).stdout, "old\n");
    }
    deploy(&scene, &good("new"));
    run.signal(Signal::HUP);
    run.logs("all worker processes have been replaced");
    assert_eq!(ready(&run), (200, "ready: 4 workers\n".to_owned()));
}

#[test]
fn a_worn_worker_works_until_the_next_is_there_also_if_that_takes_many_starts() {
    let scene = Scene::new();
    deploy(&scene, &good("old"));
    let flags = ["--workers", "1", "--worker-jobs-max", "1", "--start-failures-max", "1"];
    let run = run(&scene, &flags);
    scene.workers_are(1);
    deploy(&scene, "exit 1");
    for _ in 0..20 {
        assert_eq!(scene.run(&["execute", ""]).stdout, "old\n");
    }
    run.logs("keeps failing to start; the old one works on");
    eventually("it to be told", || ready(&run).1.starts_with("degraded").then_some(()));
    assert_eq!(scene.run(&["execute", ""]).stdout, "old\n");
    deploy(&scene, &good("new"));
    eventually("the new one", || (scene.run(&["execute", ""]).stdout == "new\n").then_some(()));
    eventually("all to be well", || ready(&run).1.starts_with("ready").then_some(()));
}

#[test]
fn without_room_for_an_extra_worker_the_old_one_ends_first() {
    for flags in [["--workers-max", "1"], ["--worker-extra-max", "0"]] {
        let scene = Scene::new();
        deploy(&scene, &good("old"));
        let run = run(&scene, &[&["--workers", "1"], &flags[..]].concat());
        scene.workers_are(1);
        let old = scene.worker_pids();
        deploy(&scene, &good("new"));
        run.signal(Signal::HUP);
        run.logs("all worker processes have been replaced");
        assert_eq!(scene.run(&["execute", ""]).stdout, "new\n", "{flags:?}");
        let log = run.log();
        let ended = log.find(&format!("pid={} exit=exit status 0", old[0])).expect("it ended");
        let started = log.rfind("worker process started").expect("another began");
        assert!(ended < started, "{log}");
    }
}
