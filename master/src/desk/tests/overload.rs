//! A job that cannot begin before its deadline is refused at once, with when to come again.

use super::harness::*;
use crate::common::{Clock, Ending, Overload, Rejection, Submission};
use std::time::Duration;

const RUN: Duration = Duration::from_millis(200);

/// Two workers of a pool whose jobs run for 200 ms, and that is known.
fn bench(overload: Overload) -> Bench {
    let mut bench = Bench::with(|settings| settings.overload = overload);
    let first = bench.worker("sign");
    bench.learn_run_times(first, "sign", RUN);
    bench.worker("sign");
    bench
}

fn retry_after(bench: &mut Bench, call: u64) -> Duration {
    match bench.outcome(call).ending {
        Ending::Rejected(Rejection::Overload { retry_after }) => retry_after,
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_begins_in_time_is_taken_and_what_does_not_is_refused_at_once() {
    let mut bench = bench(Overload::Refuse);
    let calls: Vec<u64> = (0..500).map(|_| bench.submit("sign")).collect();
    let refused = bench.rejected();
    // In 5 s, two workers begin 50 jobs besides the two that they begin at once; a quarter more is taken in doubt.
    let taken = calls.len() - refused.len();
    assert!((52..=66).contains(&taken), "{taken}");
    assert_eq!(refused, calls[taken..]);
    assert!((1..3).contains(&retry_after(&mut bench, calls[499]).as_secs()));
    let stats = bench.desk.stats();
    let counted = stats.rejections.iter().find(|(code, _)| *code == "overload").map(|(_, count)| count);
    assert_eq!(counted, Some(refused.len() as u64));
}

#[test]
fn who_waits_longer_is_taken_where_others_are_refused() {
    let mut bench = bench(Overload::Refuse);
    (0..60).for_each(|_| _ = bench.submit("sign"));
    let patient = bench.submit_job(Submission { timeout: Some(Duration::from_secs(60)), ..job("sign") });
    let hasty = bench.submit_for("sign", 1000);
    assert_eq!(bench.rejected(), [hasty]);
    assert!(retry_after(&mut bench, hasty) > Duration::from_secs(4));
    assert!(!bench.has_ended(patient));
}

#[test]
fn whose_time_counts_from_its_dispatch_may_wait_as_long_as_it_has_to() {
    let mut bench = bench(Overload::Refuse);
    (0..60).for_each(|_| _ = bench.submit("sign"));
    let of_a_batch =
        bench.submit_job(Submission { timeout: Some(RUN), clock: Clock::FromDispatch, ..job("sign") });
    assert!(!bench.has_ended(of_a_batch));
    assert!(bench.rejected().is_empty());
}

#[test]
fn a_client_with_few_jobs_is_not_refused_for_another_with_many() {
    let mut bench = bench(Overload::Refuse);
    (0..200).for_each(|_| _ = bench.submit("sign"));
    let client = bench.client();
    bench.execute(client, 1, "sign");
    assert!(bench.outcomes(client).is_empty());
}

#[test]
fn jobs_that_came_before_the_pace_was_known_are_given_up_once_it_is() {
    let mut bench = Bench::new();
    let worker = bench.worker("sign");
    let calls: Vec<u64> = (0..100).map(|_| bench.submit("sign")).collect();
    assert!(bench.rejected().is_empty());
    for _ in 0..8 {
        let given = bench.job(worker);
        bench.done_in(worker, &given, RUN);
    }
    let given_up = bench.rejected();
    // For 5 s there is work for one worker with 25 jobs, and a quarter more is taken in doubt.
    assert!((58..=67).contains(&given_up.len()), "{}", given_up.len());
    assert!(given_up.contains(&calls[99]) && !given_up.contains(&calls[33]));
}

#[test]
fn of_many_clients_with_a_job_each_those_that_came_last_are_given_up() {
    let mut bench = Bench::new();
    let worker = bench.worker("sign");
    let clients: Vec<Peer> = (0..100).map(|_| bench.client()).collect();
    for client in &clients {
        bench.execute(*client, 1, "sign");
    }
    for _ in 0..8 {
        let given = bench.job(worker);
        bench.done_in(worker, &given, RUN);
    }
    let ended = clients.iter().map(|client| bench.outcomes(*client).len()).collect::<Vec<_>>();
    // Eight are done, one runs, and for 5 s there are 25 more, and a quarter of that in doubt.
    let taken = ended[8..].iter().take_while(|outcomes| **outcomes == 0).count();
    assert!((26..=34).contains(&taken), "{ended:?}");
    assert!(ended[8 + taken..].iter().all(|outcomes| *outcomes == 1), "{ended:?}");
}

#[test]
fn whoever_wants_it_lets_them_wait() {
    let mut bench = bench(Overload::Wait);
    (0..500).for_each(|_| _ = bench.submit("sign"));
    assert!(bench.rejected().is_empty());
}
