//! The way into a session: REGISTER, REGISTERED, and every way in which that or the greeting before it fails.

use super::{Ending, Machine, Payload, Registration, State};
use powerhose_protocol::{CODE_CLOSING, Kind, NamedValues, Register, Registered, Reject};
use std::time::{Duration, Instant};

/// How long REGISTER may stay unanswered. Within a session no message is lost, so the session itself must be broken.
const REGISTER_PATIENCE: Duration = Duration::from_secs(5);

impl<P: Payload> Machine<P> {
    /// A message could not be sent: there is no connection, so there is no session either.
    pub fn handle_disconnected(&mut self, now: Instant) {
        if self.has_session() {
            tracing::debug!("lost the connection to the master");
        }
        self.peer.disconnected(now);
        self.session_over();
    }

    /// There is a connection again: HELLO need not wait for its next attempt.
    pub fn handle_connected(&mut self, now: Instant) {
        self.peer.connected(now);
    }

    /// The master has opened a session, in the place of the one before, if there was one.
    pub(super) fn opened(&mut self, now: Instant) {
        if let Some(terms) = self.session() {
            tracing::debug!(worker = terms.peer, master_pid = terms.pid, "the master opened a session");
        }
        self.forget_session();
        match self.state {
            State::Greeting | State::Registering(_) | State::Ready => self.register(now),
            State::Leaving(_) | State::Ended(_) => self.say_bye(),
        }
    }

    /// Sends REGISTER in the present session.
    pub(super) fn register(&mut self, now: Instant) {
        let Some(terms) = self.session() else { return };
        let labels = self.settings.labels.iter().map(|(name, value)| (&name[..], &value[..]));
        let register = Register {
            session: terms.session,
            pools: self.pools.offers(),
            pid: self.settings.pid,
            host: &self.settings.host,
            instance: &self.settings.instance,
            attentive: true,
            labels: NamedValues(labels.collect()),
        };
        let header = powerhose_protocol::Message::from(register).encode();
        self.send_frame(header, Vec::new());
        self.state = State::Registering(Registration::Sent { patience_until: now + REGISTER_PATIENCE });
    }

    pub(super) fn registered(&mut self, registered: &Registered<'_>) {
        if let State::Registering(_) = self.state {
            tracing::info!(worker = registered.worker, "registered");
            self.pools.apply(&registered.pools);
            self.refusals = 0;
            self.state = State::Ready;
        }
    }

    /// Something other than the greeting was refused.
    pub(super) fn rejected(&mut self, now: Instant, reject: &Reject<'_>) {
        let about_register =
            matches!(self.state, State::Registering(_)) && reject.kind == Kind::Register as u64;
        if !about_register {
            let what = format_args!("REJECT of kind {}: {}: {}", reject.kind, reject.code, reject.text);
            return self.note_nonsense(now, &what);
        }
        match reject.retry_after_ms {
            Some(milliseconds) => {
                self.deferred(reject);
                let again_at = now + self.peer.retry_after(milliseconds);
                self.state = State::Registering(Registration::Deferred { again_at });
            }
            None => {
                self.end(Ending::Refused { code: reject.code.to_owned(), text: reject.text.to_owned() });
            }
        }
    }

    /// The master says: later. Said once, however often it is repeated.
    pub(super) fn deferred(&mut self, reject: &Reject<'_>) {
        if self.refusals == 0 {
            match reject.code {
                CODE_CLOSING => tracing::info!(text = reject.text, "the master ends; another may come"),
                code => tracing::warn!(code, text = reject.text, "the master says: later"),
            }
        }
        self.refusals += 1;
    }
}
