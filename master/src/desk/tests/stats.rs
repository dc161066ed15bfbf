//! What is counted, and what a master says of itself.

use super::harness::*;
use crate::common::{Histogram, PoolStats, Stats, Submission};
use bytes::Bytes;
use powerhose_protocol::*;
use std::time::Duration;

fn pool(stats: &Stats, name: &str) -> PoolStats {
    stats.pools.iter().find(|pool| pool.name == name).expect("the pool is there").clone()
}

/// What the master answers to a client that asks.
fn ask(bench: &mut Bench, query: &str) -> Value {
    let client = bench.client();
    bench.say(client.route, Status { session: client.session, query });
    match bench.heard(client).as_slice() {
        [Sent::State(state)] => state.clone(),
        other => panic!("one STATE was expected: {other:?}"),
    }
}

fn number(value: &Value, name: &str) -> u64 {
    value.field(name).and_then(Value::as_unsigned).unwrap_or_else(|| panic!("{name} of {value:?}"))
}

fn only(histogram: &Histogram) -> Duration {
    assert_eq!(histogram.count(), 1);
    histogram.sum()
}

#[test]
fn wait_run_and_overhead_of_a_job_are_its_whole_time() {
    let mut bench = Bench::new();
    let worker = bench.worker("sign");
    let (first, second) = (bench.submit("sign"), bench.submit("sign"));
    let given = bench.job(worker);
    bench.pass(40);
    bench.done_in(worker, &given, Duration::from_millis(30));
    let given = bench.job(worker);
    bench.pass(25);
    bench.answer(worker, &given, Answer { end: WorkerEnd::Failed, run_us: 20_000, ..Answer::default() });
    assert!(bench.has_ended(first) && bench.has_ended(second));
    let sign = pool(&bench.desk.stats(), "sign");
    assert_eq!((sign.ends.done, sign.ends.failed), (1, 1));
    assert_eq!(sign.times.wait.sum(), Duration::from_millis(40));
    assert_eq!(sign.times.run.sum(), Duration::from_millis(30 + 20));
    assert_eq!(sign.times.total.sum(), Duration::from_millis(40 + 65));
    assert_eq!(sign.times.overhead.sum(), Duration::from_millis(10 + 45));
    assert_eq!(sign.times.wait.counts().iter().sum::<u64>(), 2);
}

#[test]
fn a_job_without_a_reply_has_waited_and_taken_time_but_not_run() {
    let mut bench = Bench::with(|settings| settings.unknown_pool_wait = Duration::from_secs(100));
    let worker = bench.worker("sign");
    bench.submit_for("sign", 70);
    bench.submit_for("sign", 70);
    bench.job(worker);
    bench.pass(70);
    let sign = pool(&bench.desk.stats(), "sign");
    assert_eq!((sign.ends.timed_out, sign.times.run.count(), sign.times.overhead.count()), (2, 0, 0));
    assert_eq!(sign.times.wait.sum(), Duration::from_millis(70));
    assert_eq!(sign.times.total.sum(), Duration::from_millis(140));
}

#[test]
fn what_waits_and_what_runs_is_told_with_its_age() {
    let mut bench = Bench::new();
    let worker = bench.worker("sign");
    let idle = bench.worker("page");
    bench.submit("sign");
    bench.act();
    bench.pass(300);
    bench.submit("sign");
    let late = bench.submit("sign");
    bench.pass(200);
    let stats = bench.desk.stats();
    assert_eq!((stats.in_flight, stats.waiting, stats.waiting_bytes), (3, 2, 14));
    assert_eq!(stats.oldest_waiting, Some(Duration::from_millis(200)));
    assert_eq!((stats.workers.ready, stats.workers.busy, stats.workers.all()), (1, 1, 2));
    let sign = pool(&stats, "sign");
    assert_eq!((sign.running, sign.waiting, sign.workers.busy, sign.workers.ready), (1, 2, 1, 0));
    let workers = bench.desk.workers();
    let current = workers[0].current.as_ref().expect("it has a job");
    assert_eq!((current.pool.as_str(), current.age), ("sign", Duration::from_millis(500)));
    assert_eq!((workers[1].id, &workers[1].current), (idle.number, &None));
    bench.abandon(late);
    let given = bench.job(worker);
    bench.done(worker, &given);
    bench.act();
    assert_eq!(bench.desk.stats().oldest_waiting, None);
}

#[test]
fn a_job_that_came_back_is_as_old_as_it_is() {
    let mut bench = Bench::new();
    let worker = bench.worker("sign");
    bench.submit("sign");
    bench.job(worker);
    bench.pass(100);
    bench.submit("sign");
    bench.pass(100);
    bench.die(worker);
    assert_eq!(bench.desk.stats().oldest_waiting, Some(Duration::from_millis(200)));
}

#[test]
fn a_second_job_is_current_since_the_first_was_answered() {
    let mut bench = Bench::new();
    let worker = bench.worker("sign");
    bench.learn_run_times(worker, "sign", Duration::from_micros(10));
    bench.submit("sign");
    bench.submit("sign");
    let given = bench.jobs(worker);
    assert_eq!(given.len(), 2);
    bench.pass(3);
    bench.done_in(worker, &given[0], Duration::from_micros(700));
    bench.pass(5);
    let info = bench.desk.workers().remove(0);
    let current = info.current.clone().expect("it has another job");
    assert_eq!((current.job, current.age), (given[1].job, Duration::from_millis(5)));
    assert_eq!((info.run_last, info.run_longest), (Duration::from_micros(700), Duration::from_micros(700)));
    assert_eq!(info.run_sum, Duration::from_micros(100 * 10 + 700));
    assert_eq!(info.run_average(), Some(Duration::from_nanos(1_700_000 / 101)));
}

