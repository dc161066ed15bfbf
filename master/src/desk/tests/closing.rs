//! The master ends: nothing is taken in, what runs may finish, everybody is told.

use super::harness::*;
use crate::common::{Ending, LostCause, Rejection, Submission};
use crate::desk::Event;
use powerhose_protocol::*;
use std::time::Duration;

fn close(bench: &mut Bench, milliseconds: u64) {
    bench.event(Event::Close { within: Duration::from_millis(milliseconds) });
}

fn goodbye() -> Sent {
    Sent::Bye { code: "closing".into() }
}

#[test]
fn a_master_without_jobs_closes_at_once_and_tells_every_peer() {
    let mut bench = Bench::new();
    let peers = [bench.worker("sign"), bench.welcomed(ROLE_WORKER), bench.client()];
    close(&mut bench, 30_000);
    assert_eq!(bench.closed(), 1);
    for peer in peers {
        assert_eq!(bench.heard(peer), [goodbye()]);
    }
    bench.pass(60_000);
    assert_eq!(bench.closed(), 1);
}

#[test]
fn jobs_that_were_taken_in_are_finished_first() {
    let mut bench = Bench::new();
    let (worker, client) = (bench.worker("sign"), bench.client());
    let own = bench.submit("sign");
    bench.execute(client, 1, "sign");
    close(&mut bench, 5000);
    let given = bench.job(worker);
    bench.done(worker, &given);
    assert!(bench.is_done(own));
    assert_eq!(bench.closed(), 0);
    let given = bench.job(worker);
    bench.done(worker, &given);
    let heard = bench.heard(client);
    assert!(matches!(heard.as_slice(), [Sent::Outcomes(_), Sent::Bye { .. }]), "in this order: {heard:?}");
    assert_eq!(bench.closed(), 1);
}

#[test]
fn a_pause_of_the_master_takes_nothing_from_the_time_for_what_runs() {
    let mut bench = Bench::new();
    let (worker, client) = (bench.worker("sign"), bench.client());
    bench.execute_all(client, &[(1, Submission { timeout: Some(Duration::from_secs(120)), ..job("sign") })]);
    let given = bench.job(worker);
    close(&mut bench, 5000);
    for _ in 0..3 {
        bench.stand_still(10_000);
        bench.pass(0);
    }
    assert_eq!(bench.heard(client), [], "three of the seconds were the master's own");
    bench.done(worker, &given);
    assert!(matches!(bench.heard(client).as_slice(), [Sent::Outcomes(_), Sent::Bye { .. }]));
    assert_eq!(bench.closed(), 1);
}

#[test]
fn no_further_job_is_taken_in_and_no_further_client() {
    let mut bench = Bench::new();
    let client = bench.client();
    bench.submit("sign");
    close(&mut bench, 1000);
    let call = bench.submit("sign");
    assert_eq!(bench.ending(call), Ending::Rejected(Rejection::Closed));
    bench.execute(client, 1, "sign");
    assert_eq!(bench.outcomes(client)[0].code, "closed");
    let route = bench.connect();
    let warnings = Warnings::while_in(|| bench.hello(route, ROLE_CLIENT));
    let heard = bench.heard_on(route);
    let [Sent::Reject(refusal)] = heard.as_slice() else { panic!("{heard:?}") };
    assert_eq!((refusal.of(Kind::Hello), refusal.retry_after_ms), ("closing", Some(1000)));
    assert_eq!(warnings, 0, "nobody has to look after it");
    let other = bench.connect();
    assert_eq!(Warnings::while_in(|| bench.hello(other, "spy")), 1);
}

#[test]
fn a_worker_that_comes_while_jobs_are_left_runs_them() {
    let mut bench = Bench::new();
    let call = bench.submit("sign");
    close(&mut bench, 1000);
    let worker = bench.worker("sign");
    let given = bench.job(worker);
    bench.done(worker, &given);
    assert!(bench.is_done(call));
    assert_eq!(bench.closed(), 1);
}

#[test]
fn what_is_left_when_the_time_is_over_is_lost_and_cancelled() {
    let mut bench = Bench::new();
    let (worker, client) = (bench.worker("sign"), bench.client());
    let running = bench.submit_for("sign", 60_000);
    let waiting = bench.submit_for("sign", 60_000);
    bench.execute(client, 1, "sign");
    let given = bench.job(worker);
    close(&mut bench, 300);
    bench.pass(299);
    assert_eq!(bench.closed(), 0);
    bench.pass(1);
    assert_eq!(bench.closed(), 1);
    let outcome = bench.outcome(running);
    assert_eq!((outcome.ending, outcome.may_have_run), (Ending::Lost(LostCause::Master), true));
    let outcome = bench.outcome(waiting);
    assert_eq!((outcome.ending, outcome.may_have_run), (Ending::Lost(LostCause::Master), false));
    assert_eq!(bench.heard(worker), [Sent::Cancel(vec![(given.job, 1)]), goodbye()]);
    let heard = bench.heard(client);
    let [Sent::Outcomes(outcomes), Sent::Bye { .. }] = heard.as_slice() else { panic!("{heard:?}") };
    assert_eq!((outcomes[0].end, outcomes[0].code.as_str()), (JobEnd::Lost, "master"));
}

#[test]
fn to_close_within_no_time_ends_everything_in_the_same_turn() {
    let mut bench = Bench::new();
    let call = bench.submit("sign");
    close(&mut bench, 0);
    bench.pass(0);
    assert_eq!(bench.ending(call), Ending::Lost(LostCause::Master));
    assert_eq!(bench.closed(), 1);
}

#[test]
fn whoever_closes_again_may_shorten_the_time() {
    let mut bench = Bench::new();
    bench.submit_for("sign", 60_000);
    bench.worker("sign");
    close(&mut bench, 30_000);
    close(&mut bench, 10);
    bench.pass(10);
    assert_eq!(bench.closed(), 1);
    close(&mut bench, 10);
    bench.pass(100);
    assert_eq!(bench.closed(), 1);
}

#[test]
fn a_drain_may_take_as_long_as_it_wants() {
    let mut bench = Bench::new();
    let worker = bench.worker("sign");
    let call = bench.submit("sign");
    let given = bench.job(worker);
    bench.event(Event::Close { within: Duration::MAX });
    bench.pass(1000);
    bench.done(worker, &given);
    assert!(bench.is_done(call));
    assert_eq!(bench.closed(), 1);
}

#[test]
fn deadlines_and_deaths_go_on_while_it_closes() {
    let mut bench = Bench::new();
    let workers = [bench.worker("sign"), bench.worker("sign")];
    let calls = [bench.submit_for("sign", 100), bench.submit("sign")];
    bench.job(workers[0]);
    bench.job(workers[1]);
    close(&mut bench, 30_000);
    bench.pass(100);
    assert_eq!(bench.ending(calls[0]), Ending::TimedOut);
    bench.die(workers[1]);
    assert!(!bench.has_ended(calls[1]), "it is to be dispatched again");
    bench.pass(4900);
    assert_eq!(bench.ending(calls[1]), Ending::TimedOut);
    assert_eq!(bench.closed(), 1);
}
