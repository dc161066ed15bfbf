//! The way out: QUIET, so that no job is on its way when the worker goes; then the running job; then BYE. Or the master
//! says BYE.

use super::{Departure, Ending, Machine, Payload, State};
use powerhose_protocol::{Bye, Quiet};
use std::time::{Duration, Instant};

/// How long the master may take to say QUIETED. A job that it sends later is dispatched again when it reads BYE.
const QUIETED_PATIENCE: Duration = Duration::from_secs(1);

/// The codes of a BYE after which the master does not want the worker back.
const FAREWELLS: [&str; 2] = ["stop", "drain"];

impl<P: Payload> Machine<P> {
    /// The worker wants to leave: it gives back what has not begun, finishes what runs and says BYE. Asking again changes
    /// nothing.
    pub fn leave(&mut self, now: Instant) {
        match self.state {
            State::Ready => {
                let step = Departure::AwaitingQuieted { patience_until: now + QUIETED_PATIENCE };
                self.state = State::Leaving(step);
                self.peer.ignore_silence();
                // Before the jobs that go back, or the master would send others.
                if let Some(session) = self.session().map(|terms| terms.session) {
                    self.send(Quiet { session }.into(), Vec::new());
                }
                self.return_queued();
            }
            State::Greeting | State::Registering(_) => self.say_bye(),
            State::Leaving(_) | State::Ended(_) => {}
        }
    }

    /// No more jobs will come.
    pub(super) fn quieted(&mut self) {
        if let State::Leaving(step) = &mut self.state {
            *step = Departure::Quieted;
            self.depart_if_free();
        }
    }

    /// Leaves the session, if there is one, and seeks no other.
    pub(super) fn say_bye(&mut self) {
        if let Some(worker) = self.session().map(|terms| terms.peer) {
            tracing::info!(worker, "left");
        }
        if let Some(bye) = self.peer.goodbye() {
            self.send_frame(bye, Vec::new());
        }
        self.state = State::Ended(Ending::Left);
    }

    /// The master has ended the session: for good, or another may follow.
    pub(super) fn dismissed(&mut self, bye: &Bye<'_>) {
        tracing::info!(code = bye.code, text = bye.text, "the master ended the session");
        if FAREWELLS.contains(&bye.code) && !matches!(self.state, State::Leaving(_)) {
            self.end(Ending::Stopped { code: bye.code.to_owned(), text: bye.text.to_owned() });
        } else {
            self.session_over();
        }
    }
}
