//! `/healthz` and `/readyz`: what an orchestrator decides upon.

use crate::scene::Scene;
use crate::support::{self, Signal, eventually};

#[test]
fn a_master_alone_is_ready_at_once() {
    let scene = Scene::new();
    let (health, ready) = (scene.get("/healthz"), scene.get("/readyz"));
    assert_eq!((health.status, health.body.as_str()), (200, "ok\n"));
    assert_eq!((ready.status, ready.body.as_str()), (200, "ready: 0 workers\n"));
}

#[test]
fn a_master_that_ends_lives_but_is_not_ready() {
    let mut scene = Scene::new();
    scene.worker("sign");
    let job = scene.submit("sign", "hold");
    scene.metric_becomes("powerhose_jobs_in_flight", &[], 1.0);
    scene.master.signal(Signal::TERM);
    eventually("it not to be ready", || {
        let answer = scene.get("/readyz");
        (answer.status == 503).then(|| assert_eq!(answer.body, "not ready: the master is closing\n"))
    });
    assert_eq!(scene.get("/healthz").status, 200);
    assert_eq!(scene.metric("powerhose_accepting", &[]), 0.0);
    scene.let_go();
    job.wait().expect("what it has it finishes");
    assert_eq!(scene.master.status(), 0);
}

#[test]
fn a_master_that_nobody_finds_lives_but_is_not_ready_until_it_is_found_again() {
    let scene = Scene::new();
    let folder = scene.files.folder().to_owned();
    let elsewhere = folder.with_extension("elsewhere");
    std::fs::rename(&folder, &elsewhere).expect("it is ours");
    // Something that is no folder is in the way.
    std::fs::write(&folder, "").expect("nothing is there");
    let (health, ready) = (scene.get("/healthz"), scene.get("/readyz"));
    assert_eq!(ready.status, 503, "{ready:?}");
    assert!(ready.body.starts_with("not ready: nobody finds the master at ipc://"), "{ready:?}");
    assert_eq!((health.status, health.body.as_str()), (200, "ok\n"));
    scene.metric_becomes("powerhose_endpoints_reachable", &[], 0.0);
    let told = scene.status("")["master"]["unreachable"].to_string();
    assert!(told.contains("nobody finds the master at ipc://"), "{told}");
    std::fs::remove_file(&folder).and_then(|()| std::fs::rename(&elsewhere, &folder)).expect("it is ours");
    eventually("it to be ready", || (scene.get("/readyz").status == 200).then_some(()));
    scene.metric_becomes("powerhose_endpoints_reachable", &[], 1.0);
    assert!(scene.status("")["master"]["unreachable"].is_null());
}

#[test]
fn a_master_with_workers_of_its_own_is_ready_when_one_is_there() {
    let files = support::Scene::new();
    let release = files.path("release");
    let wait =
        format!("until [ -e {} ]; do sleep 0.05; done; exec {} work -- cat", release.display(), PROGRAM);
    let program = files.start(&[
        "run",
        "--workers",
        "1",
        "--worker-start",
        "60s",
        "--http",
        "127.0.0.1:0",
        "--",
        "sh",
        "-c",
        &wait,
    ]);
    let address = eventually("its address", || {
        let log = program.log();
        let (_, rest) = log.lines().find(|line| line.contains("over HTTP"))?.split_once("address=")?;
        Some(rest.to_owned())
    });
    let ready = || {
        let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
        let mut answer = agent.get(format!("http://{address}/readyz")).call().expect("an answer");
        (answer.status().as_u16(), answer.body_mut().read_to_string().expect("a text"))
    };
    assert_eq!(ready(), (503, "not ready: 0 of at least 1 workers are there\n".to_owned()));
    std::fs::write(&release, "").expect("the folder is writable");
    eventually("it to be ready", || (ready() == (200, "ready: 1 workers\n".to_owned())).then_some(()));
}

const PROGRAM: &str = env!("CARGO_BIN_EXE_powerhose");
