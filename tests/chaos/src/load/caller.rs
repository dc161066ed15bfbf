//! A caller: a thread that submits a job, waits for its end, looks whether it may end so, and does it again.

use super::draft::{Draft, Manner};
use super::shared::{Next, Shared};
use super::verdict::{Ended, check};
use crate::clock::Moment;
use powerhose::{JobError, JobHandle, JobRunner, Reply};
use powerhose_harness::Draws;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

/// How often a caller asks.
pub(crate) struct Pace {
    pub(crate) seed: u64,
    /// Mean time between two jobs of a caller.
    pub(crate) pause: Duration,
}

pub(crate) struct Caller {
    runner: JobRunner,
    shared: Arc<Shared>,
    random: Draws,
    pause: Duration,
}

impl Caller {
    pub(crate) fn new(runner: JobRunner, shared: Arc<Shared>, pace: &Pace, number: u64) -> Caller {
        Caller { runner, shared, random: Draws::of_part(pace.seed, 1000 + number), pause: pace.pause }
    }

    /// Never returns.
    pub(crate) fn run(mut self) {
        loop {
            let (key, next) = self.shared.next_job();
            let draft = match next {
                Next::Any => Draft::draw(key, &mut self.random),
                Next::Poison(act) => Draft::poison(key, act, &mut self.random),
            };
            self.execute(draft);
            thread::sleep(self.pause * self.random.between(0, 200) as u32 / 100);
        }
    }

    fn execute(&self, draft: Draft) {
        let submitted = Moment::now();
        let handle = self.runner.submit(draft.job());
        let deadline = handle.deadline();
        self.shared.began(draft.key, deadline, draft.to_string());
        let result = wait(handle, draft.manner);
        let ended_at = Instant::now();
        let ended = Ended { draft, result, submitted, ended: Moment::now(), deadline, ended_at };
        let finding = check(&ended);
        self.shared.ended(&ended, finding);
    }
}

/// The job's end; none if its handle was dropped before.
fn wait(mut handle: JobHandle, manner: Manner) -> Option<Result<Reply, JobError>> {
    match manner {
        Manner::Block => Some(handle.wait()),
        Manner::Poll => Some(block_on(handle)),
        Manner::Cancel(after) => Some(handle.wait_timeout(after).unwrap_or_else(|| {
            handle.cancel();
            handle.wait()
        })),
        Manner::Drop(after) => handle.wait_timeout(after),
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Polls a future on this thread, without any runtime. It has no clock of its own: what frees it comes from outside.
fn block_on<F: Future>(future: F) -> F::Output {
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut context = Context::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(output) => return output,
            Poll::Pending => thread::park(),
        }
    }
}
