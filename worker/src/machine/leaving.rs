//! The way out: QUIET, so that no job is on its way when the worker goes; then the running job; then BYE.

use super::{Departure, Ending, Handler, Machine, Payload, State};
use powerhose_protocol::{Bye, Quiet};
use std::time::{Duration, Instant};

/// How long the master may take to say QUIETED. A job that it sends later is dispatched again when it reads BYE.
const QUIETED_PATIENCE: Duration = Duration::from_secs(1);

impl<P: Payload> Machine<P> {
    /// The worker wants to leave: it gives back what has not begun, finishes what runs and says BYE. Asking again changes
    /// nothing.
    pub fn leave(&mut self, now: Instant) {
        match std::mem::replace(&mut self.state, State::Ended(Ending::Left)) {
            State::Ready { session } => {
                let quiet = Quiet { session: session.number };
                let step = Departure::AwaitingQuieted { patience_until: now + QUIETED_PATIENCE };
                self.state = State::Leaving { session, step };
                // Before the jobs that go back, or the master would send others.
                self.send(quiet.into(), Vec::new());
                self.return_queued();
            }
            State::Registering { session, .. } => self.say_bye(session.number),
            State::Greeting { .. } => {}
            unmoved @ (State::Leaving { .. } | State::Ended(_)) => self.state = unmoved,
        }
    }

    /// Says BYE once no more jobs can come and none runs.
    pub(super) fn depart_if_free(&mut self) {
        if let (State::Leaving { session, step: Departure::Quieted }, Handler::Idle) =
            (&self.state, &self.handler)
        {
            let number = session.number;
            self.state = State::Ended(Ending::Left);
            self.say_bye(number);
        }
    }

    fn say_bye(&mut self, session: u64) {
        tracing::info!(session, "left");
        self.send(Bye { session, code: "leaving", text: "" }.into(), Vec::new());
    }
}
