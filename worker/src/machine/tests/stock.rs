//! Jobs that wait behind one that takes long go back to the master, if their pool says so.

use super::bench::Bench;
use powerhose_protocol::WorkerEnd::{Done, Returned};

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
    let mut bench = Bench::registered();
    bench.give_brief(&[1]);
    bench.next();
    bench.pass(100);
    bench.give_brief(&[2]);
    bench.pass(0);
    assert_eq!(bench.ends(), [(2, Returned)]);
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
