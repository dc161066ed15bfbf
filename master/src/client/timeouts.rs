//! What a client does when a time has come.

use super::session::Connection;
use super::{ClientMachine, outcome};
use crate::dispatcher::{Ending, LostCause};
use crate::timers::TimerKey;
use powerhose_protocol::{Heartbeat, Message};
use std::time::{Duration, Instant};
use tracing::warn;

/// How long after a job's deadline the client waits for the master's word before it ends the job itself.
const PATIENCE: Duration = Duration::from_millis(10);
/// No two heartbeats are nearer to each other, whatever the master asks for.
const HEARTBEATS_APART_MIN: Duration = Duration::from_millis(1);

/// What is due at an instant.
#[derive(Clone, Copy, Debug)]
pub(super) enum Timer {
    /// When a call's caller gives up.
    Deadline(u64),
    /// When the master is to hear from us, or to be greeted.
    Heartbeat,
    /// When what is left is to be ended.
    CloseNow,
}

impl ClientMachine {
    /// Acts on every deadline that has passed.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.now = self.now.max(now);
        while let Some(timer) = self.timers.pop_due(self.now) {
            match timer {
                Timer::Deadline(call) => self.deadline(call),
                Timer::Heartbeat => self.heartbeat(),
                Timer::CloseNow => self.close_now(),
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

    fn heartbeat(&mut self) {
        let silence_max = self.settings.silence_max;
        let next = match &mut self.connection {
            Connection::Greeting { hello_at } => *hello_at,
            Connection::Live(session) => {
                let silence = self.now.saturating_duration_since(session.last_heard);
                if silence > silence_max {
                    warn!(silence_ms = silence.as_millis() as u64, "the master is silent");
                    return self.end_session();
                }
                session.sequence_sent += 1;
                let heartbeat = Heartbeat {
                    session: session.session,
                    sequence: session.sequence_sent,
                    acknowledged: session.sequence_received,
                    sent_ms: self.now.saturating_duration_since(self.started).as_millis() as u64,
                };
                let next = self.now + session.heartbeat;
                self.send(Message::Heartbeat(heartbeat).encode(), Vec::new());
                next
            }
        };
        self.heartbeat_at(next.max(self.now + HEARTBEATS_APART_MIN));
    }

    pub(super) fn heartbeat_at(&mut self, when: Instant) {
        self.timers.stop(self.heartbeat_timer);
        self.heartbeat_timer = self.timers.set(when, Timer::Heartbeat);
    }

    fn close_now(&mut self) {
        for call in self.calls.all() {
            let job = self.job_of(call);
            let Some(ended) = self.forget(call) else { continue };
            self.complete(call, job, outcome::own(Ending::Lost(LostCause::Master), ended.was_sent()));
        }
    }
}
