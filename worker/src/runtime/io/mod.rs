//! The socket and the machine together: what came goes in, what the machine wants done is done. Never blocks except in
//! [`Io::wait`], which only the thread that runs the jobs calls.

use crate::WorkerError;
use crate::machine::{self, Action, Machine, Settings};
use crate::runtime::Master;
use crate::runtime::watchdog::{self, Overrun};
use crate::stop::StopWatch;
use bytes::Bytes;
use powerhose_wires::{Bounds, Link, NotConnected, choice};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Messages read in one turn. The rest waits for the next one, so that no flood keeps timers from running.
const MESSAGES_PER_TURN: usize = 1024;
/// While jobs wait here, how long the socket may go without a look between two of them: each look is a system call that
/// nearly always finds nothing, and would cost more than a short job itself.
const LOOK_AGAIN_AFTER: Duration = Duration::from_micros(100);

/// What the link is to wake for too.
const STOP: u8 = 0;

/// Begins to connect to the master.
pub(super) fn connect(master: Master<'_>) -> Result<Box<dyn Link>, WorkerError> {
    if master.curve.is_some() && !choice::has_curve() {
        return Err(WorkerError::NoCurve);
    }
    choice::connect(master.endpoint, master.curve, Bounds::of_peer())
        .map_err(|error| WorkerError::system("connect", error))
}

pub(crate) struct Io {
    pub(super) machine: Machine<Bytes>,
    link: Box<dyn Link>,
    /// A connection has ended, and the machine does not know: what came over it may still have to be read.
    has_ended: bool,
    /// Read by the link, so dropped after it.
    stop: StopWatch,
    told_to_leave: bool,
    /// Tells the running handler that nobody waits for it.
    cancelled: Arc<AtomicBool>,
    job_thread: watchdog::JobThread,
    /// Empty between messages; kept for its memory.
    payloads: Vec<Bytes>,
    turned_at: Instant,
}

impl Io {
    pub(super) fn open(
        mut link: Box<dyn Link>,
        settings: Settings,
        stop: StopWatch,
    ) -> Result<Io, WorkerError> {
        let now = Instant::now();
        link.watch(stop.as_fd(), STOP).map_err(|error| WorkerError::system("watch for a stop", error))?;
        Ok(Io {
            machine: Machine::new(now, settings),
            link,
            has_ended: false,
            stop,
            told_to_leave: false,
            cancelled: Arc::new(AtomicBool::new(false)),
            job_thread: watchdog::JobThread::current(),
            payloads: Vec::new(),
            turned_at: now,
        })
    }

    /// A job begins on this thread, at which the watchdog will look. What tells its handler that nobody waits for it.
    pub(super) fn begin_job(&mut self) -> Arc<AtomicBool> {
        self.job_thread.renew();
        self.cancelled.store(false, Ordering::Relaxed);
        self.cancelled.clone()
    }

    /// What a loop can sleep on that [announced](Io::announce_sleep) it: readable when the link has something to receive or to
    /// tell, the worker is to leave, or it was [told](Io::tell).
    pub(super) fn descriptor(&self) -> io::Result<OwnedFd> {
        self.link.as_fd().try_clone_to_owned()
    }

    /// A loop is about to sleep on the [descriptor](Io::descriptor).
    pub(super) fn announce_sleep(&self) {
        self.stop.announce_sleep();
        // Who asked before may not have seen that anybody sleeps.
        if self.stop.is_asked() && !self.told_to_leave {
            self.tell();
        }
    }

    /// Wakes a loop that sleeps on the [descriptor](Io::descriptor).
    pub(super) fn tell(&self) {
        self.stop.wake();
    }

    /// That loop is here, and awake.
    pub(super) fn awake(&mut self) {
        self.stop.awake();
        self.link.slept_elsewhere();
    }

    /// Time has passed in which nobody looked at the link, though nobody slept at it: anything may have come.
    pub(super) fn looked_away(&mut self) {
        self.link.slept_elsewhere();
    }

    /// Whether the thread that runs the jobs would have something to do, though the link tells of nothing.
    pub(super) fn has_news(&self) -> bool {
        self.machine.has_next() || self.machine.ending().is_some()
    }

