//! Many futures on one thread: the least that an asynchronous program can be.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::Instant;

/// Futures with a tag each. Only those that were woken are polled. Stays on the thread that made it.
pub(crate) struct Executor<F, T> {
    slots: Vec<Slot<F, T>>,
    free: Vec<usize>,
    woken: Arc<Woken>,
    /// Slots to be polled; kept for its memory.
    turn: Vec<usize>,
}

struct Slot<F, T> {
    running: Option<(F, T)>,
    waker: Waker,
}

/// Slots whose futures were woken, and the thread that polls them.
struct Woken {
    slots: Mutex<Vec<usize>>,
    thread: Thread,
}

struct SlotWaker {
    slot: usize,
    woken: Arc<Woken>,
}

impl Wake for SlotWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let mut slots = self.woken.slots.lock().unwrap_or_else(PoisonError::into_inner);
        slots.push(self.slot);
        let first = slots.len() == 1;
        drop(slots);
        // Whoever woke the others before has unparked the thread already.
        if first {
            self.woken.thread.unpark();
        }
    }
}

impl<F: Future + Unpin, T> Executor<F, T> {
    pub(crate) fn new() -> Executor<F, T> {
        let woken = Woken { slots: Mutex::default(), thread: thread::current() };
        Executor { slots: Vec::new(), free: Vec::new(), woken: Arc::new(woken), turn: Vec::new() }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.free.len() == self.slots.len()
    }

    /// Takes in a future; gives its output and its tag back if it is ready at once.
    pub(crate) fn add(&mut self, future: F, tag: T) -> Option<(F::Output, T)> {
        let slot = self.free.pop().unwrap_or_else(|| self.new_slot());
        self.slots[slot].running = Some((future, tag));
        self.poll_slot(slot)
    }

    /// Polls the futures that were woken, and gives the outputs of those that are ready.
    pub(crate) fn poll(&mut self, mut ready: impl FnMut(F::Output, T)) {
        let mut turn = std::mem::take(&mut self.turn);
        std::mem::swap(&mut turn, &mut self.woken.slots.lock().unwrap_or_else(PoisonError::into_inner));
        for slot in turn.drain(..) {
            if let Some((output, tag)) = self.poll_slot(slot) {
                ready(output, tag);
            }
        }
        self.turn = turn;
    }

    /// Returns once a future was woken, at the latest at this instant.
    pub(crate) fn wait(&self, until: Option<Instant>) {
        while self.woken.slots.lock().unwrap_or_else(PoisonError::into_inner).is_empty() {
            match until.map(|until| until.saturating_duration_since(Instant::now())) {
                Some(left) if left.is_zero() => return,
                Some(left) => thread::park_timeout(left),
                None => thread::park(),
            }
        }
    }

    fn new_slot(&mut self) -> usize {
        let slot = self.slots.len();
        let waker = Waker::from(Arc::new(SlotWaker { slot, woken: self.woken.clone() }));
        self.slots.push(Slot { running: None, waker });
        slot
    }

    fn poll_slot(&mut self, place: usize) -> Option<(F::Output, T)> {
        let slot = &mut self.slots[place];
        let (future, _) = slot.running.as_mut()?;
        match Pin::new(future).poll(&mut Context::from_waker(&slot.waker)) {
            Poll::Pending => None,
            Poll::Ready(output) => {
                let (_, tag) = slot.running.take()?;
                self.free.push(place);
                Some((output, tag))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::{Ready, ready};
    use std::sync::mpsc;
    use std::time::Duration;

    /// Ready once another thread has said so.
    struct Told(Arc<Mutex<(bool, Option<Waker>)>>);

    impl Future for Told {
        type Output = u32;

        fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<u32> {
            let mut state = self.0.lock().expect("nobody panics");
            state.1 = Some(context.waker().clone());
            if state.0 { Poll::Ready(7) } else { Poll::Pending }
        }
    }

    #[test]
    fn a_future_that_is_ready_at_once_gives_its_output_at_once() {
        let mut executor: Executor<Ready<u32>, &str> = Executor::new();
        assert_eq!(executor.add(ready(1), "tag"), Some((1, "tag")));
        assert!(executor.is_empty());
    }

    #[test]
    fn a_future_that_another_thread_wakes_is_polled_again() {
        let state: Arc<Mutex<(bool, Option<Waker>)>> = Arc::default();
        let mut executor = Executor::new();
        assert_eq!(executor.add(Told(state.clone()), "tag"), None);
        let teller = thread::spawn(move || {
            let mut state = state.lock().expect("nobody panics");
            state.0 = true;
            state.1.take().expect("it was polled").wake();
        });
        let (done, outputs) = mpsc::channel();
        while !executor.is_empty() {
            executor.wait(None);
            executor.poll(|output, tag| done.send((output, tag)).expect("the receiver lives"));
        }
        teller.join().expect("it does not panic");
        assert_eq!(outputs.try_recv(), Ok((7, "tag")));
    }

    #[test]
    fn waiting_ends_at_the_given_instant() {
        let executor: Executor<Ready<u32>, ()> = Executor::new();
        let until = Instant::now() + Duration::from_millis(2);
        executor.wait(Some(until));
        assert!(Instant::now() >= until);
    }
}
