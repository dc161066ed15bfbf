//! A worker dies: its jobs go elsewhere, and only the one that it was running is charged.

use super::harness::*;
use crate::WorkerExit;
use crate::common::{Ending, GoneCause, LostCause, Notice, PoolSettings, Repeat, Submission};
use crate::desk::Event;
use powerhose_protocol::*;

fn with_credit(credit: u32) -> Bench {
    Bench::with(|settings| settings.pools = vec![("sign".into(), PoolSettings::new().credit(credit))])
}

/// A worker process that this host's supervisor watches over.
fn supervised(bench: &mut Bench, pid: u32) -> Peer {
    bench.event(Event::Supervised { pid });
    bench.worker_that(Registration { pid: u64::from(pid), host: HOST, ..offers(&["sign"]) })
}

fn exited(bench: &mut Bench, pid: u32, exit: WorkerExit) {
    bench.event(Event::Exited { pid, exit });
}

fn lost(cause: LostCause) -> Ending {
    Ending::Lost(cause)
}

#[test]
fn a_dead_workers_job_is_dispatched_again_at_once() {
    let mut bench = Bench::new();
    let workers = [bench.worker("sign"), bench.worker("sign")];
    let call = bench.submit("sign");
    let first = bench.job(workers[0]);
    bench.notices();
    bench.die(workers[0]);
    let second = bench.job(workers[1]);
    assert_eq!((second.job, second.attempt), (first.job, 2));
    let (worker, cause) = (workers[0].number, GoneCause::Disconnected);
    assert_eq!(
        bench.notices(),
        [Notice::WorkerGone { worker, pid: 0, cause, job: Some(first.job), answered: 0 }]
    );
    bench.done(workers[1], &second);
    let outcome = bench.outcome(call);
    assert!(matches!(outcome.ending, Ending::Done { .. }));
    assert_eq!((outcome.attempts, outcome.worker), (2, Some(workers[1].number)));
    assert_eq!(bench.desk.stats().redispatched, 1);
}

#[test]
fn a_job_is_lost_with_the_last_of_the_workers_it_may_be_charged_for() {
    let mut bench = Bench::new();
    let call = bench.submit("sign");
    for attempt in 1..=3 {
        assert!(!bench.has_ended(call));
        let worker = bench.worker("sign");
        assert_eq!(bench.job(worker).attempt, attempt);
        bench.die(worker);
    }
    let outcome = bench.outcome(call);
    assert_eq!(outcome.ending, lost(LostCause::Worker));
    assert_eq!((outcome.may_have_run, outcome.attempts, outcome.worker), (true, 3, Some(3)));
    assert_eq!(bench.desk.stats().lost, 1);
}

#[test]
fn a_job_may_have_its_own_number_of_attempts() {
    let mut bench = Bench::new();
    let worker = bench.worker("sign");
    let call = bench.submit_job(Submission { attempts_max: Some(1), ..job("sign") });
    bench.job(worker);
    bench.die(worker);
    assert_eq!(bench.ending(call), lost(LostCause::Worker));
}

#[test]
fn only_the_first_unanswered_job_is_charged() {
    let mut bench = with_credit(3);
    let attempts_max = Some(1);
    let calls: Vec<u64> =
        (0..3).map(|_| bench.submit_job(Submission { attempts_max, ..job("sign") })).collect();
    let dying = bench.worker("sign");
    assert_eq!(bench.jobs(dying).len(), 3);
    bench.die(dying);
    assert_eq!(bench.ending(calls[0]), lost(LostCause::Worker));
    let worker = bench.worker("sign");
    let neighbours = bench.jobs(worker);
    assert_eq!(neighbours.iter().map(|given| given.job.call()).collect::<Vec<_>>(), calls[1..]);
    neighbours.iter().for_each(|given| bench.done(worker, given));
    assert!(bench.is_done(calls[1]) && bench.is_done(calls[2]));
}

#[test]
fn nobody_is_charged_for_a_worker_that_died_of_a_job_whose_caller_had_left() {
    let mut bench = with_credit(2);
    let attempts_max = Some(1);
    let calls = [0, 1].map(|_| bench.submit_job(Submission { attempts_max, ..job("sign") }));
    let dying = bench.worker("sign");
    bench.jobs(dying);
    bench.abandon(calls[0]);
    bench.die(dying);
    let worker = bench.worker("sign");
    let given = bench.job(worker);
    assert_eq!(given.job.call(), calls[1]);
    bench.done(worker, &given);
    assert!(bench.is_done(calls[1]));
}

/// The worker runs its jobs in order until nothing is left, or until it dies of one.
fn run_until_it_dies_of(bench: &mut Bench, worker: Peer, poison: u64) {
    let mut stock = std::collections::VecDeque::from(bench.jobs(worker));
    while let Some(given) = stock.pop_front() {
        if given.job.call() == poison {
            return bench.die(worker);
        }
        bench.done(worker, &given);
        stock.extend(bench.jobs(worker));
    }
}

#[test]
fn a_payload_that_kills_workers_does_not_take_the_pool_down() {
    let mut bench = with_credit(4);
    let mut healthy: Vec<u64> = (0..2).map(|_| bench.submit("sign")).collect();
    let poison = bench.submit("sign");
    healthy.extend((0..8).map(|_| bench.submit("sign")));
    for _ in 0..4 {
        let worker = bench.worker("sign");
        run_until_it_dies_of(&mut bench, worker, poison);
    }
    assert_eq!(bench.ending(poison), lost(LostCause::Worker));
    assert_eq!(bench.desk.workers().len(), 1, "it has killed three");
    assert!(healthy.iter().all(|call| bench.is_done(*call)));
}

