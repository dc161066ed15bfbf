//! What a handle does to its job: waiting, cancelling, dropping.

use super::*;
use crate::common::{LostCause, Rejection};
use crate::runner::Job;
use crate::runner::engine::link::Command;
use crate::runner::engine::slot::Wakes;
use crate::runner::face::job_runner::{JobRunner, Place};
use crossbeam_channel::Receiver;
use powerhose_wires::Wakeup;
use std::ops::ControlFlow;
use std::task::Waker;

/// A link whose loop is the test.
fn link() -> (Arc<Link>, Receiver<Command>) {
    let (commands, asked) = crossbeam_channel::unbounded();
    let wakeup = Arc::new(Wakeup::new().expect("an eventfd"));
    (Arc::new(Link::new(commands, wakeup, Duration::from_secs(5))), asked)
}

/// A job that has been handed over, and the loop's end of it.
fn submitted(link: &Arc<Link>, asked: &Receiver<Command>, deadline: Instant) -> (JobHandle, Arc<Slot>) {
    let call = link.next_call();
    let slot = Arc::new(Slot::new(Some(JobId::new(0, call))));
    link.submit(call, Job::new("payload").into_submission(), deadline, &slot);
    let Ok(Command::Submit { slot: loops, .. }) = asked.try_recv() else { panic!("a job is handed over") };
    (JobHandle { slot, link: link.clone(), call, deadline }, loops.take())
}

fn later() -> Instant {
    clock::now() + Duration::from_secs(3600)
}

fn lost() -> JobResult {
    Err(JobError::new(JobErrorKind::Lost(LostCause::Master), None, true))
}

/// The calls that were abandoned.
fn abandoned(asked: &Receiver<Command>) -> Vec<u64> {
    asked
        .try_iter()
        .filter_map(|command| if let Command::Abandon { call } = command { Some(call) } else { None })
        .collect()
}

fn kind(result: JobResult) -> JobErrorKind {
    result.expect_err("there is no reply").kind().clone()
}

#[test]
fn waiting_gives_the_end_and_nothing_is_cancelled_afterwards() {
    let (link, asked) = link();
    let (handle, slot) = submitted(&link, &asked, later());
    slot.end(lost);
    assert!(handle.has_ended());
    assert_eq!(kind(handle.wait()), JobErrorKind::Lost(LostCause::Master));
    assert_eq!(abandoned(&asked), []);
}

#[test]
fn a_dropped_handle_cancels_its_job() {
    let (link, asked) = link();
    let (handle, slot) = submitted(&link, &asked, later());
    let call = handle.call;
    drop(handle);
    assert_eq!(abandoned(&asked), [call]);
    assert_eq!(slot.end(lost), Ended::Before, "whatever comes now reaches nobody");
}

#[test]
fn a_handle_that_ended_or_gave_its_result_is_dropped_without_a_word() {
    let (link, asked) = link();
    let (handle, slot) = submitted(&link, &asked, later());
    slot.end(lost);
    drop(handle);
    let (mut handle, slot) = submitted(&link, &asked, later());
    slot.end(lost);
    assert!(handle.wait_timeout(Duration::ZERO).is_some());
    drop(handle);
    assert_eq!(abandoned(&asked), []);
}

#[test]
fn a_cancelled_job_ends_as_cancelled_unless_it_had_ended() {
    let (link, asked) = link();
    let (handle, _slot) = submitted(&link, &asked, later());
    let call = handle.call;
    handle.cancel();
    handle.cancel();
    assert_eq!(abandoned(&asked), [call]);
    assert_eq!(kind(handle.wait()), JobErrorKind::Cancelled);

    let (handle, slot) = submitted(&link, &asked, later());
    slot.end(lost);
    handle.cancel();
    assert_eq!(abandoned(&asked), []);
    assert_eq!(kind(handle.wait()), JobErrorKind::Lost(LostCause::Master));
}

#[test]
fn a_wait_with_a_timeout_gives_nothing_when_that_is_over_and_the_job_goes_on() {
    let (link, asked) = link();
    let (mut handle, slot) = submitted(&link, &asked, later());
    assert_eq!(handle.wait_timeout(Duration::ZERO), None);
    assert_eq!(abandoned(&asked), []);
    slot.end(lost);
    assert_eq!(handle.wait_timeout(Duration::MAX), Some(lost()));
}

