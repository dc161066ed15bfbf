//! Jobs that go alone to a worker that has nothing else: those that must not run twice, and those that may have killed
//! a worker.

use super::harness::*;
use crate::common::PoolSettings;
use powerhose_protocol::FLAG_ONCE;

fn with_credit() -> Bench {
    Bench::with(|settings| settings.pools = vec![("sign".into(), PoolSettings::new().credit(4))])
}

#[test]
fn a_once_job_says_so_and_its_worker_gets_nothing_besides_it() {
    let mut bench = with_credit();
    let worker = bench.worker("sign");
    let once = bench.submit_once("sign");
    let next = bench.submit("sign");
    let given = bench.job(worker);
    assert_eq!((given.job.call(), given.flags), (once, FLAG_ONCE));
    bench.done(worker, &given);
    assert_eq!(bench.calls(worker), [next]);
}

#[test]
fn a_once_job_waits_for_a_worker_that_has_nothing_and_no_stock_is_refilled_meanwhile() {
    let mut bench = with_credit();
    let worker = bench.worker("sign");
    bench.submit("sign");
    bench.submit("sign");
    let given = bench.jobs(worker);
    let once = bench.submit_once("sign");
    let next = bench.submit("sign");
    bench.done(worker, &given[0]);
    assert_eq!(bench.calls(worker), []);
    bench.done(worker, &given[1]);
    let alone = bench.job(worker);
    assert_eq!(alone.job.call(), once);
    bench.done(worker, &alone);
    assert_eq!(bench.calls(worker), [next]);
}

#[test]
fn a_once_job_goes_to_the_free_one_of_two_workers() {
    let mut bench = with_credit();
    let workers = [bench.worker("sign"), bench.worker("sign")];
    bench.submit("sign");
    bench.job(workers[0]);
    let once = bench.submit_once("sign");
    assert_eq!(bench.calls(workers[1]), [once]);
}

#[test]
fn a_job_that_was_charged_goes_alone_and_before_all_others() {
    let mut bench = with_credit();
    let dying = bench.worker("sign");
    let suspect = bench.submit("sign");
    let neighbour = bench.submit("sign");
    assert_eq!(bench.jobs(dying).len(), 2);
    let waiting = bench.submit("sign");
    bench.die(dying);
    let worker = bench.worker("sign");
    let given = bench.job(worker);
    assert_eq!((given.job.call(), given.attempt), (suspect, 2));
    bench.done(worker, &given);
    assert_eq!(bench.calls(worker), [neighbour, waiting]);
}
