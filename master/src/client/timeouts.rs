//! What a client does when a time has come.

use super::{ClientMachine, outcome};
use crate::common::{Ending, LostCause};
use crate::timers::TimerKey;
use powerhose_protocol::session::Due;
use std::time::{Duration, Instant};
use tracing::warn;

/// How long after a job's deadline the client waits for the master's word before it ends the job itself.
const PATIENCE: Duration = Duration::from_millis(10);

/// What is due at an instant.
#[derive(Clone, Copy, Debug)]
pub(super) enum Timer {
    /// When a call's caller gives up.
    Deadline(u64),
    /// When what is left is to be ended.
    CloseNow,
}

impl ClientMachine {
    /// Acts on every deadline that has passed. To be called after all messages that came were handed in.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.now = self.now.max(now);
        while let Some(timer) = self.timers.pop_due(self.now) {
            match timer {
                Timer::Deadline(call) => self.deadline(call),
                Timer::CloseNow => self.close_now(),
            }
        }
        match self.peer.handle_timeout(self.now) {
            Due::Nothing => {}
            Due::Send(header) => self.send(header, Vec::new()),
            Due::Silent => {
                warn!(silence_max_ms = self.settings.silence_max.as_millis() as u64, "the master is silent");
                self.session_over();
            }
        }
    }

    pub(super) fn deadline_timer(&mut self, call: u64, deadline: Instant) -> TimerKey {
        self.timers.set(deadline + PATIENCE, Timer::Deadline(call))
    }

    fn deadline(&mut self, call: u64) {
        let job = self.job_of(call);
        let Some(ended) = self.forget(call) else { return };
        if ended.was_sent() {
            self.abandoned.push(call);
        }
        self.complete(call, job, outcome::own(Ending::TimedOut, ended.was_sent()));
    }

    fn close_now(&mut self) {
        for call in self.calls.all() {
            let job = self.job_of(call);
            let Some(ended) = self.forget(call) else { continue };
            self.complete(call, job, outcome::own(Ending::Lost(LostCause::Master), ended.was_sent()));
        }
    }
}
