//! The loop over a network in memory, turned by hand, in a time that stands still.

mod hand_in;
mod network;
mod stage;

use crate::common::{GoneCause, LostCause, Notice, Rejection};
use crate::desk::tests::harness::Sent;
use crate::runner::{Job, JobErrorKind};
use powerhose_protocol::*;
use stage::Stage;
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex};
use std::time::Duration;

fn beat(session: u64) -> Heartbeat {
    Heartbeat { session, sequence: 1, acknowledged: 0, sent_ms: 0 }
}

#[test]
fn a_job_goes_to_a_worker_and_its_reply_to_whoever_submitted_it() {
    let mut stage = Stage::new();
    let worker = stage.worker();
    let handle = stage.runner.submit("payload");
    stage.turn();
    let given = stage.job(worker);
    assert_eq!(given.payload, b"payload"[..]);
    assert!(!handle.has_ended());
    stage.done(worker, &given);
    stage.turn();
    let reply = handle.wait().expect("a reply");
    assert_eq!((&reply[..], reply.worker(), reply.job()), (&b"reply"[..], worker.number, given.job));
}

#[test]
fn what_is_there_together_is_dispatched_together() {
    let mut stage = Stage::with_credit(3);
    let worker = stage.worker();
    let handles = [(); 3].map(|()| stage.runner.submit("payload"));
    stage.turn();
    assert_eq!(stage.batches(worker).iter().map(Vec::len).collect::<Vec<_>>(), [3]);
    drop(handles);
}

#[test]
fn what_has_arrived_is_taken_in_before_anybody_is_found_late() {
    let mut stage = Stage::new();
    let worker = stage.worker();
    let handle = stage.runner.submit(Job::new("payload").timeout(Duration::from_millis(100)));
    stage.turn();
    let given = stage.job(worker);
    stage.done(worker, &given);
    stage.say(worker.route, beat(worker.session));
    stage.pass(Duration::from_secs(10));
    stage.turn();
    assert_eq!(&handle.wait().expect("it arrived before the loop looked at the time")[..], b"reply");
    stage.until_idle();
    assert!(!stage.sent(worker).contains(&Sent::Cancel(vec![(given.job, 1)])));
    let next = stage.runner.submit("payload");
    stage.turn();
    stage.job(worker);
    drop(next);
}

#[test]
fn a_job_ends_at_its_deadline_and_its_worker_is_told() {
    let mut stage = Stage::new();
    let worker = stage.worker();
    let handle = stage.runner.submit(Job::new("payload").timeout(Duration::from_millis(100)));
    stage.turn();
    let given = stage.job(worker);
    stage.pass(Duration::from_millis(100));
    stage.turn();
    assert!(handle.wait().expect_err("its time is over").is_timeout());
    assert_eq!(stage.sent(worker), [Sent::Cancel(vec![(given.job, 1)])]);
}

#[test]
fn a_loop_with_work_does_not_sleep_and_one_without_sleeps_until_the_next_deadline() {
    let mut stage = Stage::new();
    let worker = stage.worker();
    let timeout = Duration::from_millis(50);
    let handle = stage.runner.submit(Job::new("payload").timeout(timeout));
    stage.network.sleeps();
    stage.turn();
    assert_eq!(stage.network.sleeps(), []);
    stage.turn();
    assert_eq!(stage.network.sleeps(), [Some(stage.now() + timeout)]);
    let given = stage.job(worker);
    stage.done(worker, &given);
    stage.turn();
    assert_eq!(stage.network.sleeps(), []);
    drop(handle);
}

#[test]
fn a_loop_that_is_awake_is_never_woken_and_one_that_sleeps_once() {
    let mut stage = Stage::new();
    let awake: Vec<_> = (0..100).map(|_| stage.runner.submit("payload")).collect();
    stage.until_idle();
    assert_eq!(stage.network.wakeups(), 0);
    let runner = stage.runner.clone();
    let asleep = Arc::new(Mutex::new(Vec::new()));
    let submitted = asleep.clone();
    stage.network.while_asleep(move || {
        let handles = (0..100).map(|_| runner.submit("payload"));
        submitted.lock().expect("nobody panicked").extend(handles);
    });
    stage.turn();
    assert_eq!(stage.network.wakeups(), 1);
    stage.turn();
    assert_eq!(stage.stats().accepted, 200, "and none of it was overlooked");
    drop((awake, asleep));
}

