//! `/status.json`: what the page shows.

use crate::scene::Scene;
use crate::support::eventually;
use std::path::Path;

#[test]
fn it_shows_pools_and_what_each_worker_does() {
    let mut scene = Scene::new();
    scene.worker("sign");
    scene.worker("page");
    scene.done("sign");
    scene.submit("sign", "fail").wait().expect_err("it fails");
    let job = scene.submit("sign", "hold");
    let status = eventually("the worker to be busy", || {
        let status = scene.status("");
        (status["workers_by_state"]["busy"] == 1).then_some(status)
    });
    assert_eq!((&status["jobs"]["done"], &status["jobs"]["failed"]), (&1.into(), &1.into()));
    assert_eq!(status["jobs"]["in_flight"], 1);
    assert_eq!(status["master"]["pid"], scene.master.id());
    assert_eq!(status["master"]["endpoints"][0], scene.files.endpoint());
    let [page, sign] = status["pools"].as_array().expect("a list").as_slice() else { panic!("{status}") };
    assert_eq!((&page["pool"], &page["run_ms"]["p99"]), (&"page".into(), &serde_json::Value::Null));
    assert_eq!(
        (&sign["pool"], &sign["running"], &sign["run_ms"]["count"]),
        (&"sign".into(), &1.into(), &2.into())
    );
    let worker = &status["workers"][0];
    assert_eq!(
        (&worker["state"], &worker["done"], &worker["failed"]),
        (&"busy".into(), &1.into(), &1.into())
    );
    assert_eq!(worker["current"]["pool"], "sign");
    let age = worker["current"]["age_ms"].as_f64().expect("how long it has run");
    eventually("it to grow older", || {
        (scene.status("")["workers"][0]["current"]["age_ms"].as_f64()? > age).then_some(())
    });
    assert_eq!(status["workers"][1]["current"], serde_json::Value::Null);
    scene.let_go();
    job.wait().expect("a reply");
}

#[test]
fn every_count_of_the_master_is_told_and_specified() {
    let scene = Scene::new();
    let status = scene.status("");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../protocol/PROTOCOL.md");
    let protocol = std::fs::read_to_string(path).expect("the specification");
    let row = protocol.lines().find(|line| line.starts_with("| `master` | {")).expect("what STATE tells");
    for (name, _) in powerhose::Stats::default().counters() {
        assert!(status["counters"][name].is_u64(), "{name} is not in /status.json");
        assert!(row.contains(&format!(" {name},")), "{name} is not in PROTOCOL.md");
    }
}

#[test]
fn samples_follow_one_another() {
    let mut scene = Scene::new();
    scene.worker("sign");
    assert_eq!(scene.status("")["samples"].as_array().map(Vec::len), Some(0), "nobody asked for any");
    scene.done("sign");
    let samples = |after: u64| scene.status(&format!("?after={after}"))["samples"].clone();
    let with_job = eventually("a sample with the job", || {
        let samples = samples(0);
        let found = samples.as_array()?.iter().find(|sample| sample["total_ms"]["p99"].is_number())?;
        Some(found.clone())
    });
    assert!(with_job["done_per_second"].as_f64().expect("a rate") > 0.0, "{with_job}");
    let sequence = with_job["sequence"].as_u64().expect("a number");
    let next = eventually("another sample", || samples(sequence).as_array()?.first().cloned());
    assert_eq!(next["sequence"], sequence + 1);
}
