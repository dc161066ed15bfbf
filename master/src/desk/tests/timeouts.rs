//! When the dispatcher wants to be called next, and why.

use super::harness::*;
use crate::WorkerExit;
use crate::common::PoolSettings;
use crate::desk::Event;
use powerhose_protocol::*;
use std::time::Duration;

/// In how many milliseconds, and why.
fn next(bench: &mut Bench) -> (u64, &'static str) {
    bench.act();
    let (when, why) = bench.desk.poll_timeout().expect("heartbeats at least");
    ((when - bench.now).as_millis() as u64, why)
}

#[test]
fn a_master_at_rest_wakes_for_its_heartbeats_only() {
    let mut bench = Bench::new();
    assert_eq!(next(&mut bench).1, "heartbeats");
    let worker = bench.worker("sign");
    let client = bench.client();
    let call = bench.submit("sign");
    let given = bench.job(worker);
    bench.done(worker, &given);
    assert!(bench.is_done(call));
    for _ in 0..5 {
        assert_eq!(next(&mut bench).1, "heartbeats");
        [worker, client].iter().for_each(|peer| bench.beat(*peer));
        bench.pass(1000);
    }
}

#[test]
fn every_wait_says_what_for() {
    let mut bench = Bench::with(|settings| {
        let sign = PoolSettings::new().credit(2).run_time_soft(Duration::from_millis(1), 0);
        settings.pools = vec![("sign".into(), sign)];
        settings.heartbeat_interval = Duration::from_secs(100);
        settings.silence_max = Duration::from_secs(1000);
        settings.unknown_pool_wait = Duration::from_millis(8);
    });
    bench.submit_for("unknown", 60_000);
    assert_eq!(next(&mut bench), (8, "wait for an unknown pool"));
    bench.pass(8);

    let call = bench.submit_for("sign", 50);
    assert_eq!(next(&mut bench), (50, "deadline of a job"));
    bench.abandon(call);

    let busy = bench.worker("sign");
    let calls = [bench.submit_for("sign", 9000), bench.submit_for("sign", 9000)];
    let given = bench.jobs(busy);
    bench.worker("sign");
    assert_eq!(next(&mut bench), (2, "balance of a pool"));
    bench.pass(10);

    bench.suspect(busy);
    assert_eq!(next(&mut bench), (1, "probe of a connection"));
    bench.pass(60);

    bench.done_in(busy, &given[0], Duration::from_millis(2));
    assert!(bench.is_done(calls[0]));
    let reasons = reasons(&mut bench, 2000);
    assert!(reasons.contains(&"rest of a worker"), "{reasons:?}");
}

/// Why it wakes within these milliseconds.
fn reasons(bench: &mut Bench, milliseconds: u64) -> Vec<&'static str> {
    let until = bench.now + Duration::from_millis(milliseconds);
    let mut reasons = Vec::new();
    loop {
        bench.act();
        match bench.desk.poll_timeout() {
            Some((when, why)) if when <= until => {
                reasons.push(why);
                let ahead = when.saturating_duration_since(bench.now).as_millis() as u64;
                bench.pass(ahead);
            }
            _ => return reasons,
        }
    }
}

#[test]
fn the_end_of_an_order_of_a_drain_and_of_mourning_are_waited_for() {
    let mut bench = Bench::with(|settings| {
        settings.heartbeat_interval = Duration::from_secs(100);
        settings.silence_max = Duration::from_secs(1000);
    });
    let client = bench.client();
    bench.event(Event::Supervised { pid: 5 });
    let worker = bench.worker_that(Registration { pid: 5, host: HOST, ..offers(&["sign"]) });
    bench.submit_once("sign");
    bench.job(worker);
    let order = Control { session: client.session, id: 1, verb: "drain", selector: "all", within_ms: 30 };
    bench.say(client.route, order);
    assert_eq!(next(&mut bench), (30, "end of an order"));
    bench.pass(30);
    bench.event(Event::Close { within: Duration::from_millis(900) });
    assert_eq!(next(&mut bench).1, "end of the drain");
    bench.die(worker);
    assert_eq!(next(&mut bench).1, "exit status of a worker");
    bench.event(Event::Exited { pid: 5, exit: WorkerExit::Signal(9) });
    assert_eq!(bench.closed(), 1);
}

#[test]
fn time_that_goes_backwards_is_time_that_stands_still() {
    let mut bench = Bench::new();
    let worker = bench.worker("sign");
    let call = bench.submit_for("sign", 100);
    bench.pass(50);
    bench.now -= Duration::from_millis(40);
    let given = bench.job(worker);
    assert_eq!(given.remaining_ms, 100);
    bench.done(worker, &given);
    assert!(bench.is_done(call));
}
