//! The way from callers to the loop, the same for a master in this process and for a client of one in another.

use super::changes::Changes;
use super::forks::Process;
use super::slot::Slot;
use super::turns::{Lead, Led};
use crate::WorkerExit;
use crate::common::{LostCause, Notice, Rejection, Stats, Submission, WorkerInfo};
use crate::runner::face::error::{JobError, JobErrorKind};
use crate::wires::clock;
use crossbeam_channel::{Sender, TrySendError};
use powerhose_wires::Wakeup;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// What callers ask of the loop.
pub(crate) enum Command {
    Submit {
        call: u64,
        submission: Submission,
        deadline: Instant,
        slot: Handover,
    },
    Abandon {
        call: u64,
    },
    Ask(Question),
    Subscribe(Subscriber),
    Supervised {
        pid: u32,
    },
    Exited {
        pid: u32,
        exit: WorkerExit,
    },
    /// Ends the loop once the jobs have ended, or this time is over. The answer is how many have had no reply since then.
    Close {
        within: Duration,
        since: Instant,
        done: Sender<u64>,
    },
}

/// What a caller wants to know, and where the answer goes. Whoever no longer listens needs none.
pub(crate) enum Question {
    Workers(Sender<Vec<WorkerInfo>>),
    Stats(Sender<Stats>),
}

/// Is told what happens to workers and clients, on the loop's thread, for as long as it continues.
pub(crate) type Subscriber = Box<dyn FnMut(&Notice) -> ControlFlow<()> + Send>;

/// Callers' end of the way to a loop. When the last one is gone, the loop ends.
pub(crate) struct Link {
    commands: Sender<Command>,
    wakeup: Arc<Wakeup>,
    last_call: AtomicU64,
    process: Process,
    default_timeout: Duration,
    thread: Mutex<Option<JoinHandle<()>>>,
    lead: Option<Arc<dyn Lead>>,
    /// Callers who block for a job now.
    blocked: AtomicUsize,
    /// Subscribed to the loop by the first who asks for it.
    changes: OnceLock<Arc<Changes>>,
}

/// A caller who blocks for a job, while it exists.
pub(crate) struct Blocked<'l> {
    link: &'l Link,
    company: Company,
}

/// Up to so many callers who block, one of them turns the loop.
const FEW: usize = 4;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Company {
    Few,
    Many,
}

impl Drop for Blocked<'_> {
    fn drop(&mut self) {
        self.link.blocked.fetch_sub(1, Ordering::Relaxed);
    }
}

/// How long the loop may take to end when the last handle is dropped: its sockets linger.
const END_WITHIN: Duration = Duration::ZERO;

impl Link {
    pub(crate) fn new(commands: Sender<Command>, wakeup: Arc<Wakeup>, default_timeout: Duration) -> Link {
        Link {
            commands,
            wakeup,
            last_call: AtomicU64::new(0),
            process: Process::current(),
            default_timeout,
            thread: Mutex::new(None),
            lead: None,
            blocked: AtomicUsize::new(0),
            changes: OnceLock::new(),
        }
    }

    /// The loop has this thread, and callers who block may turn it themselves.
    pub(crate) fn on(mut self, thread: JoinHandle<()>, lead: Arc<dyn Lead>) -> Link {
        self.thread = Mutex::new(Some(thread));
        self.lead = Some(lead);
        self
    }

    pub(crate) fn wakeup(&self) -> Arc<Wakeup> {
        self.wakeup.clone()
    }

    pub(crate) fn default_timeout(&self) -> Duration {
        self.default_timeout
    }

    pub(crate) fn next_call(&self) -> u64 {
        self.last_call.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Hands a job to the loop; a job that cannot be handed over ends at once.
    pub(crate) fn submit(&self, call: u64, submission: Submission, deadline: Instant, slot: &Arc<Slot>) {
        self.leave(call, submission, deadline, slot);
        self.hand_in(slot);
    }

    /// Leaves a job for whoever turns the loop next.
    pub(crate) fn leave(&self, call: u64, submission: Submission, deadline: Instant, slot: &Arc<Slot>) {
        if Process::current() != self.process {
            return reject(slot, Rejection::Forked);
        }
        let slot = Handover(Some(slot.clone()));
        // If the loop is gone, the command is dropped, which ends the job.
        let _ = self.put(Command::Submit { call, submission, deadline, slot });
    }

    /// Somebody is going to block for a job.
    pub(crate) fn block(&self) -> Blocked<'_> {
        let before = self.blocked.fetch_add(1, Ordering::Relaxed);
        Blocked { link: self, company: if before < FEW { Company::Few } else { Company::Many } }
    }