    /// Whether some of what was said is still to be sent. Nothing is begun before: nobody would send it meanwhile.
    pub(super) fn has_unsent(&self) -> bool {
        self.link.has_unsent()
    }

    /// Between two jobs: a [turn](Io::turn), unless the last one was just now, or no other job is here: then
    /// [`wait`](Io::wait) looks.
    pub(super) fn turn_between_jobs(&mut self, now: Instant) {
        let just_turned = now.saturating_duration_since(self.turned_at) < LOOK_AGAIN_AFTER;
        if !just_turned && !self.machine.is_idle() {
            self.turn(now);
        }
    }

    /// Reads what came, then lets time pass.
    pub(super) fn turn(&mut self, now: Instant) {
        self.turned_at = now;
        if self.stop.is_asked() {
            self.told_to_leave = true;
            self.machine.leave(now);
            self.act(now);
        }
        for _ in 0..MESSAGES_PER_TURN {
            let Some(header) = self.link.receive(&mut self.payloads) else { break };
            let was_idle = self.machine.is_idle();
            self.machine.handle(now, &header, &mut self.payloads);
            self.act(now);
            // What stands behind the first job is read while it runs, or after it.
            if was_idle && !self.machine.is_idle() {
                break;
            }
        }
        self.machine.handle_timeout(now);
        self.act(now);
    }

    /// Does what the machine wants done.
    pub(super) fn act(&mut self, now: Instant) {
        while let Some(action) = self.machine.poll_action() {
            match action {
                Action::Send { header, payloads } => {
                    if let Err(NotConnected) = self.link.send(&header, &payloads) {
                        self.machine.handle_disconnected(now);
                    }
                }
                Action::CancelRunning => self.cancelled.store(true, Ordering::Relaxed),
                Action::Overrun { job, attempt, pool, running_for, overrun } => match overrun {
                    machine::Overrun::Hang => watchdog::end_process(
                        &self.job_thread,
                        &Overrun { job, attempt, pool: &pool, running_for },
                    ),
                    machine::Overrun::Unwanted => {
                        let text = "nobody waits for the job any longer, the process ends as it was asked to";
                        tracing::info!(%job, attempt, pool = &*pool, ?running_for, "{text}");
                        watchdog::exit();
                    }
                },
            }
        }
    }

    /// Tells the machine what has become of the connection. Whether it is to be waited for or there is something to do.
    pub(super) fn look(&mut self, now: Instant) -> Look {
        // Both are asked: what one tells, it tells once.
        self.has_ended |= self.link.has_ended() | self.link.has_hint();
        // Also if there is another connection by now.
        let connected = self.link.is_connected() && !self.has_ended;
        let readable = self.link.has_more();
        if connected && self.machine.awaits_connection() {
            self.machine.handle_connected(now);
        } else if !connected && self.machine.has_session() && !readable {
            self.machine.handle_disconnected(now);
        } else if !readable {
            self.has_ended = false;
            return Look::Nothing;
        }
        self.has_ended &= readable;
        Look::Something
    }

    /// Whether all is done of which the link's descriptor does not tell: then one can sleep on that.
    pub(super) fn has_nothing_to_do(&mut self, now: Instant) -> bool {
        self.look(now) == Look::Nothing
    }

    /// Returns once a message is there, the connection came or went, the worker is to leave, the machine's time has come,
    /// or it is `until`.
    pub(super) fn wait(&mut self, until: Option<Instant>) {
        let now = Instant::now();
        // The link's descriptor tells only of changes after this look.
        if self.look(now) == Look::Something {
            return;
        }
        let due = self.machine.poll_timeout().map(|(due, _)| due);
        let due = [due, until].into_iter().flatten().min();
        let timeout = due.map(|due| due.saturating_duration_since(now));
        self.stop.announce_sleep();
        if self.told_to_leave || !self.stop.is_asked() {
            self.link.sleep(timeout);
        }
        self.stop.awake();
    }
}

/// What [`Io::look`] saw.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Look {
    Something,
    Nothing,
}

#[cfg(test)]
mod tests;
