//! `/metrics` says what happened, and says it in the form that Prometheus reads.

use crate::scene::Scene;
use crate::support::eventually;
use powerhose::Job;
use std::collections::BTreeSet;
use std::time::Duration;

const NONE: &[(&str, &str)] = &[];

#[test]
fn known_traffic_is_what_is_counted() {
    let mut scene = Scene::new();
    scene.worker("sign");
    for _ in 0..5 {
        scene.done("sign");
    }
    for _ in 0..2 {
        scene.submit("sign", "fail").wait().expect_err("it fails");
    }
    scene
        .client
        .submit(Job::new("hold").pool("sign").timeout(Duration::from_millis(50)))
        .wait()
        .expect_err("too late");
    scene.client.submit(Job::new("a").pool("nobody")).wait().expect_err("nobody offers it");
    scene.let_go();
    scene.metric_becomes("powerhose_workers", &[("state", "ready")], 1.0);

    let metrics = scene.metrics();
    let outcome = |word| metrics.value("powerhose_jobs_total", &[("outcome", word)]);
    assert_eq!(
        ["done", "failed", "timed_out", "cancelled", "lost", "rejected"].map(outcome),
        [5.0, 2.0, 1.0, 0.0, 0.0, 1.0]
    );
    let sign = |word| metrics.value("powerhose_pool_jobs_total", &[("pool", "sign"), ("outcome", word)]);
    assert_eq!(["done", "failed", "timed_out", "rejected"].map(sign), [5.0, 2.0, 1.0, 0.0]);
    assert_eq!(metrics.value("powerhose_jobs_accepted_total", NONE), 9.0);
    assert_eq!(metrics.value("powerhose_jobs_rejected_total", &[("reason", "no_workers")]), 1.0);
    assert_eq!(metrics.value("powerhose_dispatches_total", NONE), 8.0);
    assert_eq!(metrics.value("powerhose_replies_dropped_total", &[("reason", "late")]), 1.0);
    assert_eq!(metrics.value("powerhose_clients", NONE), 1.0);
    assert_eq!(metrics.value("powerhose_workers_registered_total", NONE), 1.0);
    let pool = &[("pool", "sign")];
    let count = |time| metrics.value(&format!("powerhose_job_{time}_seconds_count"), pool);
    assert_eq!(["wait", "run", "overhead", "duration"].map(count), [8.0, 7.0, 7.0, 8.0]);
    let sum = |time| metrics.value(&format!("powerhose_job_{time}_seconds_sum"), pool);
    // Its time was under way with it: the master counts a little less.
    assert!(sum("duration") >= 0.04, "one took as long as its timeout");
    assert!(sum("run") <= sum("duration"));
    assert!(metrics.value("powerhose_loop_lateness_seconds_count", NONE) >= 1.0);
}

#[test]
fn a_pool_that_made_room_for_another_is_counted_among_the_others() {
    let mut scene = Scene::with(&["--pools-max", "1"]);
    scene.worker("sign");
    scene.done("sign");
    scene.done("sign");
    scene.workers.clear();
    scene.metric_becomes("powerhose_workers_gone_total", &[("how", "left")], 1.0);
    scene.worker("page");
    scene.done("page");
    let metrics = scene.metrics();
    let done = |pool| metrics.value("powerhose_pool_jobs_total", &[("pool", pool), ("outcome", "done")]);
    assert_eq!(["page", "other"].map(done), [1.0, 2.0]);
    assert_eq!(metrics.value("powerhose_job_run_seconds_count", &[("pool", "other")]), 2.0);
    let names = |sample: &crate::exposition::Sample| sample.labels.iter().any(|(_, value)| value == "sign");
    assert!(!metrics.samples().any(names), "nothing is left of its name");
}

#[test]
fn a_pool_that_had_no_jobs_has_no_buckets() {
    let mut scene = Scene::new();
    scene.worker("sign");
    scene.worker("page");
    scene.done("sign");
    let metrics = scene.metrics();
    let series = |pool: &str| {
        let of_it =
            |sample: &&crate::exposition::Sample| sample.labels.iter().any(|(_, value)| value == pool);
        metrics.samples().filter(of_it).count()
    };
    assert!(series("page") < 20 && series("sign") > 100, "{} {}", series("page"), series("sign"));
}

