//! The way into a session: HELLO, WELCOME, REGISTER, REGISTERED, and every way in which that fails.

use super::{Action, Ending, Machine, Payload, Reach, Registration, Session, State};
use powerhose_protocol::{
    Belief, CODE_CLOSING, Kind, NamedValues, Register, Registered, Reject, VERSION_MAX, VERSION_MIN, Welcome,
};
use std::time::{Duration, Instant};

/// Between two HELLOs that nobody answers.
const HELLO_REPEAT: Duration = Duration::from_secs(1);
/// Between two attempts to say HELLO without a connection, and the least between any two HELLOs.
const HELLO_RETRY: Duration = Duration::from_millis(100);
/// How long REGISTER may stay unanswered. Within a session no message is lost, so the session itself must be broken.
const REGISTER_PATIENCE: Duration = Duration::from_secs(5);

impl<P: Payload> Machine<P> {
    /// A message could not be sent: there is no connection, so there is no session either.
    pub fn handle_disconnected(&mut self, now: Instant) {
        if self.has_session() {
            tracing::debug!("lost the connection to the master");
        }
        self.greet_again(now + HELLO_RETRY, Reach::Unconnected);
    }

    /// There is a connection again: HELLO need not wait for its next attempt.
    pub fn handle_connected(&mut self, now: Instant) {
        if self.awaits_connection() {
            self.state = State::Greeting { hello_at: now, reach: Reach::Presumed };
        }
    }

    /// Another session is wanted at once, but never so soon that a broken master makes it a storm.
    pub(super) fn greet_again_soon(&mut self, now: Instant) {
        let earliest = self.greeted_at.map_or(now, |greeted_at| greeted_at + HELLO_RETRY);
        self.greet_again(now.max(earliest), Reach::Presumed);
    }

    pub(super) fn say_hello(&mut self, now: Instant) {
        let header = self.greeter.hello();
        self.actions.push_back(Action::Send { header, payloads: Vec::new() });
        self.greeted_at = Some(now);
        self.state = State::Greeting { hello_at: now + HELLO_REPEAT, reach: Reach::Presumed };
    }

    pub(super) fn welcomed(&mut self, now: Instant, welcome: &Welcome<'_>) {
        if !matches!(self.state, State::Greeting { .. }) {
            // The answer to a HELLO that was repeated while the first was still under way.
            tracing::debug!(session = welcome.session, "dropped a second WELCOME");
            return;
        }
        match self.greeter.judge(welcome) {
            Belief::Believed => {}
            Belief::Outdated => {
                tracing::debug!(session = welcome.session, "dropped a WELCOME to the HELLO before the last");
                return;
            }
            Belief::Denied => {
                let text = "whoever answers does not know the secret that is shared with the master";
                return self
                    .end(Ending::Refused { code: "authentication".to_owned(), text: text.to_owned() });
            }
        }
        self.heard_at = now;
        if !(VERSION_MIN..=VERSION_MAX).contains(&welcome.version) {
            let text = format!("the master chose version {}, which was not offered", welcome.version);
            return self.end(Ending::Refused { code: "version".to_owned(), text });
        }
        tracing::debug!(session = welcome.session, master_pid = welcome.pid, "the master opened a session");
        let session = Session::open(now, self.clock_ms(now), welcome);
        self.register(now, session);
    }

    /// Sends REGISTER in this session.
    pub(super) fn register(&mut self, now: Instant, session: Session) {
        let register = Register {
            session: session.number,
            pools: self.pools.offers(),
            pid: self.settings.pid,
            host: &self.settings.host,
            instance: &self.settings.instance,
            attentive: true,
            labels: NamedValues(
                self.settings.labels.iter().map(|(name, value)| (&name[..], &value[..])).collect(),
            ),
        };
        let header = powerhose_protocol::Message::from(register).encode();
        self.actions.push_back(Action::Send { header, payloads: Vec::new() });
        let step = Registration::Sent { patience_until: now + REGISTER_PATIENCE };
        self.state = State::Registering { session, step };
    }

    pub(super) fn registered(&mut self, registered: &Registered<'_>) {
        match std::mem::replace(&mut self.state, State::Ended(Ending::Left)) {
            State::Registering { session, .. } => {
                tracing::info!(worker = registered.worker, session = session.number, "registered");
                self.pools.apply(&registered.pools);
                self.refusals = 0;
                self.state = State::Ready { session };
            }
            unmoved => self.state = unmoved,
        }
    }

    /// The master wants a proof; `challenge` is the header frame in which it says so.
    pub(super) fn challenged(&mut self, now: Instant, challenge: &[u8]) {
        if !matches!(self.state, State::Greeting { .. }) {
            return;
        }
        self.heard_at = now;
        let Some(header) = self.greeter.prove(challenge) else {
            let text = "the master asks for the proof of a shared secret, and this worker has none";
            return self.end(Ending::Refused { code: "authentication".to_owned(), text: text.to_owned() });
        };
        self.actions.push_back(Action::Send { header, payloads: Vec::new() });
    }

    pub(super) fn unknown(&mut self, now: Instant) {
        self.heard_at = now;
        // Once HELLO is on its way, an UNKNOWN can only be about what was sent before it.
        if self.has_session() {
            tracing::debug!("the master does not know this session");
            self.greet_again_soon(now);
        }
    }

    pub(super) fn rejected(&mut self, now: Instant, reject: &Reject<'_>) {
        self.heard_at = now;
        let about_hello = matches!(self.state, State::Greeting { .. })
            && (reject.kind == Kind::Hello as u64 || reject.kind == Kind::Proof as u64);
        let about_register =
            matches!(self.state, State::Registering { .. }) && reject.kind == Kind::Register as u64;
        if !about_hello && !about_register {
            let what = format_args!("REJECT of kind {}: {}: {}", reject.kind, reject.code, reject.text);
            return self.nonsense.note(now, &what);
        }
        match reject.retry_after_ms {
            Some(milliseconds) => self.deferred(now, Duration::from_millis(milliseconds), reject),
            None => {
                self.end(Ending::Refused { code: reject.code.to_owned(), text: reject.text.to_owned() });
            }
        }
    }

    fn deferred(&mut self, now: Instant, wait: Duration, reject: &Reject<'_>) {
        if self.refusals == 0 {
            match reject.code {
                CODE_CLOSING => tracing::info!(text = reject.text, "the master ends; another may come"),
                code => tracing::warn!(code, text = reject.text, "the master says: later"),
            }
        }
        self.refusals += 1;
        // A longer wait would look like the master's silence.
        let wait = wait.clamp(HELLO_RETRY, (self.settings.silence_max / 2).max(HELLO_RETRY));
        match &mut self.state {
            State::Greeting { hello_at, .. } => *hello_at = now + wait,
            State::Registering { step, .. } => *step = Registration::Deferred { again_at: now + wait },
            State::Ready { .. } | State::Leaving { .. } | State::Ended(_) => {}
        }
    }
}
