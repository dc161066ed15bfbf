//! Jobs that wait behind a busy worker while another is free are asked back; what comes back is not charged.

use super::harness::*;
use crate::common::PoolSettings;
use powerhose_protocol::*;

fn with_credit(credit: u32) -> Bench {
    let declared = |pool: &str| (pool.to_owned(), PoolSettings::new().credit(credit));
    Bench::with(|settings| settings.pools = vec![declared("sign"), declared("hash")])
}

/// A worker with this many jobs, before there was another.
fn loaded(bench: &mut Bench, jobs: usize) -> (Peer, Vec<Given>) {
    let worker = bench.worker("sign");
    for _ in 0..jobs {
        bench.submit("sign");
    }
    let given = bench.jobs(worker);
    assert_eq!(given.len(), jobs);
    (worker, given)
}

#[test]
fn a_free_worker_gets_what_another_has_not_begun() {
    let mut bench = with_credit(2);
    let (busy, given) = loaded(&mut bench, 2);
    let free = bench.worker("sign");
    bench.pass(2);
    assert_eq!(bench.heard(busy), [Sent::Recall(vec![(given[1].job, 1)])]);
    bench.give_back(busy, &given[1], WorkerEnd::Returned);
    let moved = bench.job(free);
    assert_eq!((moved.job, moved.attempt), (given[1].job, 2));
    bench.done(free, &moved);
    let outcome = bench.outcome(given[1].job.call());
    assert_eq!(
        (outcome.attempts, outcome.worker),
        (1, Some(free.number)),
        "what came back unrun is no attempt"
    );
}

#[test]
fn a_short_wait_behind_a_job_is_not_worth_a_recall() {
    let mut bench = with_credit(2);
    let (busy, given) = loaded(&mut bench, 2);
    bench.worker("sign");
    bench.pass(1);
    bench.done(busy, &given[0]);
    bench.pass(100);
    assert_eq!(bench.heard(busy), []);
}

#[test]
fn no_more_is_recalled_than_there_are_free_workers_and_the_last_come_first() {
    let mut bench = with_credit(5);
    let (busy, given) = loaded(&mut bench, 5);
    bench.worker("sign");
    bench.worker("sign");
    bench.pass(2);
    let last = vec![(given[4].job, 1), (given[3].job, 1)];
    assert_eq!(bench.heard(busy)[0], Sent::Recall(last));
}

#[test]
fn a_job_that_runs_is_not_asked_back() {
    let mut bench = with_credit(2);
    let (busy, _) = loaded(&mut bench, 1);
    bench.worker("sign");
    bench.pass(1000);
    assert_eq!(bench.heard(busy), []);
}

#[test]
fn a_job_that_had_begun_when_it_was_recalled_ends_as_any_other() {
    let mut bench = with_credit(2);
    let (busy, given) = loaded(&mut bench, 2);
    bench.worker("sign");
    bench.pass(2);
    bench.done(busy, &given[0]);
    bench.done(busy, &given[1]);
    assert!(bench.is_done(given[0].job.call()) && bench.is_done(given[1].job.call()));
}

#[test]
fn workers_that_rest_or_work_elsewhere_do_not_hide_that_another_is_free() {
    let mut bench = with_credit(2);
    let (busy, given) = loaded(&mut bench, 2);
    let quiet = bench.worker("sign");
    bench.say_quiet(quiet);
    bench.submit("hash");
    let elsewhere = bench.worker_that(offers(&["hash"]));
    bench.job(elsewhere);
    bench.register(elsewhere, &offers(&["sign", "hash"]));
    bench.worker("sign");
    bench.pass(2);
    assert_eq!(bench.heard(busy), [Sent::Recall(vec![(given[1].job, 1)])]);
}

#[test]
fn what_a_worker_has_not_begun_of_a_pool_that_it_offers_no_longer_goes_to_others() {
    let mut bench = with_credit(2);
    let (busy, given) = loaded(&mut bench, 2);
    bench.register(busy, &offers(&["hash"]));
    let free = bench.worker("sign");
    bench.pass(2);
    let recalls = bench.heard(busy).into_iter().filter(|sent| matches!(sent, Sent::Recall(_)));
    assert_eq!(recalls.collect::<Vec<_>>(), [Sent::Recall(vec![(given[1].job, 1)])]);
    bench.give_back(busy, &given[1], WorkerEnd::Returned);
    assert_eq!(bench.job(free).job, given[1].job);
}

