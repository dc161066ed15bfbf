//! Which worker gets a job: the one with the least to do, among equals the one that has waited longest.

use super::harness::*;
use crate::common::PoolSettings;
use std::time::Duration;

fn with_credit(credit: u32) -> Bench {
    let declared = |pool: &str| (pool.to_owned(), PoolSettings::new().credit(credit));
    Bench::with(|settings| settings.pools = vec![declared("sign"), declared("hash")])
}

#[test]
fn a_job_goes_to_a_free_worker_and_waits_while_there_is_none() {
    let mut bench = Bench::new();
    let workers = [bench.worker("sign"), bench.worker("sign")];
    let calls = [bench.submit("sign"), bench.submit("sign"), bench.submit("sign")];
    assert_eq!(bench.calls(workers[0]), calls[..1]);
    let given = bench.job(workers[1]);
    assert_eq!(given.job.call(), calls[1]);
    bench.done(workers[1], &given);
    assert_eq!(bench.calls(workers[1]), calls[2..]);
}

#[test]
fn among_free_workers_the_one_that_was_free_longest_is_next() {
    let mut bench = Bench::new();
    let workers = [bench.worker("sign"), bench.worker("sign"), bench.worker("sign")];
    let mut order = Vec::new();
    for _ in 0..9 {
        bench.submit("sign");
        bench.act();
        for (place, worker) in workers.iter().enumerate() {
            for given in bench.jobs(*worker) {
                order.push(place);
                bench.done(*worker, &given);
            }
        }
    }
    assert_eq!(order, [0, 1, 2, 0, 1, 2, 0, 1, 2]);
}

#[test]
fn a_worker_that_answered_last_is_asked_last() {
    let mut bench = Bench::new();
    let workers = [bench.worker("sign"), bench.worker("sign")];
    bench.submit("sign");
    bench.submit("sign");
    let given = [bench.job(workers[0]), bench.job(workers[1])];
    bench.done(workers[1], &given[1]);
    bench.done(workers[0], &given[0]);
    bench.submit("sign");
    bench.job(workers[1]);
}

#[test]
fn no_worker_gets_a_second_job_while_another_has_none() {
    let mut bench = with_credit(4);
    let workers = [bench.worker("sign"), bench.worker("sign"), bench.worker("sign")];
    for count in 1..=4 {
        for _ in 0..3 {
            bench.submit("sign");
            bench.act();
        }
        assert!(bench.desk.workers().iter().all(|worker| worker.outstanding == count));
    }
    let given = bench.jobs(workers[1]);
    given[..2].iter().for_each(|given| bench.done(workers[1], given));
    let next = [bench.submit("sign"), bench.submit("sign")];
    assert_eq!(bench.calls(workers[1]), next, "to the one that has least to do");
}

#[test]
fn a_worker_busy_with_another_pool_is_busy() {
    let mut bench = with_credit(4);
    let both = bench.worker_that(offers(&["sign", "hash"]));
    bench.submit("hash");
    bench.job(both);
    let other = bench.worker("sign");
    bench.submit("sign");
    bench.job(other);
}

#[test]
fn jobs_of_a_pool_go_to_its_workers_only() {
    let mut bench = Bench::new();
    let signer = bench.worker("sign");
    let hasher = bench.worker("hash");
    let calls = [bench.submit("hash"), bench.submit("hash"), bench.submit("sign")];
    assert_eq!(bench.calls(hasher), calls[..1]);
    assert_eq!(bench.calls(signer), calls[2..]);
}

#[test]
fn pools_that_share_a_worker_take_turns() {
    let mut bench = Bench::new();
    let worker = bench.worker_that(offers(&["sign", "hash"]));
    let signs: Vec<u64> = (0..4).map(|_| bench.submit("sign")).collect();
    let hashes: Vec<u64> = (0..4).map(|_| bench.submit("hash")).collect();
    let mut order = Vec::new();
    for _ in 0..8 {
        let given = bench.job(worker);
        order.push(given.job.call());
        bench.done(worker, &given);
    }
    let turns: Vec<bool> = order.iter().map(|call| signs.contains(call)).collect();
    assert!(turns.windows(2).all(|pair| pair[0] != pair[1]), "{turns:?}");
    assert_eq!(order.iter().filter(|call| hashes.contains(call)).count(), 4);
}

#[test]
fn a_worker_with_a_batch_worth_of_bytes_gets_no_more_until_it_answered() {
    let mut bench = with_credit(8);
    let worker = bench.worker("sign");
    let large = || crate::common::Submission { payload: vec![0; 200 << 10].into(), ..job("sign") };
    let calls: Vec<u64> = (0..3).map(|_| bench.submit_job(large())).collect();
    let given = bench.jobs(worker);
    assert_eq!(given.len(), 2, "the second may start the bound's last bytes, the third may not");
    bench.done(worker, &given[0]);
    assert_eq!(bench.calls(worker), calls[2..]);
}

#[test]
fn short_runs_earn_credit_and_long_ones_end_it() {
    let mut bench = Bench::new();
    let worker = bench.worker("sign");
    bench.learn_run_times(worker, "sign", Duration::from_micros(100));
    for _ in 0..60 {
        bench.submit("sign");
    }
    let given = bench.jobs(worker);
    assert!(given.len() > 12, "{}", given.len());
    bench.done_in(worker, &given[0], Duration::from_millis(20));
    given[1..].iter().for_each(|given| bench.done_in(worker, given, Duration::from_micros(100)));
    let given = bench.jobs(worker);
    assert!(given.len() > 6, "one long run among many changes little: {}", given.len());
    for given in &given {
        bench.done_in(worker, given, Duration::from_millis(20));
    }
    assert_eq!(bench.jobs(worker).len(), 1);
}

/// A worker of short jobs whose replies take so long on the way.
fn worker_at(bench: &mut Bench, way: Duration) -> Peer {
    let worker = bench.worker("sign");
    for _ in 0..32 {
        let call = bench.submit("sign");
        let given = bench.job(worker);
        bench.pass(way.as_millis() as u64);
        bench.done_in(worker, &given, Duration::from_micros(100));
        assert!(bench.is_done(call));
    }
    worker
}

#[test]
fn a_far_worker_is_given_as_much_ahead_as_bridges_its_way() {
    for (way, ahead) in [(0, 16), (1, 16), (5, 61), (20, 241)] {
        let mut bench = Bench::new();
        let worker = worker_at(&mut bench, Duration::from_millis(way));
        (0..300).for_each(|_| _ = bench.submit("sign"));
        assert_eq!(bench.calls(worker).len(), ahead, "at {way} ms");
    }
}

#[test]
fn among_workers_with_as_many_jobs_the_nearest_is_next_and_a_far_one_fills_up_alone() {
    let mut bench = Bench::new();
    let far = worker_at(&mut bench, Duration::from_millis(20));
    let near = bench.worker("sign");
    let calls = [bench.submit("sign"), bench.submit("sign")];
    assert_eq!((bench.calls(near), bench.calls(far)), (vec![calls[0]], vec![calls[1]]));
    (0..300).for_each(|_| _ = bench.submit("sign"));
    assert_eq!((bench.calls(near).len(), bench.calls(far).len()), (15, 240));
}

#[test]
fn a_fixed_credit_holds_for_far_workers_too() {
    let mut bench = with_credit(2);
    let far = worker_at(&mut bench, Duration::from_millis(20));
    (0..10).for_each(|_| _ = bench.submit("sign"));
    assert_eq!(bench.calls(far).len(), 2);
}