#[test]
fn a_pool_that_is_called_as_the_others_are_is_one_with_them() {
    let mut scene = Scene::new();
    scene.worker("other");
    scene.done("other");
    let job = Job::new("a").pool("nobody").timeout(Duration::from_millis(20));
    scene.client.submit(job).wait().expect_err("nobody offers it");
    let outcomes = ["done", "timed_out"];
    let metrics = scene.metrics();
    let count =
        |outcome| metrics.value("powerhose_pool_jobs_total", &[("pool", "other"), ("outcome", outcome)]);
    assert_eq!(outcomes.map(count), [1.0, 1.0]);
}

#[test]
fn what_waits_and_what_runs_is_told_while_it_does() {
    let mut scene = Scene::new();
    scene.worker("sign");
    let handles: Vec<_> = (0..4).map(|_| scene.submit("sign", "hold")).collect();
    scene.metric_becomes("powerhose_jobs_waiting", NONE, 3.0);
    let metrics = scene.metrics();
    assert_eq!(metrics.value("powerhose_jobs_in_flight", NONE), 4.0);
    assert_eq!(metrics.value("powerhose_jobs_waiting_bytes", NONE), 12.0);
    assert_eq!(metrics.value("powerhose_pool_jobs_running", &[("pool", "sign")]), 1.0);
    assert_eq!(metrics.value("powerhose_workers", &[("state", "busy")]), 1.0);
    assert_eq!(metrics.value("powerhose_pool_workers", &[("pool", "sign"), ("state", "busy")]), 1.0);
    let age = || scene.metric("powerhose_jobs_oldest_waiting_seconds", NONE);
    let first = age();
    eventually("the oldest to grow older", || (age() > first).then_some(()));
    scene.let_go();
    handles.into_iter().for_each(|handle| drop(handle.wait().expect("a reply")));
    assert_eq!(scene.metric("powerhose_jobs_oldest_waiting_seconds", NONE), 0.0);
    assert_eq!(scene.metric("powerhose_jobs_in_flight", NONE), 0.0);
}

#[test]
fn bytes_on_the_wire_are_those_of_the_payloads_and_little_more() {
    let mut scene = Scene::new();
    scene.worker("sign");
    let bytes = |direction| scene.metric("powerhose_bytes_total", &[("direction", direction)]);
    let before = ["received", "sent"].map(bytes);
    scene.submit("sign", &"x".repeat(100_000)).wait().expect("a reply");
    // From the client and from the worker; to the worker and to the client.
    for (before, after) in before.into_iter().zip(["received", "sent"].map(bytes)) {
        assert!((200_000.0..205_000.0).contains(&(after - before)), "{before} {after}");
    }
}

#[test]
fn a_worker_that_leaves_did_not_die() {
    let mut scene = Scene::new();
    scene.worker("sign");
    scene.workers.clear();
    scene.metric_becomes("powerhose_workers_gone_total", &[("how", "left")], 1.0);
    assert_eq!(scene.metric("powerhose_workers_gone_total", &[("how", "died")]), 0.0);
}

#[test]
fn no_label_can_grow_without_bound() {
    let mut scene = Scene::new();
    scene.worker("sign");
    scene.done("sign");
    scene
        .client
        .submit(Job::new("a").pool("nobody").timeout(Duration::from_millis(20)))
        .wait()
        .expect_err("nobody");
    let metrics = scene.metrics();
    let labels: BTreeSet<&str> =
        metrics.samples().flat_map(|sample| sample.labels.iter().map(|(name, _)| name.as_str())).collect();
    let allowed = ["direction", "how", "le", "outcome", "pool", "reason", "state", "version"];
    assert_eq!(labels.into_iter().collect::<Vec<_>>(), allowed);
    let pools: BTreeSet<&str> = metrics
        .samples()
        .flat_map(|sample| {
            sample.labels.iter().filter(|(name, _)| name == "pool").map(|(_, pool)| pool.as_str())
        })
        .collect();
    assert_eq!(
        pools.into_iter().collect::<Vec<_>>(),
        ["other", "sign"],
        "what a caller asks for is no label of its own"
    );
}

#[test]
fn it_is_served_as_what_it_is() {
    let scene = Scene::new();
    let answer = scene.get("/metrics");
    let kind = answer.headers.get("content-type").and_then(|kind| kind.to_str().ok());
    assert_eq!(kind, Some("application/openmetrics-text; version=1.0.0; charset=utf-8"));
    let families = scene.metrics().families;
    assert!(families.len() > 30, "{:?}", families.keys());
}
