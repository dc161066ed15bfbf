//! A peer that keeps sending what has to be refused is cut off; one that errs now and then is not. And handshakes are
//! bounded over all.

use super::harness::*;
use crate::common::{GoneCause, Notice, Settings};
use powerhose_protocol::*;

fn garbage(bench: &mut Bench, peer: Peer, messages: usize) {
    for _ in 0..messages {
        bench.say_bytes(peer.route, b"garbage", Vec::new());
    }
}

#[test]
fn a_hundred_refusals_in_a_row_end_the_connection() {
    let mut bench = Bench::new();
    let worker = bench.worker("sign");
    bench.submit("sign");
    let given = bench.job(worker);
    bench.notices();
    garbage(&mut bench, worker, 99);
    assert!(bench.cut_off().is_empty());
    assert_eq!(bench.notices(), []);
    garbage(&mut bench, worker, 1);
    assert_eq!(bench.cut_off(), [worker.route]);
    let gone = Notice::WorkerGone {
        worker: worker.number,
        pid: 0,
        cause: GoneCause::CutOff,
        job: Some(given.job),
        answered: 0,
    };
    assert_eq!(bench.notices(), [gone]);
    let other = bench.worker("sign");
    assert_eq!(bench.job(other).attempt, 2);
    assert_eq!(bench.desk.stats().peers_cut_off, 1);
}

#[test]
fn what_still_arrives_of_a_connection_that_was_cut_off_is_not_even_answered() {
    let mut bench = Bench::new();
    let client = bench.client();
    garbage(&mut bench, client, 100);
    bench.heard_on(client.route);
    garbage(&mut bench, client, 100);
    bench.hello(client.route, ROLE_CLIENT);
    bench.execute(client, 1, "sign");
    assert_eq!(bench.heard_on(client.route), []);
    assert_eq!(bench.desk.stats().accepted, 0);
}

#[test]
fn a_connection_without_a_session_is_cut_off_as_well() {
    let mut bench = Bench::new();
    let stranger = Peer { route: bench.connect(), session: 0, number: 0 };
    garbage(&mut bench, stranger, 100);
    bench.act();
    assert_eq!(bench.cut_off(), [stranger.route]);
}

#[test]
fn strikes_are_forgiven_with_time() {
    let mut bench = Bench::new();
    let worker = bench.worker("sign");
    for _ in 0..100 {
        garbage(&mut bench, worker, 10);
        bench.beat(worker);
        bench.pass(1000);
    }
    assert!(bench.cut_off().is_empty());
}

#[test]
fn nobody_pays_for_the_strikes_of_another() {
    let mut bench = Bench::new();
    let (hostile, honest) = (bench.client(), bench.client());
    garbage(&mut bench, hostile, 99);
    garbage(&mut bench, honest, 1);
    garbage(&mut bench, hostile, 1);
    bench.act();
    assert_eq!(bench.cut_off(), [hostile.route]);
    bench.heard_on(honest.route);
    bench.execute(honest, 1, "sign");
    let worker = bench.worker("sign");
    let given = bench.job(worker);
    bench.done(worker, &given);
    assert_eq!(bench.outcomes(honest).len(), 1);
}

#[test]
fn handshakes_beyond_the_bound_of_a_second_are_put_off() {
    let few = |settings: &mut Settings| {
        settings.handshakes_per_second_max = 10;
        (settings.workers_max, settings.clients_max) = (2, 3);
    };
    let mut bench = Bench::with(few);
    for _ in 0..5 {
        let worker = bench.welcomed(ROLE_WORKER);
        bench.say_bye(worker);
    }
    let route = bench.connect();
    bench.hello(route, ROLE_WORKER);
    let heard = bench.heard_on(route);
    let [Sent::Reject(refusal)] = heard.as_slice() else { panic!("{heard:?}") };
    assert_eq!((refusal.of(Kind::Hello), refusal.retry_after_ms), ("busy", Some(1000)));
    bench.pass(100);
    bench.hello_again(route, ROLE_WORKER);
}