#[test]
fn a_worker_that_cannot_be_reached_loses_its_job_to_another_in_the_same_turn() {
    let mut stage = Stage::new();
    let workers = [stage.worker(), stage.worker()];
    stage.network.lose(workers[0].route);
    let handle = stage.runner.submit("payload");
    stage.turn();
    let given = stage.job(workers[1]);
    assert_eq!(given.attempt, 2);
    drop(handle);
}

#[test]
fn a_worker_whose_end_is_seen_loses_its_job_after_its_last_message_and_is_sent_nothing() {
    let mut stage = Stage::new();
    let [answers, dies, third] = [stage.worker(), stage.worker(), stage.worker()];
    let handles = [stage.runner.submit("answered"), stage.runner.submit("lost")];
    stage.turn();
    let given = stage.job(answers);
    assert_eq!(stage.job(dies).attempt, 1);
    stage.done(answers, &given);
    [answers, dies].into_iter().for_each(|worker| stage.network.end(worker.route));
    let before = stage.stats();
    stage.turn();
    assert!(handles[0].has_ended(), "what it said before its end counts");
    assert_eq!(stage.job(third).attempt, 2);
    assert_eq!(stage.network.refused(), 0);
    assert_eq!(stage.stats().messages_sent - before.messages_sent, 1);
}

#[test]
fn only_what_its_wire_took_counts_as_sent() {
    let mut stage = Stage::new();
    let worker = stage.worker();
    let before = stage.stats();
    stage.network.lose(worker.route);
    let handle = stage.runner.submit("payload");
    stage.turn();
    assert_eq!(stage.network.refused(), 1);
    assert_eq!(stage.stats().messages_sent, before.messages_sent);
    assert_eq!(stage.stats().bytes_sent, before.bytes_sent);
    drop(handle);
}

#[test]
fn a_hint_is_followed_by_a_probe_in_the_same_turn() {
    let mut stage = Stage::new();
    let workers = [stage.worker(), stage.worker()];
    let handle = stage.runner.submit("payload");
    stage.turn();
    stage.job(workers[0]);
    stage.network.lose(workers[0].route);
    stage.network.hint(workers[0].route);
    stage.turn();
    assert_eq!(stage.job(workers[1]).attempt, 2);
    drop(handle);
}

#[test]
fn a_peer_that_keeps_sending_garbage_is_cut_off() {
    let mut stage = Stage::new();
    let worker = stage.worker();
    for _ in 0..100 {
        stage.network.deliver(worker.route, b"garbage".to_vec(), Vec::new());
    }
    stage.turn();
    assert_eq!(stage.network.cut(), [worker.route]);
}

#[test]
fn a_turn_takes_in_a_batch_and_no_more() {
    let mut stage = Stage::new();
    let worker = stage.worker();
    for _ in 0..300 {
        stage.say(worker.route, beat(worker.session));
    }
    stage.turn();
    assert_eq!(stage.network.arriving(), 44);
    stage.turn();
    assert_eq!(stage.network.arriving(), 0);
}

#[test]
fn a_dropped_handle_takes_its_job_back() {
    let mut stage = Stage::new();
    let worker = stage.worker();
    let running = stage.runner.submit("payload");
    stage.turn();
    let given = stage.job(worker);
    let waiting = stage.runner.submit("payload");
    drop((running, waiting));
    stage.turn();
    assert_eq!(stage.sent(worker), [Sent::Cancel(vec![(given.job, 1)])]);
    assert_eq!(stage.stats().cancelled, 2);
}

