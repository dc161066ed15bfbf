//! What `run` and `master` do for as long as they live: obey signals, tell systemd, end in good order.
//!
//! One thread takes one happening after the other and decides. Other threads do what may block for long.

mod absence;
mod notify;
mod output;
mod presence;
mod signals;
mod workers;

pub(crate) use output::forward;

use crate::exit::{Exit, Failure, Outcome};
use absence::Absence;
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, unbounded};
use notify::Notifier;
use powerhose::{JobRunner, JobsLost, StartFailure, Supervisor, SupervisorEvent};
use signals::Signal;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};
use tracing::{error, info, warn};

/// A stop that reaches the workers too may be seen in them before it is seen here.
const BEFORE_SIGNAL: Duration = Duration::from_millis(250);
/// How long workers may take to leave once their master has said goodbye.
const LEAVE_WITHIN: Duration = Duration::from_secs(5);
/// How long an end at once may take: the kernel takes the processes away.
const END_WITHIN: Duration = Duration::from_secs(5);

/// A second signal so soon after the first is the same one: supervisors and terminals send it to a group and to its members.
const SAME_SIGNAL_WITHIN: Duration = Duration::from_millis(500);

/// Something that the service has to react to.
pub(crate) enum Happening {
    /// It came at this time.
    Signal(Signal, Instant),
    Worker(SupervisorEvent),
    /// The master has ended, after it was told to.
    Closed(Result<(), JobsLost>),
}

/// Where happenings go.
pub(crate) type Happenings = (Sender<Happening>, Receiver<Happening>);

/// What runs: a master, its workers, or workers of a master elsewhere.
pub(crate) struct Service {
    happenings: Happenings,
    runner: Option<JobRunner>,
    supervisor: Option<Arc<Supervisor>>,
    /// Workers to keep.
    workers: usize,
    drain: Duration,
    phase: Phase,
    /// When it was told to end, the first time.
    told_to_end: Option<Instant>,
    /// Why no worker starts in these slots.
    given_up: BTreeMap<usize, StartFailure>,
    absence: Absence,
    /// Workers are to be replaced as soon as new ones find the master.
    replaces_later: bool,
    notifier: Notifier,
    exit: Exit,
}

/// How far its end has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Running,
    /// The master takes no further jobs and finishes what it has.
    Draining,
    /// The workers are told to leave; the master, if there was one, has gone.
    Leaving,
    /// It ends at once: the service waits for nothing any more.
    Ending {
        by: Instant,
    },
    Ended,
}

/// Signals are caught from now on: to be called before anything starts, so that none is missed.
pub(crate) fn happenings() -> Result<Happenings, Failure> {
    let (sender, receiver) = unbounded();
    signals::watch(sender.clone()).map_err(|error| Failure::system("watch for signals", error))?;
    Ok((sender, receiver))
}

impl Service {
    pub(crate) fn new(happenings: Happenings, runner: Option<JobRunner>, drain: Duration) -> Service {
        Service {
            happenings,
            runner,
            supervisor: None,
            workers: 0,
            drain,
            phase: Phase::Running,
            told_to_end: None,
            given_up: BTreeMap::new(),
            absence: Absence::default(),
            replaces_later: false,
            notifier: Notifier::from_environment(),
            exit: Exit::Fine,
        }
    }

    /// With these workers, whose supervisor tells our happenings.
    pub(crate) fn with_workers(mut self, supervisor: Arc<Supervisor>, workers: usize) -> Service {
        self.supervisor = Some(supervisor);
        self.workers = workers;
        self
    }

    /// Until it is told to end, and has.
    pub(crate) fn run(mut self) -> Outcome {
        self.notifier.ready();
        let mut tick_at = Instant::now();
        while self.phase != Phase::Ended {
            match self.happenings.1.recv_deadline(tick_at) {
                Ok(happening) => self.react(happening),
                Err(RecvTimeoutError::Timeout) => {
                    self.tick();
                    tick_at = Instant::now() + self.notifier.interval();
                }
                Err(RecvTimeoutError::Disconnected) => unreachable!("we hold a sender ourselves"),
            }
        }
        Ok(self.exit)
    }

    fn react(&mut self, happening: Happening) {
        match happening {
            Happening::Signal(signal, came) => self.obey(signal, came),
            Happening::Worker(event) => self.worker(&event),
            Happening::Closed(closed) => self.closed(closed),
        }
    }

    fn obey(&mut self, signal: Signal, came: Instant) {
        match signal {
            Signal::End => self.told_to_end(came),
            Signal::Replace => self.replace(),
            Signal::More => self.resize(self.workers.saturating_add(1).min(powerhose::WORKERS_MAX)),
            Signal::Fewer => self.resize(self.workers.saturating_sub(1).max(1)),
        }
    }

