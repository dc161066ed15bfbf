//! A worker offers pools: REGISTER and REGISTERED.

use super::harness::*;
use crate::common::{Notice, PoolSettings, WorkerState};
use powerhose_protocol::*;

#[test]
fn a_worker_is_registered_under_its_number_and_seen() {
    let mut bench = Bench::new();
    let worker = bench.welcomed(ROLE_WORKER);
    bench.register(worker, &Registration { pid: 4711, ..offers(&["sign", "hash"]) });
    let pools = vec!["sign".to_owned(), "hash".to_owned()];
    assert_eq!(
        bench.heard(worker),
        [Sent::Registered { worker: worker.number, pools: pools.clone(), stock_wait_ms: vec![Some(2); 2] }]
    );
    let notice = Notice::WorkerRegistered { worker: worker.number, pid: 4711, pools: pools.clone() };
    assert_eq!(bench.notices(), [notice]);
    let workers = bench.desk.workers();
    assert_eq!(workers.len(), 1);
    let seen = &workers[0];
    assert_eq!((seen.id, seen.pid, seen.host.as_str()), (worker.number, 4711, "there"));
    assert_eq!((seen.instance.as_str(), seen.software.as_str()), ("instance", "paper/1"));
    assert_eq!((seen.state, &seen.pools, seen.outstanding), (WorkerState::Ready, &pools, 0));
    assert_eq!(seen.labels, [("rack".to_owned(), "b".to_owned())]);
}

#[test]
fn a_worker_that_has_not_registered_is_neither_seen_nor_given_jobs() {
    let mut bench = Bench::new();
    let candidate = bench.welcomed(ROLE_WORKER);
    bench.submit("sign");
    assert_eq!(bench.heard(candidate), []);
    assert_eq!(bench.desk.workers(), []);
}

#[test]
fn registration_brings_the_jobs_that_wait_for_its_pool() {
    let mut bench = Bench::new();
    let call = bench.submit("sign");
    bench.submit("other");
    let worker = bench.worker("sign");
    let given = bench.job(worker);
    assert_eq!((given.job, given.pool.as_str()), (JobId::new(0, call), "sign"));
}

#[test]
fn a_second_registration_replaces_the_pools_and_leaves_the_jobs_it_has() {
    let mut bench = Bench::new();
    let worker = bench.worker("sign");
    let running = bench.submit("sign");
    let given = bench.job(worker);
    bench.register(worker, &offers(&["hash"]));
    let left = bench.submit("sign");
    let taken = bench.submit("hash");
    bench.done(worker, &given);
    assert!(bench.is_done(running));
    assert_eq!(bench.calls(worker), [taken]);
    assert!(!bench.has_ended(left));
    assert_eq!(bench.desk.workers()[0].pools, ["hash"]);
}

#[test]
fn a_worker_may_name_the_same_pool_again_without_being_counted_twice() {
    let mut bench = Bench::new();
    let worker = bench.worker("sign");
    bench.register(worker, &offers(&["sign"]));
    let calls = [bench.submit("sign"), bench.submit("sign")];
    assert_eq!(bench.calls(worker), calls[..1]);
}

#[test]
fn a_worker_is_given_no_more_jobs_of_a_pool_than_it_takes() {
    let mut bench =
        Bench::with(|settings| settings.pools = vec![("sign".into(), PoolSettings::new().credit(8))]);
    let worker = bench.worker_that(Registration { pools: vec![("sign", 3)], ..offers(&[]) });
    for _ in 0..8 {
        bench.submit("sign");
    }
    assert_eq!(bench.jobs(worker).len(), 3);
}

#[test]
fn an_inattentive_worker_is_given_one_job_whatever_it_offers() {
    let mut bench =
        Bench::with(|settings| settings.pools = vec![("sign".into(), PoolSettings::new().credit(8))]);
    let worker = bench.worker_that(Registration { attentive: false, ..offers(&["sign"]) });
    for _ in 0..8 {
        bench.submit("sign");
    }
    assert_eq!(bench.jobs(worker).len(), 1);
}

#[test]
fn more_pools_than_the_master_keeps_are_refused_and_the_registration_before_holds() {
    let mut bench = Bench::with(|settings| settings.pools_max = 3);
    let worker = bench.worker("sign");
    bench.register(worker, &offers(&["sign", "a", "b", "c"]));
    let refusal = bench.refusal(worker);
    assert_eq!((refusal.of(Kind::Register), refusal.retry_after_ms), ("pools_max", Some(1000)));
    bench.submit("sign");
    bench.job(worker);
    bench.register(worker, &offers(&["sign", "a", "b"]));
    assert!(matches!(bench.heard(worker).as_slice(), [Sent::Registered { .. }]));
}

#[test]
fn a_pool_that_is_declared_twice_has_the_settings_of_the_last() {
    let declared = |credit| ("sign".to_owned(), PoolSettings::new().credit(credit));
    let mut bench = Bench::with(|settings| settings.pools = vec![declared(5), declared(2)]);
    let worker = bench.worker("sign");
    for _ in 0..8 {
        bench.submit("sign");
    }
    assert_eq!(bench.jobs(worker).len(), 2);
    bench.say(worker.route, Status { session: worker.session, query: "pools" });
    let heard = bench.heard(worker);
    let [Sent::State(state)] = heard.as_slice() else { panic!("{heard:?}") };
    assert_eq!(state.field("pools").and_then(Value::as_array).map(<[Value]>::len), Some(1));
}
