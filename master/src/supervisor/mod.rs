//! Starts worker processes, watches them, starts them again and ends them: [`Supervisor`] is the handle.
//!
//! The [policy](policy::Policy) decides, and is pure. The thread in `children` carries out what it decides; no other thread
//! makes, signals or reaps processes. No file here knows of jobs or sockets: the owner says that a worker has registered, and
//! a listener hears what happens to processes.

mod backoff;
mod children;
mod command;
mod error;
mod event;
mod output;
#[cfg_attr(not(test), deny(clippy::disallowed_methods))]
mod policy;
mod recycling;
mod settings;
mod shared;

#[cfg(test)]
mod tests;

pub use command::{WorkerCommand, WorkerOutput};
pub use error::SpawnError;
pub use event::{StartFailure, SupervisorEvent};
pub use output::{WorkerLine, WorkerStream};
pub use recycling::{Recycling, Wear};
pub use settings::{Readiness, SupervisorSettings, WORKERS_MAX};

use children::{ABANDON_WITHIN, Children, group_leader};
use policy::Event;
use shared::{Mailbox, Message, Shared, mailbox};
use std::fmt;
use std::io;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// Keeps worker processes running.
///
/// All calls but [`Supervisor::wait_finished`] return at once; what they lead to is told to the listener. After
/// [`Supervisor::stop_all`] everything but a further stop is ignored.
///
/// Dropping it kills all workers, with all processes that they started, and waits until they are gone, at most a few
/// seconds. All of them also end when this process is killed.
pub struct Supervisor {
    mailbox: Mailbox,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl Supervisor {
    /// Starts as many workers as the settings name, and keeps them.
    ///
    /// The listener is called on the supervisor's own thread: it must be quick and never wait for anybody who may
    /// wait for the supervisor.
    ///
    /// # Errors
    ///
    /// At once, with nothing started, if the program is not there or cannot be executed, or no thread can be made. What
    /// goes wrong later is told to the listener.
    pub fn start(
        command: WorkerCommand,
        settings: SupervisorSettings,
        listener: Box<dyn FnMut(SupervisorEvent) + Send>,
    ) -> Result<Supervisor, SpawnError> {
        let command = command.resolve()?;
        let program = command.program().to_owned();
        let shared = Arc::new(Shared::default());
        let start = || {
            let (mailbox, messages) = mailbox()?;
            let ends = (mailbox.clone(), messages);
            let children = Children::new(command, settings, listener, ends, Arc::clone(&shared))?;
            let thread = thread::Builder::new().name("supervisor".to_owned()).spawn(|| children.run())?;
            Ok((mailbox, thread))
        };
        let (mailbox, thread) =
            start().map_err(|error: io::Error| SpawnError::Io { program, source: Arc::new(error) })?;
        Ok(Supervisor { mailbox, shared, thread: Some(thread) })
    }

    /// A process of this machine has registered as a worker: ours is ready, or the one that one of ours started;
    /// others are ignored. Never blocks.
    pub fn registered(&self, pid: u32) {
        // Looked up now, while it waits for its master's answer: it may be gone when the supervisor comes to it.
        self.order(Event::Registered { pid: group_leader(pid).unwrap_or(pid), worker: pid });
    }

    /// Keeps so many workers, at most [`WORKERS_MAX`]. Those that are too many get SIGTERM, finish what they run and
    /// leave.
    pub fn resize(&self, workers: usize) {
        self.order(Event::Resize { workers });
    }

    /// Replaces each worker by a new process of the same path, one after the other: the new one is started, and when it
    /// is ready the old one gets SIGTERM, finishes what it runs and leaves. Workers that were given up are tried again
    /// first. Ends with [`SupervisorEvent::Replaced`], or with [`SupervisorEvent::ReplacementHalted`] and all workers at
    /// work that were not yet replaced.
    pub fn replace_all(&self) {
        self.order(Event::ReplaceAll);
    }

    /// A process of this machine that was registered as a worker is gone from its master, had answered jobs and left none
    /// unanswered: if it has ended with status 0, or does, another follows at once, however short its life. Others are
    /// ignored. Never blocks.
    pub fn left(&self, pid: u32) {
        self.order(Event::Left { worker: pid });
    }

    /// A process of this machine, registered as a worker, is worn: it is replaced when its turn comes (see
    /// [`Recycling::share_max_percent`]). Others are ignored. Never blocks.
    pub fn worn(&self, pid: u32, wear: Wear) {
        self.order(Event::Worn { pid, wear });
    }

    /// Ends all workers and starts none: SIGTERM at once, SIGKILL to those that still run after this time. Called
    /// again it can shorten the time.
    pub fn stop_all(&self, within: Duration) {
        self.order(Event::StopAll { within });
    }

    /// Ends all workers by SIGKILL, and all that they started, and starts none.
    pub fn kill_all(&self) {
        self.stop_all(Duration::ZERO);
    }

    /// Waits until the last process has ended after a stop, and the listener has heard of it. `false`: not within
    /// this time.
    pub fn wait_finished(&self, timeout: Duration) -> bool {
        self.shared.wait_ended(timeout)
    }

    /// The processes that were started and whose end was not yet noticed, in ascending order.
    pub fn pids(&self) -> Vec<u32> {
        self.shared.pids()
    }

    /// Why new processes do not start at present, where they failed to as often as the settings allow: the slot is empty,
    /// or the process before works on there. `None` again as soon as one starts.
    pub fn failing(&self) -> Option<StartFailure> {
        self.shared.failing()
    }

    fn order(&self, event: Event) {
        self.mailbox.send(Message::Order(event));
    }
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        let Some(thread) = self.thread.take() else { return };
        self.mailbox.send(Message::Abandon);
        // The listener itself may hold the last handle; it must not wait for its own thread.
        if thread.thread().id() == thread::current().id() {
            return;
        }
        if self.shared.wait_ended(ABANDON_WITHIN + Duration::from_secs(1)) {
            // It has nothing left but to return. A panic of the listener was reported where it happened.
            let _ = thread.join();
        }
    }
}

impl fmt::Debug for Supervisor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Supervisor").field("pids", &self.pids()).finish_non_exhaustive()
    }
}
