//! Pools that nobody has declared: their jobs wait a short time for a worker, and their names cost nothing afterwards.

use super::harness::*;
use crate::common::{Ending, PoolSettings, Rejection};
use powerhose_protocol::*;
use std::time::Duration;

fn no_workers(pool: &str, offered: &str) -> Ending {
    Ending::Rejected(Rejection::NoWorkers { pool: pool.into(), offered: offered.into() })
}

#[test]
fn a_job_for_a_pool_that_nobody_offers_is_refused_after_a_second_with_those_there_are() {
    let mut bench = Bench::new();
    bench.worker_that(offers(&["sign", "hash"]));
    let call = bench.submit("singe");
    bench.pass(999);
    assert!(!bench.has_ended(call));
    bench.pass(1);
    let outcome = bench.outcome(call);
    assert_eq!(outcome.ending, no_workers("singe", "sign, hash"));
    assert_eq!((outcome.may_have_run, outcome.attempts), (false, 0));
}

#[test]
fn a_job_ends_at_its_deadline_if_that_is_sooner() {
    let mut bench = Bench::new();
    let call = bench.submit_for("sign", 500);
    bench.pass(500);
    assert_eq!(bench.ending(call), Ending::TimedOut);
    bench.pass(1000);
    assert!(!bench.has_ended(call));
}

#[test]
fn a_worker_that_comes_in_time_gets_the_job() {
    let mut bench = Bench::new();
    let call = bench.submit("sign");
    bench.pass(999);
    let worker = bench.worker("sign");
    let given = bench.job(worker);
    bench.pass(1000);
    bench.done(worker, &given);
    assert!(bench.is_done(call));
}

#[test]
fn jobs_for_a_pool_that_was_declared_or_offered_once_wait_until_their_deadline() {
    let mut bench = Bench::with(|settings| settings.pools = vec![("declared".into(), PoolSettings::new())]);
    let worker = bench.worker("offered");
    bench.die(worker);
    let calls = [bench.submit("declared"), bench.submit("offered")];
    bench.pass(4999);
    assert!(!bench.has_ended(calls[0]) && !bench.has_ended(calls[1]));
    bench.pass(1);
    assert_eq!(bench.ending(calls[0]), Ending::TimedOut);
    assert_eq!(bench.ending(calls[1]), Ending::TimedOut);
}

#[test]
fn a_pool_that_a_worker_offered_only_while_a_job_waited_is_known_from_then_on() {
    let mut bench = Bench::new();
    let call = bench.submit("sign");
    let worker = bench.worker("sign");
    bench.job(worker);
    bench.die(worker);
    bench.pass(4999);
    assert!(!bench.has_ended(call));
}

#[test]
fn how_long_to_wait_can_be_set_even_to_for_ever() {
    for (wait, passes) in [(Duration::from_millis(30), 30), (Duration::ZERO, 0)] {
        let mut bench = Bench::with(|settings| settings.unknown_pool_wait = wait);
        let call = bench.submit("sign");
        bench.pass(passes);
        assert_eq!(bench.ending(call), no_workers("sign", ""));
    }
    let mut bench = Bench::with(|settings| settings.unknown_pool_wait = Duration::MAX);
    let call = bench.submit("sign");
    bench.pass(5000);
    assert_eq!(bench.ending(call), Ending::TimedOut);
}

#[test]
fn a_client_is_told_which_pools_there_are() {
    let mut bench = Bench::new();
    bench.worker_that(offers(&["sign", "hash"]));
    let client = bench.client();
    bench.execute(client, 1, "singe");
    bench.pass(1000);
    let outcomes = bench.outcomes(client);
    assert_eq!((outcomes[0].end, outcomes[0].code.as_str()), (JobEnd::Rejected, "no_workers"));
    assert_eq!(outcomes[0].text, "sign, hash");
}

#[test]
fn a_thousand_pools_with_long_names_do_not_make_a_message_that_nobody_reads() {
    let mut bench = Bench::new();
    for number in 0..16 {
        let worker = bench.welcomed(ROLE_WORKER);
        let names: Vec<String> = (0..60).map(|pool| format!("{number:0>32}{pool:0>32}")).collect();
        let pools = names.iter().map(|name| PoolOffer { pool: name, credit_max: 1 }).collect();
        let register = Register {
            session: worker.session,
            pools,
            pid: 1,
            host: "",
            instance: "",
            attentive: true,
            labels: NamedValues(Vec::new()),
        };
        bench.say(worker.route, register);
    }
    let client = bench.client();
    bench.execute(client, 1, "singe");
    bench.pass(1000);
    let outcomes = bench.outcomes(client);
    assert_eq!(outcomes[0].code, "no_workers");
    assert!(outcomes[0].text.ends_with("…"), "{}", outcomes[0].text);
}
