//! The thread that makes the worker processes, watches them and carries out the policy.
//!
//! It is one thread for the whole life of a supervisor: Linux ends a child when the *thread* that made it ends. No other
//! thread signals or reaps, so that no signal reaches another process by an id that was used again. It never decides
//! anything.

mod ends;
mod limits;
mod lines;
mod log;
mod memory;
mod process;

pub(super) use process::group_leader;

use super::command::WorkerCommand;
use super::event::SupervisorEvent;
use super::policy::{Action, Event, Policy};
use super::recycling::Wear;
use super::settings::SupervisorSettings;
use super::shared::{Mailbox, Message, Messages, Remains, Shared};
use memory::MemoryWatch;
use process::Processes;
use std::hash::{BuildHasher, RandomState};
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long an abandoned supervisor waits for killed processes to be gone. Longer only in an unresponsive kernel.
pub(super) const ABANDON_WITHIN: Duration = Duration::from_secs(5);

/// How long the last words of workers that have ended may take, where something they left behind keeps on printing.
const LINES_WITHIN: Duration = Duration::from_millis(500);
/// Between two looks at the clock while a worker starts or ends: a pause is what lies between them beyond that.
const PAUSE_LOOK: Duration = Duration::from_millis(500);
/// To wake so much later than asked is no pause.
const PAUSE_MIN: Duration = Duration::from_millis(100);

/// What the owner wants to be told.
pub(super) type Listener = Box<dyn FnMut(SupervisorEvent) + Send>;

/// The thread's state.
pub(super) struct Children {
    policy: Policy,
    processes: Processes,
    listener: Listener,
    messages: Messages,
    memory: Option<MemoryWatch>,
    abandon_at: Option<Instant>,
    /// Dropped last, also by a panic of the listener: a thread that waits for the end is freed when all else is gone.
    end: EndOfThread,
}

impl Children {
    pub(super) fn new(
        command: WorkerCommand,
        settings: SupervisorSettings,
        listener: Listener,
        (mailbox, messages): (Mailbox, Messages),
        shared: Arc<Shared>,
    ) -> io::Result<Children> {
        let seed = settings.seed.unwrap_or_else(system_seed);
        let workers = settings.workers;
        let now = Instant::now();
        let memory = settings.recycling.memory_bytes_max.map(|bytes_max| MemoryWatch::new(bytes_max, now));
        let mut policy = Policy::new(settings, seed);
        policy.handle(now, Event::Resize { workers });
        Ok(Children {
            policy,
            processes: Processes::new(command, mailbox, Arc::clone(&shared))?,
            listener,
            messages,
            memory,
            abandon_at: None,
            end: EndOfThread(shared),
        })
    }

    /// Until the last process has ended after a stop, or an abandoned supervisor has waited long enough.
    pub(super) fn run(mut self) {
        loop {
            self.act();
            self.shared().set_failing(self.policy.failing().cloned());
            if self.policy.is_finished() || !self.wait() {
                return;
            }
            // All that happened goes before anything expires: a registration that waits here is in time.
            self.receive();
            self.look_at_memory();
            self.policy.handle_timeout(Instant::now());
        }
    }

    fn shared(&self) -> &Shared {
        &self.end.0
    }

    fn look_at_memory(&mut self) {
        let now = Instant::now();
        let workers = self.processes.guards();
        let too_much = self.memory.as_mut().map(|memory| memory.look(now, workers)).unwrap_or_default();
        for pid in too_much {
            self.policy.handle(now, Event::Worn { pid, wear: Wear::Memory });
        }
    }

    fn act(&mut self) {
        while let Some(action) = self.policy.poll_action() {
            match action {
                Action::Spawn { slot } => {
                    let event = match self.processes.spawn(slot) {
                        Ok(pid) => Event::Spawned { slot, pid },
                        Err(error) => Event::SpawnFailed { slot, error },
                    };
                    self.policy.handle(Instant::now(), event);
                }
                Action::Terminate { pid } => self.processes.terminate(pid),
                Action::Kill { pid } => self.processes.kill(pid),
                Action::Report(event) => {
                    if matches!(event, SupervisorEvent::Finished) {
                        self.processes.wait_for_lines(LINES_WITHIN);
                    }
                    log::write(&event);
                    (self.listener)(event);
                }
            }
            // Making a process takes milliseconds; a death is not to wait for all of them.
            self.receive();
        }
    }

    /// Sleeps until something happens or is due. `false`: it is time to leave.
    fn wait(&mut self) -> bool {
        let due = self.policy.poll_timeout().map(|(due, _)| due);
        let look_at = self.memory.as_ref().map(MemoryWatch::due);
        let began = Instant::now();
        let pause_look = self.policy.waits_for_workers().then(|| began + PAUSE_LOOK);
        let until = [due, look_at, self.abandon_at, pause_look].into_iter().flatten().min();
        let wait = until.map(|until| until.saturating_duration_since(began));
        let ended = self.messages.sleep(|| self.processes.sleep(wait));
        let late = wait.map_or(Duration::ZERO, |wait| began.elapsed().saturating_sub(wait));
        if late > PAUSE_MIN {
            self.policy.forgive(late);
            self.abandon_at = self.abandon_at.map(|abandon_at| abandon_at + late);
        }
        self.take_in(ended);
        self.abandon_at.is_none_or(|abandon_at| Instant::now() < abandon_at)
    }

    fn receive(&mut self) {
        let ended = self.processes.sleep(Some(Duration::ZERO));
        self.take_in(ended);
    }

    /// Messages first: what was said of a process before it ended is there by the time that its end is seen.
    fn take_in(&mut self, ended: Vec<(u32, Remains)>) {
        while let Some(message) = self.messages.take() {
            self.take(message);
        }
        for (pid, remains) in ended {
            self.ended(pid, remains);
        }
    }

    fn take(&mut self, message: Message) {
        let now = Instant::now();
        match message {
            Message::Order(Event::Registered { pid, worker }) => {
                let pid = if self.processes.has(worker) { worker } else { pid };
                self.policy.handle(now, Event::Registered { pid, worker });
            }
            Message::Order(Event::Worn { pid, wear }) => {
                if let Some(pid) = self.processes.worker_of(pid) {
                    self.policy.handle(now, Event::Worn { pid, wear });
                }
            }
            Message::Order(event) => self.policy.handle(now, event),
            Message::Ended { pid, remains } => self.ended(pid, remains),
            Message::Abandon => {
                self.policy.handle(now, Event::StopAll { within: Duration::ZERO });
                self.abandon_at = Some(now + ABANDON_WITHIN);
            }
        }
    }

    fn ended(&mut self, guard: u32, remains: Remains) {
        let Some(pid) = self.processes.guarded_by(guard) else { return };
        let exit = match remains {
            Remains::Zombie => self.processes.reap(pid),
            Remains::Nothing => self.processes.forget(pid),
        };
        self.policy.handle(Instant::now(), Event::Exited { pid, exit });
    }
}

/// Tells that the thread does nothing any more.
struct EndOfThread(Arc<Shared>);

impl Drop for EndOfThread {
    fn drop(&mut self) {
        self.0.end();
    }
}

/// A seed that differs from process to process, so that masters started together do not restart workers together.
fn system_seed() -> u64 {
    RandomState::new().hash_one(std::process::id())
}