#[test]
fn subscribers_are_told_until_they_have_heard_enough() {
    let mut stage = Stage::new();
    let heard = Arc::new(Mutex::new(Vec::new()));
    let told = heard.clone();
    stage.subscribe(move |notice| {
        told.lock().expect("nobody panicked").push(notice.clone());
        match notice {
            Notice::WorkerGone { .. } => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        }
    });
    let worker = stage.worker();
    stage.say(worker.route, Bye { session: worker.session, code: "leaving", text: "" });
    stage.turn();
    stage.worker();
    let heard = heard.lock().expect("nobody panicked");
    assert!(
        matches!(
            heard.as_slice(),
            [Notice::WorkerRegistered { .. }, Notice::WorkerGone { cause: GoneCause::Goodbye, .. }]
        ),
        "{heard:?}"
    );
}

#[test]
fn a_loop_that_breaks_ends_every_job_as_lost_with_the_master_and_nothing_else() {
    let mut stage = Stage::new();
    stage.worker();
    let mut handles = vec![stage.runner.submit("at a worker"), stage.runner.submit("waiting")];
    stage.turn();
    let (runner, asleep) = (stage.runner.clone(), Arc::new(Mutex::new(Vec::new())));
    let submitted = asleep.clone();
    stage.network.while_asleep(move || {
        submitted.lock().expect("nobody panicked").push(runner.submit("on its way"));
        panic!("a broken invariant");
    });
    let (runner, event_loop) = stage.take_apart();
    stage::run(event_loop);
    handles.push(runner.submit("too late"));
    handles.extend(asleep.lock().into_iter().flat_map(|mut handles| std::mem::take(&mut *handles)));
    let ends: Vec<_> = handles.into_iter().map(|handle| handle.wait().expect_err("no reply")).collect();
    let kinds: Vec<_> = ends.iter().map(|error| (error.kind().clone(), error.may_have_run())).collect();
    let lost = (JobErrorKind::Lost(LostCause::Master), true);
    let closed = (JobErrorKind::Rejected(Rejection::Closed), false);
    assert_eq!(kinds[..2], [lost.clone(), lost]);
    assert_eq!(kinds[2], closed);
}

#[test]
fn a_loop_that_is_closed_lets_jobs_finish_tells_its_peers_and_ends() {
    let mut stage = Stage::new();
    let worker = stage.worker();
    let handle = stage.runner.submit("payload");
    stage.turn();
    let given = stage.job(worker);
    let lost = stage.close(Duration::from_secs(5));
    let refused = stage.runner.submit("payload");
    let network = stage.network.clone();
    let reply = stage.reply(worker, &given);
    stage
        .network
        .while_asleep(move || network.deliver(worker.route, reply, vec![b"reply".as_slice().into()]));
    let network = stage.network.clone();
    let (_runner, event_loop) = stage.take_apart();
    stage::run(event_loop);
    assert_eq!(&handle.wait().expect("a reply")[..], b"reply");
    let error = refused.wait().expect_err("it came too late");
    assert_eq!(error.kind(), &JobErrorKind::Rejected(Rejection::Closed));
    assert_eq!(lost.try_recv(), Ok(0));
    let (_, header, _) = network.sent().pop().expect("a goodbye");
    assert!(matches!(decode(&header, 0), Ok(Message::Bye(bye)) if bye.code == "closing"));
}

#[test]
fn whoever_closes_is_told_how_many_jobs_were_lost() {
    let mut stage = Stage::new();
    stage.worker();
    let handles = [(); 3].map(|()| stage.runner.submit("payload"));
    stage.turn();
    let lost = [stage.close(Duration::ZERO), stage.close(Duration::ZERO)];
    let (_runner, event_loop) = stage.take_apart();
    stage::run(event_loop);
    assert_eq!(lost.map(|lost| lost.try_recv()), [Ok(3), Ok(3)]);
    for handle in handles {
        let error = handle.wait().expect_err("lost");
        assert_eq!(error.kind(), &JobErrorKind::Lost(LostCause::Master));
    }
}

#[test]
fn to_wait_for_workers_for_ever_ends_with_the_master() {
    let stage = Stage::new();
    let (runner, event_loop) = stage.take_apart();
    drop(event_loop);
    let missing = runner.wait_for_workers(1, Duration::MAX).expect_err("there is no master");
    assert_eq!((missing.wanted, missing.registered), (1, 0));
}
