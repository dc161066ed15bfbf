//! A client's sessions with the master: what a new one brings, and what the end of one takes along.

use super::action::ClientAction;
use super::{ClientMachine, Lifecycle, Refusal, outcome};
use crate::common::{Ending, LostCause, Rejection};
use std::time::Instant;
use tracing::{info, warn};

impl ClientMachine {
    /// The connection ended, or a message could not be handed over.
    pub fn disconnected(&mut self, now: Instant) {
        self.now = self.now.max(now);
        if self.is_connected() {
            warn!("the master's connection ended");
        }
        self.peer.disconnected(self.now);
        self.session_over();
    }

    /// The master has opened a session, in the place of the one before, if there was one.
    pub(super) fn opened(&mut self) {
        self.session_over();
        let Some(terms) = self.peer.terms() else { return };
        info!(pid = terms.pid, client = terms.peer, "connected to the master");
        self.number = terms.peer;
        if !std::mem::replace(&mut self.welcomed, true) {
            self.actions.push_back(ClientAction::Welcomed);
        }
    }

    /// What was sent in the session is lost, what was not waits for the next.
    pub(super) fn session_over(&mut self) {
        self.abandoned.clear();
        self.questions_lost();
        self.order_lost();
        for call in self.calls.all_sent() {
            let job = self.job_of(call);
            self.forget(call);
            self.complete(call, job, outcome::own(Ending::Lost(LostCause::Master), true));
        }
    }

    /// The master wants nothing to do with this client: what waits here will have no other.
    pub(super) fn refused(&mut self, refusal: Refusal) {
        self.session_over();
        warn!(code = refusal.code, text = refusal.text, "no session with this master");
        for call in self.calls.all() {
            self.forget(call);
            self.complete(call, None, outcome::own(Ending::Rejected(refusal.rejection()), false));
        }
        self.actions.push_back(ClientAction::Refused(refusal.clone()));
        if self.lifecycle == Lifecycle::Open {
            self.lifecycle = Lifecycle::Refused(refusal);
        }
    }
}

impl Refusal {
    /// What it is to a job.
    pub(super) fn rejection(&self) -> Rejection {
        Rejection::Refused { code: self.code.as_str().into(), text: self.text.as_str().into() }
    }
}
