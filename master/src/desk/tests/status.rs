//! What the master tells of itself.

use super::harness::*;
use powerhose_protocol::*;

fn ask(bench: &mut Bench, peer: Peer, query: &str) -> Value {
    bench.say(peer.route, Status { session: peer.session, query });
    let mut heard = bench.heard(peer);
    let Some(Sent::State(state)) = heard.pop() else { panic!("no STATE") };
    state
}

/// What a master tells of itself and of its pools.
pub(crate) fn told() -> (Value, Value) {
    let mut bench = Bench::new();
    let client = bench.client();
    (ask(&mut bench, client, "master"), ask(&mut bench, client, "pools"))
}

/// What a master tells of a worker.
pub(crate) fn told_worker() -> Value {
    let (mut bench, client, _) = scene();
    let state = ask(&mut bench, client, "workers");
    state.field("workers").and_then(Value::as_array).expect("an array")[0].clone()
}

fn number(state: &Value, name: &str) -> u64 {
    state.field(name).and_then(Value::as_unsigned).unwrap_or_else(|| panic!("{name} in {state:?}"))
}

/// One job that runs, one that waits, one that failed, one that is refused.
fn scene() -> (Bench, Peer, Peer) {
    let mut bench = Bench::new();
    let (client, worker) = (bench.client(), bench.worker("sign"));
    bench.submit("sign");
    let given = bench.job(worker);
    bench.answer(worker, &given, Answer { end: WorkerEnd::Failed, code: "no", ..Answer::default() });
    bench.submit("sign");
    bench.submit("sign");
    bench.submit("not a pool");
    bench.act();
    (bench, client, worker)
}

#[test]
fn the_master_tells_who_is_there_and_what_became_of_the_jobs() {
    let (mut bench, client, _) = scene();
    bench.pass(250);
    let state = ask(&mut bench, client, "master");
    let seen = [
        ("epoch", bench.desk.epoch()),
        ("pid", 1),
        ("uptime_ms", 250),
        ("workers", 1),
        ("clients", 1),
        ("jobs_waiting", 1),
        ("bytes_waiting", 7),
        ("jobs_running", 1),
        ("accepted", 3),
        ("failed", 1),
        ("done", 0),
        ("rejected", 1),
        ("timed_out", 0),
        ("cancelled", 0),
        ("lost", 0),
        ("redispatched", 0),
        ("messages_refused", 0),
    ];
    for (name, value) in seen {
        assert_eq!(number(&state, name), value, "{name}");
    }
}

#[test]
fn the_workers_are_told_with_their_states_and_labels() {
    let (mut bench, client, worker) = scene();
    let state = ask(&mut bench, client, "workers");
    let workers = state.field("workers").and_then(Value::as_array).expect("an array");
    let [seen] = workers else { panic!("{workers:?}") };
    assert_eq!(number(seen, "id"), worker.number);
    assert_eq!(seen.field("state").and_then(Value::as_text), Some("busy"));
    assert_eq!((number(seen, "outstanding"), number(seen, "failed")), (1, 1));
    assert_eq!(seen.field("pools"), Some(&Value::Array(vec!["sign".into()])));
    assert_eq!(seen.field("labels").and_then(|labels| labels.field("rack")), Some(&"b".into()));
    assert_eq!(crate::WorkerInfo::from_value(seen).as_ref(), bench.desk.workers().first());
}

#[test]
fn the_pools_are_told_with_what_waits_and_runs() {
    let (mut bench, client, _) = scene();
    bench.submit("asked_for");
    let state = ask(&mut bench, client, "pools");
    let pools = state.field("pools").and_then(Value::as_array).expect("an array");
    let row = |pool: &Value| {
        let name = pool.field("pool").and_then(Value::as_text).expect("a name").to_owned();
        (
            name,
            number(pool, "workers"),
            number(pool, "waiting"),
            number(pool, "running"),
            number(pool, "credit"),
        )
    };
    let rows: Vec<_> = pools.iter().map(row).collect();
    assert_eq!(rows, [("asked_for".to_owned(), 0, 1, 0, 1), ("sign".to_owned(), 1, 1, 1, 1)]);
}

#[test]
fn what_is_told_reads_as_the_stats_that_it_was() {
    let (mut bench, client, worker) = scene();
    bench.submit("sign");
    bench.pass(1500);
    let given = bench.job(worker);
    bench.done(worker, &given);
    bench.pass(20);
    let master = ask(&mut bench, client, "master");
    let pools = ask(&mut bench, client, "pools");
    let mut told = crate::Stats::from_values(&master, &pools).expect("all is told");
    let known = bench.desk.stats();
    assert!(known.done == 1 && known.oldest_waiting.is_some() && known.pools[0].times.run.count() > 0);
    // The questions themselves are messages.
    assert!(told.messages_received < known.messages_received && told.messages_sent < known.messages_sent);
    told.messages_received = known.messages_received;
    told.messages_sent = known.messages_sent;
    told.bytes_received = known.bytes_received;
    told.bytes_sent = known.bytes_sent;
    assert_eq!(told, known);
}

#[test]
fn what_lacks_a_count_is_no_stats() {
    let (mut bench, client, _) = scene();
    let master = ask(&mut bench, client, "master");
    let pools = ask(&mut bench, client, "pools");
    let without = |state: &Value, name: &str| match state {
        Value::Map(entries) => {
            Value::Map(entries.iter().filter(|(entry, _)| entry != name).cloned().collect())
        }
        other => other.clone(),
    };
    for name in ["done", "accepting", "lateness", "bounds_us", "rejections"] {
        assert_eq!(crate::Stats::from_values(&without(&master, name), &pools), None, "{name}");
    }
    for name in ["pools", "bounds_us"] {
        assert_eq!(crate::Stats::from_values(&master, &without(&pools, name)), None, "{name}");
    }
}

#[test]
fn every_role_may_ask_also_before_it_registers() {
    let mut bench = Bench::new();
    for peer in [bench.client(), bench.worker("sign"), bench.welcomed(ROLE_WORKER)] {
        ask(&mut bench, peer, "master");
    }
}

#[test]
fn another_question_is_refused() {
    let mut bench = Bench::new();
    let client = bench.client();
    bench.say(client.route, Status { session: client.session, query: "weather" });
    let refusal = bench.refusal(client);
    assert_eq!((refusal.of(Kind::Status), refusal.reference), ("query", None));
}
