//! A job's end reaches its caller once, however it waits and whatever comes first.

use super::*;
use crate::common::LostCause;
use crate::runner::JobErrorKind;
use crate::wires::clock;
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Barrier};
use std::task::Wake;
use std::time::Duration;

/// Long enough for any thread to do its part; nothing is as slow as that unless it is broken.
const FOREVER: Duration = Duration::from_secs(60);

#[derive(Default)]
struct CountingWaker(AtomicUsize);

impl CountingWaker {
    fn count(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

impl Wake for CountingWaker {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

fn error(kind: JobErrorKind) -> JobResult {
    Err(JobError::new(kind, None, true))
}

fn timed_out() -> JobResult {
    error(JobErrorKind::TimedOut)
}

fn lost() -> JobResult {
    error(JobErrorKind::Lost(LostCause::Master))
}

fn wait(slot: &Slot) -> JobResult {
    match slot.wait_until(Some(clock::now() + FOREVER), clock::now) {
        Waited::Result(result) => result,
        Waited::NotYet => panic!("it has not ended"),
        Waited::Taken => panic!("it was taken before"),
    }
}

fn poll(slot: &Slot, waker: &Arc<CountingWaker>) -> Poll<Option<JobResult>> {
    let waker = Waker::from(waker.clone());
    slot.poll(&mut Context::from_waker(&waker))
}

#[test]
fn an_end_that_comes_before_the_wait_is_there() {
    let slot = Slot::new(None);
    assert!(!slot.has_ended());
    assert_eq!(slot.end(timed_out), Ended::Now);
    assert!(slot.has_ended());
    assert_eq!(wait(&slot), timed_out());
}

#[test]
fn an_end_that_comes_later_wakes_whoever_is_blocked() {
    let slot = Slot::new(None);
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| wait(&slot));
        slot.end(timed_out);
        assert_eq!(waiting.join().expect("it does not panic"), timed_out());
    });
}

#[test]
fn the_first_end_wins_and_the_others_are_not_even_made() {
    let slot = Slot::new(None);
    slot.end(timed_out);
    assert_eq!(slot.end(|| unreachable!("nobody wants it")), Ended::Before);
    assert_eq!(wait(&slot), timed_out());
    assert_eq!(slot.end(|| unreachable!("it was taken")), Ended::Before);
}

#[test]
fn a_result_is_taken_once() {
    let slot = Slot::new(None);
    slot.end(timed_out);
    assert_eq!(wait(&slot), timed_out());
    assert!(slot.has_ended());
    assert!(matches!(slot.wait_until(None, clock::now), Waited::Taken));
    assert_eq!(poll(&slot, &Arc::default()), Poll::Ready(None));
}

#[test]
fn a_wait_whose_time_is_over_leaves_the_job_as_it_is() {
    let slot = Slot::new(None);
    let now = clock::now();
    assert!(matches!(slot.wait_until(Some(now), || now), Waited::NotYet));
    slot.end(timed_out);
    assert_eq!(wait(&slot), timed_out());
}

#[test]
fn a_future_is_woken_once_by_its_end() {
    let (slot, waker) = (Slot::new(None), Arc::<CountingWaker>::default());
    assert_eq!(poll(&slot, &waker), Poll::Pending);
    assert_eq!(waker.count(), 0);
    slot.end(timed_out);
    slot.end(lost);
    assert_eq!(waker.count(), 1);
    assert_eq!(poll(&slot, &waker), Poll::Ready(Some(timed_out())));
}

#[test]
fn the_waker_of_the_last_poll_is_the_one_that_is_woken() {
    let slot = Slot::new(None);
    let wakers = [Arc::<CountingWaker>::default(), Arc::default()];
    for waker in [&wakers[0], &wakers[0], &wakers[1]] {
        assert_eq!(poll(&slot, waker), Poll::Pending);
    }
    slot.end(timed_out);
    assert_eq!((wakers[0].count(), wakers[1].count()), (0, 1));
}

#[test]
fn a_future_that_was_blocked_on_before_is_woken() {
    let (slot, waker) = (Slot::new(None), Arc::<CountingWaker>::default());
    let now = clock::now();
    assert!(matches!(slot.wait_until(Some(now), || now), Waited::NotYet));
    assert_eq!(poll(&slot, &waker), Poll::Pending);
    slot.end(timed_out);
    assert_eq!(waker.count(), 1);
}

#[test]
fn of_two_ends_at_once_exactly_one_counts_and_it_is_the_one_that_is_seen() {
    for _ in 0..500 {
        let (slot, barrier) = (Slot::new(None), Barrier::new(3));
        let end = |result: fn() -> JobResult| {
            barrier.wait();
            slot.end(result)
        };
        std::thread::scope(|scope| {
            let one = scope.spawn(|| end(timed_out));
            let other = scope.spawn(|| end(lost));
            barrier.wait();
            let seen = wait(&slot);
            let one = one.join().expect("it does not panic");
            let other = other.join().expect("it does not panic");
            assert_ne!(one, other);
            assert_eq!(seen, if one == Ended::Now { timed_out() } else { lost() });
        });
    }
}

#[test]
fn a_jobs_id_is_known_from_when_it_is_set() {
    let slot = Slot::new(None);
    assert_eq!(slot.id(), None);
    slot.set_id(JobId::new(3, 17));
    assert_eq!(slot.id(), Some(JobId::new(3, 17)));
    assert_eq!(Slot::new(Some(JobId::new(0, 1))).id(), Some(JobId::new(0, 1)));
}

#[test]
fn a_caller_is_woken_with_those_of_other_jobs_at_the_latest_when_the_loop_is_gone() {
    let wakers: Vec<_> = (0..3).map(|_| Arc::<CountingWaker>::default()).collect();
    let count = || wakers.iter().map(|waker| waker.count()).sum::<usize>();
    let end_all = |wakes: &mut Wakes| {
        for waker in &wakers {
            let slot = Arc::new(Slot::new(None));
            assert!(poll(&slot, waker).is_pending());
            slot.clone().end_among(wakes, timed_out);
            assert!(slot.has_ended(), "the end itself does not wait");
        }
    };
    let mut wakes = Wakes::default();
    end_all(&mut wakes);
    assert_eq!(count(), 0);
    wakes.fire();
    wakes.fire();
    assert_eq!(count(), 3);
    end_all(&mut wakes);
    drop(wakes);
    assert_eq!(count(), 6);
}
