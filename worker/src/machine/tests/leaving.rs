//! The way out.

use super::bench::{Bench, SESSION};
use crate::machine::Ending;
use powerhose_protocol::*;

fn leave(bench: &mut Bench) {
    bench.machine.leave(bench.now);
    bench.act();
}

#[test]
fn a_worker_leaves_by_quiet_then_the_running_job_then_bye() {
    let mut bench = Bench::registered();
    bench.give(&[1, 2], 1000);
    bench.next();
    leave(&mut bench);
    assert_eq!(bench.kinds(), [Kind::Quiet, Kind::Replies]);
    bench.hear(Quieted { session: SESSION });
    assert_eq!((bench.ending(), bench.kinds()), (None, vec![]));
    bench.finish(b"one");
    assert_eq!(bench.kinds(), [Kind::Replies, Kind::Bye]);
    assert_eq!(bench.ending(), Some(Ending::Left));
    assert_eq!(bench.machine.poll_timeout(), None);
}

#[test]
fn a_job_of_an_earlier_session_is_waited_for_and_no_longer() {
    let mut bench = Bench::registered();
    bench.give(&[1], 1000);
    bench.next();
    bench.hear(Unknown { epoch: 1 });
    bench.pass(100);
    bench.welcome(8);
    bench.registered_in(8);
    leave(&mut bench);
    bench.hear(Quieted { session: 8 });
    bench.kinds();
    assert_eq!(bench.ending(), None);
    bench.finish(b"one");
    assert_eq!((bench.kinds(), bench.ending()), (vec![Kind::Bye], Some(Ending::Left)));
}

#[test]
fn what_has_not_begun_and_what_still_comes_goes_back() {
    let mut bench = Bench::registered();
    bench.give(&[1, 2, 3], 1000);
    bench.next();
    leave(&mut bench);
    bench.give(&[4], 1000);
    assert_eq!(bench.ends(), [(2, WorkerEnd::Returned), (3, WorkerEnd::Returned), (4, WorkerEnd::Returned)]);
    bench.finish(b"one");
    assert_eq!(bench.next_call(), None);
}

#[test]
fn a_master_that_does_not_say_quieted_is_waited_for_a_second() {
    let mut bench = Bench::registered();
    leave(&mut bench);
    bench.pass(999);
    assert_eq!(bench.ending(), None);
    bench.pass(1);
    assert!(bench.kinds().contains(&Kind::Bye));
    assert_eq!(bench.ending(), Some(Ending::Left));
}

#[test]
fn heartbeats_go_on_while_a_leaving_worker_finishes_its_job() {
    let mut bench = Bench::registered();
    bench.give(&[1], 60_000);
    bench.next();
    leave(&mut bench);
    bench.hear(Quieted { session: SESSION });
    bench.kinds();
    bench.pass(40_000);
    assert_eq!(bench.kinds(), [Kind::Heartbeat; 40], "and the master's silence no longer matters");
}

#[test]
fn asking_twice_changes_nothing() {
    let mut bench = Bench::registered();
    leave(&mut bench);
    bench.kinds();
    leave(&mut bench);
    assert_eq!(bench.kinds(), []);
}

#[test]
fn a_worker_without_jobs_to_come_leaves_at_once() {
    let mut greeting = Bench::new();
    greeting.pass(0);
    greeting.kinds();
    leave(&mut greeting);
    assert_eq!((greeting.ending(), greeting.kinds()), (Some(Ending::Left), vec![]));
    let mut registering = Bench::welcomed();
    registering.kinds();
    leave(&mut registering);
    assert_eq!((registering.ending(), registering.kinds()), (Some(Ending::Left), vec![Kind::Bye]));
}

#[test]
fn a_leaving_worker_whose_session_ends_does_not_seek_another() {
    for end in [
        Message::from(Unknown { epoch: 2 }),
        Bye { session: SESSION, code: "closing", text: "" }.into(),
        Bye { session: SESSION, code: "stop", text: "" }.into(),
    ] {
        let mut bench = Bench::registered();
        bench.give(&[1], 1000);
        bench.next();
        leave(&mut bench);
        bench.kinds();
        bench.hear(end);
        bench.pass(5000);
        bench.finish(b"one");
        assert_eq!((bench.ending(), bench.kinds()), (Some(Ending::Left), vec![]));
    }
}

#[test]
fn a_leaving_worker_says_bye_in_a_session_that_replaces_the_one_it_leaves() {
    let mut bench = Bench::registered();
    bench.give(&[1], 1000);
    bench.next();
    leave(&mut bench);
    bench.kinds();
    bench.welcome(SESSION + 1);
    assert_eq!((bench.kinds(), bench.ending()), (vec![Kind::Bye], None));
    bench.finish(b"one");
    assert_eq!((bench.kinds(), bench.ending()), (vec![], Some(Ending::Left)));
}