#[test]
fn a_supervised_workers_job_is_lost_with_its_exit_if_that_is_known_first() {
    for exit in [WorkerExit::Signal(9), WorkerExit::Status(3)] {
        let mut bench = Bench::new();
        let worker = supervised(&mut bench, 4711);
        let call = bench.submit_once("sign");
        bench.job(worker);
        exited(&mut bench, 4711, exit);
        assert_eq!(bench.ending(call), lost(LostCause::WorkerExit(exit)));
        assert_eq!(bench.desk.workers(), []);
        bench.die(worker);
        bench.act();
    }
}

#[test]
fn a_supervised_workers_job_waits_for_its_exit_if_the_connection_ends_first() {
    let mut bench = Bench::new();
    let worker = supervised(&mut bench, 4711);
    let call = bench.submit_once("sign");
    bench.job(worker);
    bench.die(worker);
    bench.pass(199);
    assert!(!bench.has_ended(call));
    exited(&mut bench, 4712, WorkerExit::Signal(6));
    assert!(!bench.has_ended(call), "another process");
    exited(&mut bench, 4711, WorkerExit::Signal(11));
    let outcome = bench.outcome(call);
    assert_eq!(outcome.ending, lost(LostCause::WorkerExit(WorkerExit::Signal(11))));
    assert!(outcome.may_have_run);
    bench.pass(1000);
    assert!(!bench.has_ended(call), "it has ended, once");
}

#[test]
fn an_exit_that_is_not_told_within_200_ms_is_not_waited_for() {
    let mut bench = Bench::new();
    let worker = supervised(&mut bench, 4711);
    let call = bench.submit_once("sign");
    bench.job(worker);
    bench.die(worker);
    bench.pass(200);
    assert_eq!(bench.ending(call), lost(LostCause::Worker));
    exited(&mut bench, 4711, WorkerExit::Signal(9));
    assert!(!bench.has_ended(call));
}

#[test]
fn a_deadline_or_a_caller_that_leaves_ends_the_wait_for_an_exit() {
    let mut bench = Bench::new();
    let once = |milliseconds| Submission {
        repeat: Repeat::Never,
        timeout: Some(std::time::Duration::from_millis(milliseconds)),
        ..job("sign")
    };
    let workers = [supervised(&mut bench, 1), supervised(&mut bench, 2)];
    let calls = [bench.submit_job(once(100)), bench.submit_job(once(5000))];
    workers.iter().for_each(|worker| drop(bench.job(*worker)));
    workers.iter().for_each(|worker| bench.die(*worker));
    bench.abandon(calls[1]);
    bench.pass(100);
    assert_eq!(bench.ending(calls[0]), lost(LostCause::Worker), "it was lost before its time was over");
    bench.pass(1000);
    assert!(!bench.has_ended(calls[1]));
}

#[test]
fn the_exit_of_a_process_on_another_host_is_not_waited_for() {
    let mut bench = Bench::new();
    bench.event(Event::Supervised { pid: 4711 });
    let worker = bench.worker_that(Registration { pid: 4711, host: "there", ..offers(&["sign"]) });
    let call = bench.submit_once("sign");
    bench.job(worker);
    exited(&mut bench, 4711, WorkerExit::Signal(9));
    assert!(!bench.has_ended(call), "it has the same number, but is another");
    bench.die(worker);
    assert_eq!(bench.ending(call), lost(LostCause::Worker));
}

#[test]
fn a_client_is_told_what_its_job_was_lost_with() {
    let exits = [
        (Some(WorkerExit::Signal(9)), "signal", Some(9)),
        (Some(WorkerExit::Status(3)), "exit", Some(3)),
        (None, "worker", None),
    ];
    for (exit, code, detail) in exits {
        let mut bench = Bench::new();
        let client = bench.client();
        let worker = supervised(&mut bench, 4711);
        bench.execute_all(client, &[(1, Submission { attempts_max: Some(1), ..job("sign") })]);
        bench.job(worker);
        bench.die(worker);
        match exit {
            Some(exit) => exited(&mut bench, 4711, exit),
            None => bench.pass(200),
        }
        let outcomes = bench.outcomes(client);
        assert_eq!((outcomes[0].end, outcomes[0].may_have_run), (JobEnd::Lost, true));
        assert_eq!((outcomes[0].code.as_str(), outcomes[0].detail), (code, detail));
        assert_eq!((outcomes[0].attempts, outcomes[0].worker), (1, Some(worker.number)));
    }
}

#[test]
fn the_jobs_of_a_dead_worker_keep_their_order_before_those_that_waited() {
    let mut bench = with_credit(3);
    let calls: Vec<u64> = (0..3).map(|_| bench.submit("sign")).collect();
    let dying = bench.worker("sign");
    bench.jobs(dying);
    let waiting = bench.submit("sign");
    bench.die(dying);
    let worker = bench.worker("sign");
    let first = bench.job(worker);
    assert_eq!(first.job.call(), calls[0], "alone");
    bench.done(worker, &first);
    assert_eq!(bench.calls(worker), [calls[1], calls[2], waiting]);
}