#[test]
fn a_blocked_caller_frees_itself_when_the_master_misses_the_deadline() {
    let (link, asked) = link();
    let passed = clock::now().checked_sub(PATIENCE * 2).expect("the clock has run for a while");
    let (handle, slot) = submitted(&link, &asked, passed);
    let call = handle.call;
    let error = handle.wait().expect_err("its time is over");
    assert!(error.is_timeout() && error.may_have_run());
    assert_eq!(error.job(), Some(JobId::new(0, call)));
    assert_eq!(abandoned(&asked), [call]);
    assert_eq!(slot.end(lost), Ended::Before);

    let (mut handle, _slot) = submitted(&link, &asked, passed);
    let result = handle.wait_timeout(Duration::from_secs(3600)).expect("the deadline is over");
    assert_eq!(kind(result), JobErrorKind::TimedOut);
}

#[test]
fn an_end_that_is_there_when_the_deadline_is_over_counts() {
    let (link, asked) = link();
    let passed = clock::now().checked_sub(PATIENCE * 2).expect("the clock has run for a while");
    let (handle, slot) = submitted(&link, &asked, passed);
    slot.end(lost);
    assert_eq!(kind(handle.wait()), JobErrorKind::Lost(LostCause::Master));
}

#[test]
fn a_handle_is_a_future_of_its_end() {
    let (link, asked) = link();
    let (mut handle, slot) = submitted(&link, &asked, later());
    let mut context = Context::from_waker(Waker::noop());
    assert!(Pin::new(&mut handle).poll(&mut context).is_pending());
    slot.end(lost);
    let Poll::Ready(result) = Pin::new(&mut handle).poll(&mut context) else { panic!("it has ended") };
    assert_eq!(kind(result), JobErrorKind::Lost(LostCause::Master));
}

#[test]
#[should_panic(expected = "taken before")]
fn a_result_cannot_be_taken_twice() {
    let (link, asked) = link();
    let (mut handle, slot) = submitted(&link, &asked, later());
    slot.end(lost);
    assert!(handle.wait_timeout(Duration::ZERO).is_some());
    let _ = handle.wait();
}

#[test]
fn a_handle_keeps_the_link_alive_and_the_last_one_ends_the_loop() {
    let (link, asked) = link();
    let (handle, _slot) = submitted(&link, &asked, later());
    drop(link);
    assert!(asked.is_empty());
    drop(handle);
    let told: Vec<Command> = asked.try_iter().collect();
    assert!(matches!(told.as_slice(), [Command::Abandon { .. }, Command::Close { .. }]));
}

#[test]
fn a_job_that_no_loop_takes_ends_as_rejected() {
    let (link, asked) = link();
    let submit = || {
        let call = link.next_call();
        let slot = Arc::new(Slot::new(Some(JobId::new(0, call))));
        link.submit(call, Job::new("payload").into_submission(), later(), &slot);
        JobHandle { slot, link: link.clone(), call, deadline: later() }
    };
    let on_its_way = submit();
    drop(asked);
    for handle in [on_its_way, submit()] {
        let error = handle.wait().expect_err("nobody runs it");
        assert_eq!(error.kind(), &JobErrorKind::Rejected(Rejection::Closed));
        assert!(!error.may_have_run());
    }
}

#[test]
fn calls_are_numbered_from_one() {
    let (link, _asked) = link();
    assert_eq!([link.next_call(), link.next_call(), link.next_call()], [1, 2, 3]);
}

/// A callback that keeps what it is given.
fn keeps() -> (Receiver<JobResult>, impl FnOnce(JobResult) + Send + 'static) {
    let (kept, results) = crossbeam_channel::unbounded();
    (results, move |result| kept.send(result).expect("the test reads it"))
}

