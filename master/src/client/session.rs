//! A client's session with the master: how it begins, how it ends.

use super::action::ClientAction;
use super::{ClientMachine, outcome};
use crate::dispatcher::{Ending, LostCause};
use powerhose_protocol::limits::ENTRIES_MAX;
use powerhose_protocol::{Belief, Welcome};
use std::time::{Duration, Instant};
use tracing::{debug, info, warn};

/// How soon a client tries again to introduce itself while there is no connection.
pub(super) const HELLO_AGAIN_AFTER: Duration = Duration::from_millis(100);

/// Whether there is a session.
#[derive(Debug)]
pub(super) enum Connection {
    /// None; HELLO goes out again at this time.
    Greeting {
        hello_at: Instant,
    },
    Live(Session),
}

/// What the master said of itself, and when it was heard.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) session: u64,
    pub(super) peer: u64,
    pub(super) last_heard: Instant,
    pub(super) sequence_sent: u64,
    pub(super) sequence_received: u64,
    pub(super) heartbeat: Duration,
    pub(super) payload_bytes_max: u64,
    pub(super) batch_jobs_max: usize,
    pub(super) batch_bytes_max: usize,
}

impl Session {
    fn new(welcome: &Welcome<'_>, now: Instant) -> Session {
        let limit = |name, default| welcome.limits.find(name).unwrap_or(default);
        let heartbeat_ms = welcome.intervals.find("heartbeat_ms").unwrap_or(1000);
        Session {
            session: welcome.session,
            peer: welcome.peer,
            last_heard: now,
            sequence_sent: 0,
            sequence_received: 0,
            heartbeat: Duration::from_millis(heartbeat_ms.max(10)),
            payload_bytes_max: limit("payload_bytes_max", 64 << 20),
            batch_jobs_max: (limit("batch_jobs_max", 64) as usize).clamp(1, ENTRIES_MAX),
            batch_bytes_max: limit("batch_bytes_max", 256 << 10) as usize,
        }
    }
}

impl ClientMachine {
    /// The connection ended, or a message could not be handed over.
    pub fn disconnected(&mut self, now: Instant) {
        self.now = self.now.max(now);
        match &mut self.connection {
            Connection::Live(_) => {
                warn!("the master's connection ended");
                self.end_session();
            }
            Connection::Greeting { hello_at } => {
                *hello_at = self.now + HELLO_AGAIN_AFTER;
                self.heartbeat_at(self.now + HELLO_AGAIN_AFTER);
            }
        }
    }

    /// The master wants a proof; `challenge` is the header frame in which it says so.
    pub(super) fn challenged(&mut self, challenge: &[u8]) {
        if let Connection::Live(_) = self.connection {
            return;
        }
        match self.greeter.prove(challenge) {
            Some(header) => self.send(header, Vec::new()),
            None => {
                self.refused("the master asks for the proof of a shared secret, and this client has none")
            }
        }
    }

    pub(super) fn welcome(&mut self, welcome: &Welcome<'_>) {
        match (self.greeter.judge(welcome), &self.connection) {
            (Belief::Believed, _) => {}
            (Belief::Outdated, _) => return debug!("a WELCOME to the HELLO before the last was dropped"),
            // In a session, it can only be left over from a connection before this one.
            (Belief::Denied, Connection::Live(_)) => {
                return debug!("a WELCOME that proves nothing was dropped");
            }
            (Belief::Denied, _) => {
                return self
                    .refused("whoever answers does not know the secret that is shared with the master");
            }
        }
        // The answer to a HELLO that was repeated: the master has replaced the session.
        self.end_session();
        info!(pid = welcome.pid, client = welcome.peer, "connected to the master");
        self.connection = Connection::Live(Session::new(welcome, self.now));
        if !std::mem::replace(&mut self.welcomed, true) {
            self.actions.push_back(ClientAction::Welcomed);
        }
    }

    fn refused(&mut self, text: &str) {
        warn!(text, "no session with this master");
        let code = "authentication".to_owned();
        self.actions.push_back(ClientAction::Refused { code, text: text.to_owned() });
    }

    /// The session is over: what was sent in it is lost, what was not waits for the next.
    pub(super) fn end_session(&mut self) {
        let Connection::Live(_) = &self.connection else { return };
        self.abandoned.clear();
        self.questions_lost();
        for call in self.calls.all_sent() {
            let job = self.job_of(call);
            self.forget(call);
            self.complete(call, job, outcome::own(Ending::Lost(LostCause::Master), true));
        }
        self.connection = Connection::Greeting { hello_at: self.now };
        self.heartbeat_at(self.now + HELLO_AGAIN_AFTER);
    }
}
