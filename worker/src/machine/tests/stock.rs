//! Jobs that wait behind one that takes long go back to the master, if their pool says so.

use super::bench::{Bench, SESSION};
use crate::machine::Action;
use powerhose_protocol::Unknown;
use powerhose_protocol::WorkerEnd::{Done, Returned};
use std::time::Duration;

/// The first job of a pool whose jobs do not wait long behind others is running.
fn running() -> Bench {
    let mut bench = Bench::registered();
    bench.give_brief(&[1]);
    bench.next();
    bench
}

#[test]
fn what_waits_behind_a_long_run_goes_back_the_last_first() {
    let mut bench = Bench::registered();
    bench.give_brief(&[1, 2, 3]);
    assert!(bench.machine.has_stock());
    bench.next();
    bench.pass(1);
    assert_eq!(bench.ends(), []);
    bench.pass(1);
    assert_eq!(bench.ends(), [(3, Returned), (2, Returned)]);
    assert!(!bench.machine.has_stock());
    bench.finish(b"one");
    assert_eq!((bench.ends(), bench.next()), (vec![(1, Done)], None));
}

#[test]
fn what_comes_while_a_job_takes_long_goes_back_at_once() {
    let mut bench = running();
    bench.pass(100);
    bench.give_brief(&[2]);
    bench.pass(0);
    assert_eq!(bench.ends(), [(2, Returned)]);
}

#[test]
fn what_comes_late_is_no_sign_that_the_process_stood_still() {
    let mut bench = Bench::registered();
    bench.give(&[1], 1000);
    bench.next();
    for second in 1..=10 {
        bench.pass(1000);
        bench.hear_heartbeat(second);
        bench.give_brief(&[second + 1]);
    }
    let overrun = |action: &_| matches!(action, Action::Overrun { running_for, .. } if *running_for == Duration::from_secs(3));
    assert!(bench.others.iter().any(overrun), "{:?}", bench.others);
}

#[test]
fn a_job_that_must_not_run_twice_stays_though_it_waits() {
    let mut bench = running();
    bench.give_once(2);
    bench.give_brief(&[3]);
    bench.pass(100);
    assert_eq!(bench.ends(), [(3, Returned)]);
    bench.finish(b"one");
    assert_eq!(bench.next_call(), Some(2));
}

#[test]
fn what_the_master_takes_for_running_stays_though_a_job_of_an_earlier_session_runs() {
    let mut bench = running();
    bench.hear(Unknown { epoch: 1 });
    bench.pass(100);
    bench.welcome(SESSION + 1);
    bench.registered_in(SESSION + 1);
    bench.give_brief_in(SESSION + 1, &[2, 3]);
    bench.pass(10);
    assert_eq!(bench.ends(), [(3, Returned)]);
    bench.finish(b"one");
    assert_eq!(bench.next_call(), Some(2));
}

#[test]
fn each_run_counts_for_itself() {
    let mut bench = Bench::registered();
    bench.give_brief(&[1, 2, 3]);
    for call in [1, 2, 3] {
        assert_eq!(bench.next_call(), Some(call));
        bench.pass(1);
        bench.finish(b"quick");
        bench.pass(100);
    }
    assert_eq!(bench.ends(), [(1, Done), (2, Done), (3, Done)]);
}

#[test]
fn jobs_of_a_pool_that_does_not_say_so_wait_for_as_long_as_it_takes() {
    let mut bench = Bench::registered();
    bench.give(&[1, 2], 10_000);
    bench.give_brief(&[3]);
    bench.next();
    bench.pass(1500);
    assert_eq!(bench.ends(), [(3, Returned)]);
    bench.finish(b"one");
    assert_eq!(bench.next_call(), Some(2));
}