#[test]
fn a_worker_that_registers_again_keeps_what_it_has_of_the_pools_that_it_still_offers() {
    let mut bench = with_credit(2);
    let (busy, _) = loaded(&mut bench, 2);
    bench.register(busy, &offers(&["hash", "sign"]));
    bench.pass(100);
    assert!(!bench.heard(busy).iter().any(|sent| matches!(sent, Sent::Recall(_))));
}

#[test]
fn a_recall_that_is_not_answered_is_not_repeated() {
    let mut bench = with_credit(3);
    let (busy, _) = loaded(&mut bench, 3);
    let free = bench.worker("sign");
    bench.pass_with(&[busy, free], 3);
    let recalls = bench.heard(busy).iter().filter(|sent| matches!(sent, Sent::Recall(_))).count();
    assert!(recalls <= 2, "each job once: {recalls}");
}

#[test]
fn a_recall_that_waits_for_its_answer_wakes_nobody() {
    let mut bench = with_credit(2);
    let (_busy, _) = loaded(&mut bench, 2);
    bench.worker("sign");
    bench.pass(10);
    let (_, reason) = bench.desk.poll_timeout().expect("heartbeats at least");
    assert_ne!(reason, "balance of a pool");
}

#[test]
fn returned_jobs_are_dispatched_before_those_that_waited() {
    let mut bench = with_credit(2);
    let (busy, given) = loaded(&mut bench, 2);
    let waiting = bench.submit("sign");
    bench.say_quiet(busy);
    bench.give_back(busy, &given[1], WorkerEnd::Returned);
    let worker = bench.worker("sign");
    assert_eq!(bench.calls(worker), [given[1].job.call(), waiting]);
}

#[test]
fn a_job_is_returned_any_number_of_times_without_a_charge() {
    let mut bench = Bench::new();
    let call = bench.submit("sign");
    for attempt in 1..=5 {
        let worker = bench.worker("sign");
        let given = bench.job(worker);
        assert_eq!(given.attempt, attempt);
        bench.say_quiet(worker);
        bench.give_back(worker, &given, WorkerEnd::Returned);
        bench.say_bye(worker);
    }
    let worker = bench.worker("sign");
    let given = bench.job(worker);
    bench.done(worker, &given);
    assert_eq!(bench.outcome(call).attempts, 1);
    assert_eq!(bench.desk.stats().returned, 5);
}

#[test]
fn a_worker_that_gives_back_what_nobody_asked_for_is_left_alone_for_a_second() {
    let mut bench = Bench::new();
    let worker = bench.worker("sign");
    let call = bench.submit("sign");
    let given = bench.job(worker);
    bench.give_back(worker, &given, WorkerEnd::Returned);
    bench.pass(999);
    assert_eq!(bench.calls(worker), []);
    bench.pass(1);
    assert_eq!(bench.calls(worker), [call]);
}

#[test]
fn what_a_worker_gives_back_from_behind_a_long_run_goes_to_others_in_its_order_and_it_gets_nothing_before_its_answer()
 {
    let mut bench = with_credit(3);
    let (busy, given) = loaded(&mut bench, 3);
    let waiting = bench.submit("sign");
    for given in given[1..].iter().rev() {
        bench.give_back(busy, given, WorkerEnd::Returned);
    }
    assert_eq!(bench.calls(busy), [], "nothing joins a long run");
    let free = bench.worker("sign");
    assert_eq!(bench.calls(free), [given[1].job.call(), given[2].job.call(), waiting]);
    let next = bench.submit("sign");
    bench.done(busy, &given[0]);
    assert_eq!(bench.calls(busy), [next], "it has answered, and rests for nothing");
}

#[test]
fn a_worker_is_told_to_give_back_what_waits_unless_the_credit_of_its_pool_is_fixed() {
    let mut bench = Bench::with(|settings| {
        settings.pools = vec![("sign".to_owned(), PoolSettings::new().credit(2))];
    });
    let worker = bench.welcomed(ROLE_WORKER);
    bench.register(worker, &offers(&["sign", "hash"]));
    let heard = bench.heard(worker);
    let [Sent::Registered { stock_wait_ms, .. }] = &heard[..] else { panic!("{heard:?}") };
    assert_eq!(*stock_wait_ms, [None, Some(2)]);
}

#[test]
fn an_inattentive_worker_is_never_asked_back() {
    let mut bench = with_credit(2);
    let worker = bench.worker_that(Registration { attentive: false, ..offers(&["sign", "hash"]) });
    bench.submit("sign");
    bench.submit("hash");
    bench.job(worker);
    bench.worker("sign");
    bench.pass(100);
    assert_eq!(bench.heard(worker), []);
}