#[test]
fn rejections_are_counted_by_reason() {
    let mut bench = Bench::with(|settings| settings.queue_jobs_max = 1);
    let worker = bench.worker("sign");
    bench.submit("sign");
    bench.job(worker);
    bench.submit("sign");
    bench.submit("sign");
    bench.submit("a b");
    bench.pass(10);
    let stats = bench.desk.stats();
    let counted: Vec<_> = stats.rejections.iter().filter(|(_, count)| *count > 0).collect();
    assert_eq!(counted, [("queue_full", 1), ("bad_pool", 1)]);
    assert_eq!(stats.rejected, 2);
    let state = ask(&mut bench, "master");
    assert_eq!(number(state.field("rejections").expect("they are told"), "queue_full"), 1);
}

#[test]
fn every_byte_on_the_wire_is_counted() {
    let mut bench = Bench::new();
    let worker = bench.worker("sign");
    let before = bench.desk.stats();
    bench.submit_job(Submission { payload: Bytes::from(vec![7; 5000]), ..job("sign") });
    let given = bench.job(worker);
    let sent = bench.desk.stats().bytes_sent - before.bytes_sent;
    assert!((5000..5200).contains(&sent), "{sent}");
    bench.answer(worker, &given, Answer { payload: b"0123456789", ..Answer::default() });
    let received = bench.desk.stats().bytes_received - before.bytes_received;
    assert!((20..100).contains(&received), "{received}");
}

#[test]
fn how_late_a_deadline_was_acted_upon_is_counted() {
    let mut bench = Bench::new();
    bench.worker("sign");
    bench.submit_for("sign", 100);
    bench.act();
    bench.stand_still(130);
    bench.pass(0);
    let stats = bench.desk.stats();
    assert_eq!(only(&stats.lateness), Duration::from_millis(30));
}

#[test]
fn a_silent_peer_misses_a_heartbeat_every_interval() {
    let mut bench = Bench::new();
    let (worker, silent) = (bench.worker("sign"), bench.worker("sign"));
    bench.pass_with(&[worker], 1);
    assert_eq!(bench.desk.stats().heartbeats_missed, 0);
    bench.pass_with(&[worker], 3);
    assert_eq!(bench.desk.stats().heartbeats_missed, 3, "after two, three and four seconds");
    bench.pass_with(&[worker], 3);
    let stats = bench.desk.stats();
    assert_eq!((stats.workers_died, stats.workers.all()), (1, 1), "{silent:?} is gone");
}

#[test]
fn workers_that_come_leave_and_die_are_counted() {
    let mut bench = Bench::new();
    let (leaves, dies) = (bench.worker("sign"), bench.worker("sign"));
    bench.register(dies, &offers(&["sign", "page"]));
    bench.say_bye(leaves);
    bench.die(dies);
    let stats = bench.desk.stats();
    assert_eq!((stats.workers_registered, stats.workers_left, stats.workers_died), (2, 1, 1));
}

#[test]
fn the_answers_to_status_say_what_the_counts_say() {
    let mut bench = Bench::new();
    let worker = bench.worker("sign");
    bench.submit("sign");
    let given = bench.job(worker);
    bench.submit("sign");
    bench.done(worker, &given);
    bench.pass(50);
    let master = ask(&mut bench, "master");
    assert_eq!(
        (number(&master, "accepted"), number(&master, "done"), number(&master, "jobs_running")),
        (2, 1, 1)
    );
    assert_eq!(number(master.field("workers_by_state").expect("they are told"), "busy"), 1);
    assert_eq!(master.field("bounds_us").and_then(Value::as_array).map(<[Value]>::len), Some(31));
    let pools = ask(&mut bench, "pools");
    let [sign] = pools.field("pools").and_then(Value::as_array).expect("an array") else { panic!("one") };
    assert_eq!((number(sign, "done"), number(sign, "workers")), (1, 1));
    let run = sign.field("run").expect("its run times");
    assert_eq!(number(run, "sum_us"), 10_000);
    let percentiles = ["p50_ns", "p99_ns", "greatest_ns"].map(|name| number(run, name));
    assert_eq!(percentiles, [10_000_000; 3], "not more than the greatest");
    assert_eq!(run.field("counts").and_then(Value::as_array).map(<[Value]>::len), Some(32));
    let workers = ask(&mut bench, "workers");
    let [worker] = workers.field("workers").and_then(Value::as_array).expect("an array") else {
        panic!("one")
    };
    let current = worker.field("current").expect("what it does");
    assert_eq!(number(current, "age_us"), 50_000);
}

#[test]
fn a_master_that_closes_says_so() {
    let mut bench = Bench::new();
    assert!(bench.desk.stats().accepting);
    bench.event(crate::desk::Event::Close { within: Duration::from_secs(1) });
    assert!(!bench.desk.stats().accepting);
}