#[test]
fn a_callback_has_the_end_once_and_nothing_is_cancelled() {
    let (link, asked) = link();
    let (handle, slot) = submitted(&link, &asked, later());
    let (results, callback) = keeps();
    let canceller = handle.on_end(callback);
    assert!(results.is_empty());
    let mut wakes = Wakes::default();
    slot.end_among(&mut wakes, lost);
    assert!(results.is_empty(), "it is called with the others");
    wakes.fire();
    canceller.cancel();
    assert_eq!(results.try_iter().map(kind).collect::<Vec<_>>(), [JobErrorKind::Lost(LostCause::Master)]);
    assert_eq!(abandoned(&asked), []);
}

#[test]
fn a_callback_of_a_job_that_has_ended_is_called_at_once() {
    let (link, asked) = link();
    let (handle, slot) = submitted(&link, &asked, later());
    slot.end(lost);
    let (results, callback) = keeps();
    handle.on_end(callback);
    assert_eq!(results.try_iter().map(kind).collect::<Vec<_>>(), [JobErrorKind::Lost(LostCause::Master)]);
}

#[test]
fn cancelling_calls_back_and_tells_the_loop() {
    let (link, asked) = link();
    let (handle, slot) = submitted(&link, &asked, later());
    let call = handle.call;
    let (results, callback) = keeps();
    let canceller = handle.on_end(callback);
    canceller.clone().cancel();
    canceller.cancel();
    assert_eq!(slot.end(lost), Ended::Before);
    assert_eq!(results.try_iter().map(kind).collect::<Vec<_>>(), [JobErrorKind::Cancelled]);
    assert_eq!(abandoned(&asked), [call]);
}

#[test]
fn a_job_is_taken_back_by_another_thread_than_waits_for_it() {
    let (link, asked) = link();
    let (handle, _slot) = submitted(&link, &asked, later());
    let (canceller, call) = (handle.canceller(), handle.call);
    let waits = std::thread::spawn(move || handle.wait());
    canceller.cancel();
    assert_eq!(kind(waits.join().expect("it only waits")), JobErrorKind::Cancelled);
    assert_eq!(abandoned(&asked), [call]);
}

#[test]
fn a_panic_of_a_callback_stays_with_it() {
    let (link, asked) = link();
    let (handle, slot) = submitted(&link, &asked, later());
    handle.on_end(|_| panic!("on purpose"));
    assert_eq!(slot.end(lost), Ended::Now);
    assert_eq!(Arc::strong_count(&link), 1, "it keeps nothing alive any longer");
}

#[test]
fn a_callback_keeps_the_link_alive_and_the_last_one_ends_the_loop() {
    let (link, asked) = link();
    let (handle, slot) = submitted(&link, &asked, later());
    let canceller = handle.on_end(drop);
    drop(link);
    assert!(asked.is_empty());
    slot.end(lost);
    canceller.cancel();
    let told: Vec<Command> = asked.try_iter().collect();
    assert!(matches!(told.as_slice(), [Command::Close { .. }]));
}

#[test]
fn a_callback_of_a_job_that_no_loop_takes_is_called() {
    let (link, asked) = link();
    let call = link.next_call();
    let slot = Arc::new(Slot::new(None));
    link.submit(call, Job::new("payload").into_submission(), later(), &slot);
    let (results, callback) = keeps();
    JobHandle { slot, link, call, deadline: later() }.on_end(callback);
    drop(asked);
    assert_eq!(results.try_iter().map(kind).collect::<Vec<_>>(), [JobErrorKind::Rejected(Rejection::Closed)]);
}

#[test]
fn a_caller_in_slices_goes_on_until_it_breaks_and_its_job_is_cancelled() {
    let (commands, asked) = crossbeam_channel::unbounded();
    let wakeup = Arc::new(Wakeup::new().expect("an eventfd"));
    let link = Link::new(commands, wakeup, Duration::from_secs(5));
    let runner = JobRunner::new(link, Place::Embedded, Vec::new());
    let mut slices = 0;
    let result = runner.execute_while("payload", Duration::from_millis(1), || {
        slices += 1;
        if slices < 3 { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    });
    assert_eq!(kind(result), JobErrorKind::Cancelled);
    assert_eq!((slices, abandoned(&asked)), (3, vec![1]));
}
