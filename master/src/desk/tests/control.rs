//! Orders to the master: whom they mean, when they have taken effect, and what their giver is told.

use super::harness::*;
use powerhose_protocol::*;

struct Progress {
    id: u64,
    matched: u64,
    left: u64,
    done: bool,
}

fn order(bench: &mut Bench, asker: Peer, id: u64, verb: &str, selector: &str, within_ms: u64) {
    bench.say(asker.route, Control { session: asker.session, id, verb, selector, within_ms });
}

/// What the giver of orders was told since the last look.
fn progress(bench: &mut Bench, asker: Peer) -> Vec<Progress> {
    let heard = bench.heard(asker).into_iter();
    let told = heard.map(|sent| {
        let Sent::Controlled { id, progress } = sent else { panic!("{sent:?}") };
        let number = |name| progress.field(name).and_then(Value::as_unsigned).expect("a number");
        let done = progress.field("done") == Some(&Value::Bool(true));
        Progress { id, matched: number("matched"), left: number("left"), done }
    });
    told.collect()
}

/// What it was told, and nothing else, as (matched, left, done).
fn told(bench: &mut Bench, asker: Peer, id: u64) -> (u64, u64, bool) {
    match progress(bench, asker).as_slice() {
        [progress] if progress.id == id => (progress.matched, progress.left, progress.done),
        other => panic!("one CONTROLLED was expected, there are {}", other.len()),
    }
}

#[test]
fn quiet_takes_effect_at_once_and_resume_undoes_it() {
    let mut bench = Bench::new();
    let (asker, worker) = (bench.client(), bench.worker("sign"));
    order(&mut bench, asker, 7, "quiet", "all", 1000);
    assert_eq!(told(&mut bench, asker, 7), (1, 0, true));
    assert_eq!(bench.heard(worker), [Sent::Quiet, Sent::Quieted]);
    let call = bench.submit("sign");
    assert_eq!(bench.calls(worker), []);
    order(&mut bench, asker, 8, "resume", "all", 1000);
    assert_eq!(told(&mut bench, asker, 8), (1, 0, true));
    let heard = bench.heard(worker);
    let [Sent::Resume, Sent::Jobs(jobs)] = heard.as_slice() else { panic!("{heard:?}") };
    assert_eq!(jobs[0].job.call(), call);
}

#[test]
fn drain_has_taken_effect_when_the_workers_have_no_jobs() {
    let mut bench = Bench::new();
    let (asker, workers) = (bench.client(), [bench.worker("sign"), bench.worker("sign")]);
    bench.submit("sign");
    let given = bench.job(workers[0]);
    order(&mut bench, asker, 1, "drain", "all", 10_000);
    assert!(progress(&mut bench, asker).is_empty());
    bench.pass(100);
    bench.done(workers[0], &given);
    assert_eq!(told(&mut bench, asker, 1), (2, 0, true));
    bench.submit("sign");
    assert_eq!((bench.calls(workers[0]), bench.calls(workers[1])), (vec![], vec![]));
    bench.pass(20_000);
    assert!(progress(&mut bench, asker).is_empty(), "the last was the last");
}

#[test]
fn stop_says_goodbye_to_each_worker_once_it_has_no_job() {
    let mut bench = Bench::new();
    let (asker, workers) = (bench.client(), [bench.worker("sign"), bench.worker("sign")]);
    let call = bench.submit("sign");
    let given = bench.job(workers[0]);
    order(&mut bench, asker, 1, "stop", "all", 10_000);
    let goodbye = Sent::Bye { code: "stop".into() };
    assert_eq!(bench.heard(workers[1]), [Sent::Quiet, Sent::Quieted, goodbye.clone()]);
    assert_eq!(bench.heard(workers[0]), [Sent::Quiet, Sent::Quieted]);
    bench.done(workers[0], &given);
    assert_eq!(bench.heard(workers[0]), [goodbye]);
    assert!(bench.is_done(call));
    assert_eq!(told(&mut bench, asker, 1), (2, 0, true));
    assert_eq!(bench.desk.workers(), []);
}