    fn told_to_end(&mut self, now: Instant) {
        let first = *self.told_to_end.get_or_insert(now);
        match self.phase {
            Phase::Running => self.drain(),
            Phase::Draining | Phase::Leaving | Phase::Ending { .. } | Phase::Ended => {
                if now.saturating_duration_since(first) >= SAME_SIGNAL_WITHIN {
                    self.end_at_once();
                }
            }
        }
    }

    fn resize(&mut self, workers: usize) {
        let Some(supervisor) = &self.supervisor else { return };
        info!(workers, before = self.workers, "another number of workers");
        supervisor.resize(workers);
        self.workers = workers;
        self.given_up.retain(|slot, _| *slot < workers);
    }

    /// Takes no further jobs and finishes what it has.
    fn drain(&mut self) {
        self.notifier.stopping();
        info!(within = ?self.drain, "draining; a second signal ends all at once");
        match &self.runner {
            Some(_) => {
                self.phase = Phase::Draining;
                self.close(self.drain);
            }
            None => self.leave(self.drain),
        }
    }

    /// Ends the master on a thread of its own: it blocks until then.
    fn close(&self, within: Duration) {
        let (Some(runner), sender) = (self.runner.clone(), self.happenings.0.clone()) else { return };
        let begun = self.told_to_end.and_then(|told| told.checked_sub(BEFORE_SIGNAL));
        let since = begun.unwrap_or_else(Instant::now);
        let close = move || drop(sender.send(Happening::Closed(runner.close_since(within, since))));
        if let Err(error) = thread::Builder::new().name("close".to_owned()).spawn(close) {
            error!(%error, "no thread to end the master in good order");
            let _ = self.happenings.0.send(Happening::Closed(Ok(())));
        }
    }

    fn closed(&mut self, closed: Result<(), JobsLost>) {
        if let Err(JobsLost { jobs }) = closed {
            warn!(jobs, "jobs ended without a reply while the master drained");
            self.exit = worse(self.exit, Exit::JobsLost);
        }
        self.runner = None;
        match self.phase {
            Phase::Running | Phase::Draining => self.leave(LEAVE_WITHIN),
            Phase::Ending { .. } if self.supervisor.is_none() => self.phase = Phase::Ended,
            Phase::Leaving | Phase::Ending { .. } | Phase::Ended => {}
        }
    }

    fn leave(&mut self, within: Duration) {
        match &self.supervisor {
            Some(supervisor) => {
                self.phase = Phase::Leaving;
                supervisor.stop_all(within);
            }
            None => self.phase = Phase::Ended,
        }
    }

    /// Kills the workers that are left. Jobs that are left are lost.
    fn end_at_once(&mut self) {
        if let Phase::Ending { .. } = self.phase {
            return;
        }
        warn!("ending at once");
        self.phase = Phase::Ending { by: Instant::now() + END_WITHIN };
        if let Some(supervisor) = &self.supervisor {
            supervisor.kill_all();
        }
        if self.runner.is_some() {
            self.close(Duration::ZERO);
        }
    }

    /// Tells systemd that we live, if the master's own loop says so.
    fn tick(&mut self) {
        match self.phase {
            Phase::Ending { by } if Instant::now() >= by => {
                error!("something does not end; leaving it to the system");
                self.phase = Phase::Ended;
            }
            Phase::Running | Phase::Draining | Phase::Leaving | Phase::Ending { .. } | Phase::Ended => {}
        }
        self.look_whether_peers_find_us();
        let asked = Instant::now();
        match self.runner.as_ref().map(JobRunner::stats) {
            None => self.notifier.alive(&format!("{} workers of a master elsewhere", self.workers)),
            Some(Ok(stats)) => self.notifier.alive(&format!(
                "{} workers, {} jobs running, {} waiting, {} done",
                stats.workers.all(),
                stats.in_flight - stats.waiting,
                stats.waiting,
                stats.done
            )),
            // A loop that hangs is left to the watchdog; one that is gone answers at once.
            Some(Err(_)) if self.phase == Phase::Running && asked.elapsed() < notify::INTERVAL => {
                error!("the master has broken");
                self.exit = Exit::Broken;
                self.end_at_once();
            }
            Some(Err(_)) => {}
        }
    }
}

/// What went wrong first is not covered by what followed from it.
fn worse(before: Exit, now: Exit) -> Exit {
    if before == Exit::Fine { now } else { before }
}