    /// Turns the loop while its caller blocks for this job, if nobody else does. Among many callers the loop's own thread
    /// does better: it goes on when a job has ended, where a caller would hand over.
    pub(crate) fn lead(&self, blocked: &Blocked<'_>, slot: &Slot, until: Option<Instant>) -> Led {
        self.end_in_a_fork(slot);
        match &self.lead {
            Some(lead) if blocked.company == Company::Few && !slot.has_ended() => lead.lead(slot, until),
            _ => Led::No,
        }
    }

    /// The loop is to look at a job that was left for it. If it sleeps, it does so here, and its own thread sleeps on.
    pub(crate) fn hand_in(&self, slot: &Slot) {
        // What was left by a forked process has ended already: nothing is to be done for it, least of all with the copy of a loop.
        if slot.has_ended() {
            return;
        }
        let led = match &self.lead {
            Some(lead) if self.wakeup.is_asleep() => lead.hand_in(),
            _ => Led::No,
        };
        if led == Led::No {
            self.wakeup.wake();
        }
    }

    /// A job that was submitted before a fork may run, but its end does not come here: this process has a copy of the loop and
    /// the loop's own descriptors, and must not turn it.
    fn end_in_a_fork(&self, slot: &Slot) {
        if Process::current() != self.process {
            slot.end(|| Err(JobError::new(JobErrorKind::Rejected(Rejection::Forked), slot.id(), true)));
        }
    }

    pub(crate) fn abandon(&self, call: u64) {
        // If the loop is gone, so is the job.
        let _ = self.ask(Command::Abandon { call });
    }

    /// Counts from the first call on what happens to workers and clients; at a client, nothing.
    pub(crate) fn changes(&self) -> &Changes {
        self.changes.get_or_init(|| {
            let changes = Arc::new(Changes::default());
            let noted = changes.clone();
            // If the loop is gone, nothing happens any more.
            let _ = self.ask(Command::Subscribe(Box::new(move |_| {
                noted.note();
                ControlFlow::Continue(())
            })));
            changes
        })
    }

    /// Hands a command over and wakes the loop if it sleeps.
    pub(crate) fn ask(&self, command: Command) -> Result<(), LoopGone> {
        self.put(command)?;
        self.wakeup.wake();
        Ok(())
    }

    fn put(&self, command: Command) -> Result<(), LoopGone> {
        self.commands.try_send(command).map_err(|error| match error {
            TrySendError::Full(_) => unreachable!("the channel has no bound of its own; the queue has"),
            TrySendError::Disconnected(_) => LoopGone,
        })
    }

    /// Ends the loop and waits for its thread; gives the number of jobs that have had no reply since then.
    pub(crate) fn close(&self, within: Duration, since: Instant) -> u64 {
        let (done, answer) = crossbeam_channel::bounded(1);
        let asked = self.ask(Command::Close { within, since, done });
        let lost = if asked.is_ok() { answer.recv().unwrap_or(0) } else { 0 };
        self.join();
        lost
    }

    fn join(&self) {
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            // A subscriber may hold the last handle; the loop cannot wait for itself.
            if thread.thread().id() != std::thread::current().id() {
                let _ = thread.join();
            }
        }
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        if Process::current() != self.process {
            return;
        }
        let (done, _) = crossbeam_channel::bounded(1);
        let _ = self.ask(Command::Close { within: END_WITHIN, since: clock::now(), done });
        self.join();
    }
}

/// A job on its way to the loop. Where nobody takes it any longer, because the loop ends, it ends as rejected.
pub(crate) struct Handover(Option<Arc<Slot>>);

impl Handover {
    pub(crate) fn take(mut self) -> Arc<Slot> {
        self.0.take().expect("it is taken once, by value")
    }
}

impl Drop for Handover {
    fn drop(&mut self) {
        if let Some(slot) = &self.0 {
            reject(slot, Rejection::Closed);
        }
    }
}

fn reject(slot: &Slot, rejection: Rejection) {
    slot.end(|| Err(JobError::new(JobErrorKind::Rejected(rejection), slot.id(), false)));
}

/// The loop has ended, closed or broken.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct LoopGone;

/// What every job ends with when the loop breaks.
pub(crate) fn lost_with_master(slot: &Slot) {
    slot.end(|| Err(JobError::new(JobErrorKind::Lost(LostCause::Master), slot.id(), true)));
}