#[test]
fn an_order_ends_with_what_is_left_when_its_time_is_over() {
    let mut bench = Bench::new();
    let (asker, worker) = (bench.client(), bench.worker("sign"));
    bench.worker("sign");
    bench.submit_for("sign", 60_000);
    bench.job(worker);
    order(&mut bench, asker, 1, "drain", "all", 500);
    bench.pass(499);
    assert!(progress(&mut bench, asker).is_empty());
    bench.pass(1);
    assert_eq!(told(&mut bench, asker, 1), (2, 1, false));
}

#[test]
fn a_worker_that_is_gone_has_nothing_left() {
    for verb in ["drain", "stop"] {
        let mut bench = Bench::new();
        let (asker, worker) = (bench.client(), bench.worker("sign"));
        bench.submit("sign");
        bench.job(worker);
        order(&mut bench, asker, 1, verb, "all", 10_000);
        bench.die(worker);
        assert_eq!(told(&mut bench, asker, 1), (1, 0, true), "{verb}");
    }
}

#[test]
fn a_selector_names_a_pool_or_a_worker_or_all() {
    let mut bench = Bench::new();
    let asker = bench.client();
    let workers = [bench.worker("sign"), bench.worker("hash"), bench.worker_that(offers(&["sign", "hash"]))];
    let id = workers[1].number.to_string();
    let none = u64::MAX.to_string();
    for (selector, matched) in
        [("all", 3), ("pool:sign", 2), ("pool:hash", 2), ("pool:", 0), ("pool:all", 0), (&id, 1), (&none, 0)]
    {
        order(&mut bench, asker, 5, "resume", selector, 1000);
        assert_eq!(told(&mut bench, asker, 5), (matched, 0, true), "{selector}");
    }
}

#[test]
fn a_wrong_verb_or_selector_is_refused_by_reference() {
    let mut bench = Bench::new();
    let (asker, worker) = (bench.client(), bench.worker("sign"));
    for (verb, selector, code) in
        [("kill", "all", "verb"), ("quiet", "everybody", "selector"), ("quiet", "-1", "selector")]
    {
        order(&mut bench, asker, 9, verb, selector, 1000);
        let refusal = bench.refusal(asker);
        assert_eq!((refusal.of(Kind::Control), refusal.reference), (code, Some(9)));
    }
    assert_eq!(bench.heard(worker), []);
}

#[test]
fn a_worker_may_give_orders_even_about_itself() {
    let mut bench = Bench::new();
    let worker = bench.worker("sign");
    let id = worker.number.to_string();
    order(&mut bench, worker, 1, "quiet", &id, 1000);
    let heard = bench.heard(worker);
    assert!(matches!(heard.as_slice(), [Sent::Quiet, Sent::Quieted, Sent::Controlled { .. }]), "{heard:?}");
}

#[test]
fn an_order_outlives_whoever_gave_it() {
    let mut bench = Bench::new();
    let (asker, worker) = (bench.client(), bench.worker("sign"));
    bench.submit("sign");
    let given = bench.job(worker);
    order(&mut bench, asker, 1, "stop", "all", 10_000);
    bench.say_bye(asker);
    bench.done(worker, &given);
    assert_eq!(bench.heard(worker).last(), Some(&Sent::Bye { code: "stop".into() }));
    assert_eq!(bench.heard(asker), []);
}

#[test]
fn orders_that_have_ended_leave_nothing_behind() {
    let mut bench = Bench::new();
    let (asker, year) = (bench.client(), limits::DURATION_MS_MAX);
    let before = bench.desk.timers.len();
    for id in 0..1000 {
        order(&mut bench, asker, id, "quiet", "all", year);
        bench.act();
    }
    assert_eq!(bench.desk.timers.len(), before);
}

#[test]
fn orders_that_wait_are_bounded() {
    let mut bench = Bench::new();
    let (asker, worker) = (bench.client(), bench.worker("sign"));
    bench.submit_for("sign", 60_000);
    let given = bench.job(worker);
    for id in 0..1024 {
        order(&mut bench, asker, id, "drain", "all", 60_000);
    }
    assert!(progress(&mut bench, asker).is_empty());
    order(&mut bench, asker, 1024, "drain", "all", 60_000);
    let refusal = bench.refusal(asker);
    assert_eq!((refusal.of(Kind::Control), refusal.reference), ("controls_max", Some(1024)));
    assert_eq!(refusal.retry_after_ms, Some(1000));
    bench.done(worker, &given);
    assert_eq!(progress(&mut bench, asker).len(), 1024);
}
