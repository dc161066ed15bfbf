//! Pools that nobody has to do with any longer: when they are forgotten, and what stays of them.

use super::harness::*;
use crate::common::{PoolSettings, Stats};
use powerhose_protocol::*;
use std::time::Duration;

/// A little more than the time after which an idle pool is forgotten.
const LONG_MS: u64 = 10 * 60 * 1000 + 2000;

fn names(bench: &Bench) -> Vec<String> {
    bench.desk.stats().pools.into_iter().map(|pool| pool.name).collect()
}

/// A worker of these pools comes and goes.
fn offer_once(bench: &mut Bench, pools: &[&'static str]) {
    let worker = bench.worker_that(offers(pools));
    bench.say_bye(worker);
}

fn registers(bench: &mut Bench, pools: &[&'static str]) -> bool {
    let worker = bench.welcomed(ROLE_WORKER);
    bench.register(worker, &offers(pools));
    matches!(bench.heard(worker).first(), Some(Sent::Registered { .. }))
}

#[test]
fn a_pool_that_nobody_declared_is_forgotten_after_ten_idle_minutes() {
    let declared = ("kept".to_owned(), PoolSettings::new());
    let mut bench = Bench::with(|settings| settings.pools = vec![declared]);
    offer_once(&mut bench, &["kept", "sign"]);
    bench.pass(LONG_MS / 2);
    assert_eq!(names(&bench), ["kept", "sign"]);
    bench.pass(LONG_MS / 2 + 1000);
    assert_eq!(names(&bench), ["kept"], "what was declared stays");
    bench.submit_for("sign", 5000);
    assert!(!bench.desk.stats().pools[1].known, "as if nobody had ever offered it");
    assert!(registers(&mut bench, &["sign"]));
    assert!(bench.desk.stats().pools[1].known);
}

#[test]
fn a_pool_is_idle_from_its_last_job_or_worker_on() {
    let mut bench = Bench::new();
    offer_once(&mut bench, &["sign"]);
    bench.pass(LONG_MS / 2);
    bench.submit_for("sign", 100);
    bench.pass(LONG_MS / 2 + 1000);
    assert_eq!(names(&bench), ["sign"], "a job came meanwhile");
    let worker = bench.worker("sign");
    bench.pass_with(&[worker], LONG_MS / 1000);
    assert_eq!(names(&bench), ["sign"]);
    let waits = bench.submit_for("sign", 2 * LONG_MS);
    bench.say_bye(worker);
    bench.pass(LONG_MS);
    assert!(!bench.has_ended(waits));
    assert_eq!(names(&bench), ["sign"], "a job waits");
}

#[test]
fn a_pause_of_the_master_is_nobodys_idleness() {
    let mut bench = Bench::new();
    offer_once(&mut bench, &["sign"]);
    bench.pass(5000);
    bench.stand_still(2 * LONG_MS);
    bench.pass(5000);
    assert_eq!(names(&bench), ["sign"]);
}

#[test]
fn the_pools_that_are_idle_for_longest_make_room_for_others() {
    let mut bench = Bench::with(|settings| settings.pools_max = 3);
    for pool in ["first", "second"] {
        offer_once(&mut bench, &[pool]);
        bench.pass(3000);
    }
    let waits = bench.submit_for("third", 500);
    assert!(registers(&mut bench, &["fourth"]));
    assert_eq!(names(&bench), ["fourth", "second", "third"]);
    assert!(!registers(&mut bench, &["fifth", "sixth", "seventh"]), "a worker keeps its own");
    assert!(registers(&mut bench, &["second", "fourth"]), "what is offered is not forgotten for it");
    assert_eq!(names(&bench), ["fourth", "second", "third"]);
    bench.abandon(waits);
    let call = bench.submit("fifth");
    assert!(!bench.has_ended(call));
    bench.submit("sixth");
    assert_eq!(bench.rejected().len(), 1, "there is room for one");
}

#[test]
fn names_that_only_clients_know_take_no_room_from_workers() {
    let mut bench = Bench::with(|settings| settings.pools_max = 3);
    let waiting = ["x", "y", "z"].map(|pool| bench.submit_for(pool, 500));
    bench.submit("one more");
    assert_eq!(bench.rejected().len(), 1);
    assert!(registers(&mut bench, &["first", "second", "z"]));
    assert_eq!(
        names(&bench),
        ["first", "second", "x", "y", "z"],
        "jobs that wait for their workers do so still"
    );
    assert!(!registers(&mut bench, &["fourth"]), "those of workers have their bound");
    for call in &waiting[..2] {
        bench.abandon(*call);
    }
    assert_eq!(names(&bench), ["first", "second", "z"]);
}

#[test]
fn a_job_makes_room_as_a_worker_does() {
    let mut bench = Bench::with(|settings| settings.pools_max = 1);
    offer_once(&mut bench, &["sign"]);
    let call = bench.submit("page");
    assert!(!bench.has_ended(call));
    assert_eq!(names(&bench), ["page"]);
}

#[test]
fn pools_come_and_go_for_ever_within_the_bound() {
    let mut bench = Bench::with(|settings| settings.pools_max = 8);
    for round in 0..50 {
        let names: Vec<&'static str> =
            (0..8).map(|pool| &*format!("pool-{}", round * 8 + pool).leak()).collect();
        offer_once(&mut bench, &names);
        assert_eq!(bench.desk.holdings().pools, 8);
    }
}

#[test]
fn what_was_counted_of_forgotten_pools_stays_and_is_told() {
    let mut bench = Bench::with(|settings| settings.pools_max = 1);
    let worker = bench.worker("sign");
    for _ in 0..2 {
        bench.submit("sign");
        let given = bench.job(worker);
        bench.done_in(worker, &given, Duration::from_millis(30));
    }
    bench.say_bye(worker);
    let never_known = bench.submit("page");
    bench.abandon(never_known);
    let stats = bench.desk.stats();
    assert_eq!((stats.pools.len(), stats.done, stats.cancelled), (0, 2, 1));
    assert_eq!((stats.forgotten.ends.done, stats.forgotten.ends.cancelled), (2, 1));
    let run = &stats.forgotten.times.run;
    assert_eq!((run.count(), run.greatest()), (2, Some(Duration::from_millis(30))));
    let client = bench.client();
    let mut ask = |query| {
        bench.say(client.route, Status { session: client.session, query });
        match bench.heard(client).as_slice() {
            [Sent::State(state)] => state.clone(),
            other => panic!("one STATE was expected: {other:?}"),
        }
    };
    let told = Stats::from_values(&ask("master"), &ask("pools")).expect("all is told");
    assert_eq!(told.forgotten, stats.forgotten);
}
