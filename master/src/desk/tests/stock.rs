//! While every worker has more to do than it can have done before the loop looks again, the loop looks away.

use super::harness::*;
use crate::common::PoolSettings;
use std::time::Duration;

const RUN: Duration = Duration::from_micros(100);

/// Two workers of a pool whose jobs are short, and these many jobs.
fn busy_with(jobs: usize) -> Bench {
    let mut bench = Bench::new();
    let first = bench.worker("sign");
    bench.learn_run_times(first, "sign", RUN);
    bench.worker("sign");
    for _ in 0..jobs {
        bench.submit("sign");
    }
    bench.act();
    bench
}

#[test]
fn nobody_looks_away_from_a_worker_without_a_stock() {
    assert_eq!(Bench::new().desk.stock_lasts(), Duration::ZERO);
    for jobs in [0, 1, 2, 3] {
        assert_eq!(busy_with(jobs).desk.stock_lasts(), Duration::ZERO, "with {jobs} jobs");
    }
}

#[test]
fn the_loop_may_look_away_for_a_quarter_of_what_the_smallest_stock_takes() {
    assert_eq!(busy_with(4).desk.stock_lasts(), RUN / 4);
    assert_eq!(busy_with(7).desk.stock_lasts(), RUN / 2);
    assert_eq!(busy_with(8).desk.stock_lasts(), RUN * 3 / 4);
}

#[test]
fn it_is_bounded() {
    let mut bench =
        Bench::with(|settings| settings.pools = vec![("sign".to_owned(), PoolSettings::new().credit(64))]);
    let worker = bench.worker("sign");
    bench.learn_run_times(worker, "sign", RUN);
    for _ in 0..64 {
        bench.submit("sign");
    }
    bench.act();
    assert_eq!(bench.desk.stock_lasts(), Duration::from_micros(400));
}

#[test]
fn a_worker_that_comes_or_gets_free_ends_it() {
    for pool in ["sign", "hash"] {
        let mut bench = busy_with(4);
        bench.worker(pool);
        assert_eq!(bench.desk.stock_lasts(), Duration::ZERO);
    }
}

#[test]
fn with_very_many_pools_nobody_looks() {
    let mut bench = busy_with(8);
    for pool in ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "o", "p"] {
        bench.submit(pool);
    }
    assert_eq!(bench.desk.stock_lasts(), Duration::ZERO);
}
