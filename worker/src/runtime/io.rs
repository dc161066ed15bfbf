//! The socket and the machine together: what came goes in, what the machine wants done is done. Never blocks except in
//! [`Io::wait`], which only the job thread calls.

use super::Master;
use super::frame::Frame;
use super::socket::{Events, MasterSocket, Sent};
use super::watchdog;
use crate::WorkerError;
use crate::machine::{Action, Machine, Settings};
use crate::stop::StopWatch;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Messages read in one turn. The rest waits for the next one, so that no flood keeps timers from running.
const MESSAGES_PER_TURN: usize = 1024;
/// While jobs wait here, how long the socket may go without a look between two of them: each look is a system call that
/// nearly always finds nothing, and would cost more than a short job itself.
const LOOK_AGAIN_AFTER: Duration = Duration::from_micros(100);

pub(super) struct Io<'a> {
    pub(super) machine: Machine<Frame>,
    socket: MasterSocket,
    stop: &'a StopWatch,
    /// Tells the running handler that nobody waits for it.
    cancelled: Arc<AtomicBool>,
    job_thread: watchdog::JobThread,
    /// Empty between messages; kept for its memory.
    payloads: Vec<Frame>,
    turned_at: Instant,
}

impl<'a> Io<'a> {
    /// To be called on the job thread: the watchdog will look at the thread that did.
    pub(super) fn open(
        master: Master<'_>,
        settings: Settings,
        stop: &'a StopWatch,
        cancelled: Arc<AtomicBool>,
    ) -> Result<Io<'a>, WorkerError> {
        let now = Instant::now();
        Ok(Io {
            machine: Machine::new(now, settings),
            socket: MasterSocket::connect(master)?,
            stop,
            cancelled,
            job_thread: watchdog::JobThread::current(),
            payloads: Vec::new(),
            turned_at: now,
        })
    }

    /// Whether some of what was said is still to be sent. Nothing is begun before: nobody would send it meanwhile.
    pub(super) fn has_unsent(&self) -> bool {
        self.socket.has_unsent()
    }

    /// Between two jobs: a [turn](Io::turn), unless the last one was just now, or no other job is here: then
    /// [`wait`](Io::wait) looks.
    pub(super) fn turn_between_jobs(&mut self, now: Instant) -> Result<(), WorkerError> {
        let just_turned = now.saturating_duration_since(self.turned_at) < LOOK_AGAIN_AFTER;
        if just_turned || self.machine.is_idle() {
            return Ok(());
        }
        self.turn(now)
    }

    /// Reads what came, then lets time pass.
    pub(super) fn turn(&mut self, now: Instant) -> Result<(), WorkerError> {
        self.turned_at = now;
        if self.stop.is_asked() {
            self.stop.drain();
            self.machine.leave(now);
            self.act(now)?;
        }
        for _ in 0..MESSAGES_PER_TURN {
            let Some(header) = self.socket.receive(&mut self.payloads)? else { break };
            let was_idle = self.machine.is_idle();
            self.machine.handle(now, &header, &mut self.payloads);
            self.act(now)?;
            // What stands behind the first job is read while it runs, or after it.
            if was_idle && !self.machine.is_idle() {
                break;
            }
        }
        self.machine.handle_timeout(now);
        self.act(now)
    }

    /// Does what the machine wants done.
    pub(super) fn act(&mut self, now: Instant) -> Result<(), WorkerError> {
        while let Some(action) = self.machine.poll_action() {
            match action {
                Action::Send { header, payloads } => match self.socket.send(header, payloads)? {
                    Sent::Whole => {}
                    Sent::NoConnection => self.machine.handle_disconnected(now),
                },
                Action::CancelRunning => self.cancelled.store(true, Ordering::Relaxed),
                Action::Overrun { job, attempt, pool, running_for } => {
                    tracing::error!(%job, attempt, pool = &*pool, ?running_for, "the handler hangs, the process ends");
                    watchdog::end_process(&self.job_thread);
                }
            }
        }
        Ok(())
    }

    /// Tells the machine what has become of the connection. Whether it is to be waited for or there is something to do.
    pub(super) fn look(&mut self, now: Instant) -> Result<Look, WorkerError> {
        let Events { readable, connected } = self.socket.events()?;
        if connected && self.machine.awaits_connection() {
            self.machine.handle_connected(now);
        } else if !connected && self.machine.has_session() && !readable {
            self.machine.handle_disconnected(now);
        } else if !readable {
            return Ok(Look::Nothing);
        }
        Ok(Look::Something)
    }

    /// Returns once a message is there, the connection came or went, the worker is to leave, or the machine's time has
    /// come.
    pub(super) fn wait(&mut self) -> Result<(), WorkerError> {
        let now = Instant::now();
        // The socket's descriptor tells only of changes after this look.
        if self.look(now)? == Look::Something {
            return Ok(());
        }
        let timeout = self.machine.poll_timeout().map(|(due, _)| due.saturating_duration_since(now));
        let timeout = timeout.map(|timeout| Timespec {
            tv_sec: i64::try_from(timeout.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: timeout.subsec_nanos().into(),
        });
        let mut descriptors = [
            PollFd::new(&self.socket, PollFlags::IN),
            PollFd::from_borrowed_fd(self.stop.as_fd(), PollFlags::IN),
        ];
        let polled = poll(&mut descriptors, timeout.as_ref());
        self.socket.slept();
        match polled {
            Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
            Err(error) => Err(WorkerError::system("wait for messages", error)),
        }
    }
}

/// What [`Io::look`] saw.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Look {
    Something,
    Nothing,
}
