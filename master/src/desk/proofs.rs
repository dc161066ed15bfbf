//! Which peers may come in, where the master asks for a secret: it answers HELLO with CHALLENGE, and only a right PROOF with
//! WELCOME.
//!
//! A handshake under way costs no session: it is kept by connection, in a bounded number, for a bounded time.

use super::{Desk, Route, Timer};
use powerhose_protocol::{
    Bytes, Challenge, Hello, Kind, Message, NonceSource, Proof, Prover, VERSION_MAX, decode,
};
use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

/// Handshakes under way at once; the oldest is forgotten for another.
const HANDSHAKES_MAX: usize = 4096;
/// When a peer may try again that was too slow, or whose CHALLENGE was of a connection before this one: both can happen
/// to a peer that stood still.
const RETRY_AFTER_MS: u64 = 100;
/// How long a CHALLENGE may stay unanswered.
const PATIENCE: Duration = Duration::from_secs(5);
/// Bytes of a HELLO that is kept: all fields of version 1 at their bounds, and room for what later versions add.
const HELLO_BYTES_MAX: usize = 2048;

/// The handshakes under way.
pub(super) struct Handshakes {
    nonces: NonceSource,
    pending: HashMap<Route, Pending>,
    /// In the order in which they began; some may have ended.
    order: VecDeque<(Route, u64)>,
    begun: u64,
}

struct Pending {
    number: u64,
    since: Instant,
    /// Empty if its connection was gone meanwhile.
    hello: Box<[u8]>,
    challenge: Vec<u8>,
    /// CHALLENGEs of this connection before this one whose PROOFs may still come: a peer that waits long for an answer
    /// says HELLO again.
    superseded: u32,
}

/// Whether a handshake goes on after a wrong PROOF.
#[derive(Clone, Copy, PartialEq, Eq)]
enum GoneOn {
    Yes,
    No,
}

impl Handshakes {
    pub(super) fn new(seed: [u8; 32]) -> Handshakes {
        Handshakes {
            nonces: NonceSource::new(seed),
            pending: HashMap::new(),
            order: VecDeque::new(),
            begun: 0,
        }
    }

    /// How many wait for a proof, those included that have ended and are forgotten later.
    pub(super) fn len(&self) -> usize {
        self.order.len()
    }

    /// Whether this HELLO has its CHALLENGE already. It is on its way: within a connection nothing is lost.
    fn is_answered(&self, route: Route, hello: &[u8]) -> bool {
        self.pending.get(&route).is_some_and(|pending| *pending.hello == *hello)
    }

    /// The connection is gone, as far as can be seen: what it has said counts no more. It may come back all the same, and
    /// with it the PROOF of the CHALLENGE that it had, which must not be taken for a wrong one of the next.
    pub(super) fn forget(&mut self, route: Route) {
        if let Some(pending) = self.pending.get_mut(&route) {
            (pending.hello, pending.challenge) = (Box::default(), Vec::new());
        }
    }

    /// A connection has one handshake at most, so that one that begins many takes no room from others.
    fn begin(&mut self, route: Route, hello: &[u8], challenge: Vec<u8>, since: Instant) {
        // Its time counts from its first HELLO, or one that begins again and again would hold up what comes after it.
        let (number, since, superseded) = match self.pending.get(&route) {
            Some(pending) => (pending.number, pending.since, pending.superseded.saturating_add(1)),
            None => {
                self.begun += 1;
                self.order.push_back((route, self.begun));
                (self.begun, since, 0)
            }
        };
        self.pending.insert(route, Pending { number, since, hello: hello.into(), challenge, superseded });
        while self.order.len() > HANDSHAKES_MAX {
            self.forget_oldest();
        }
    }

    /// A wrong PROOF may have answered a CHALLENGE before the last, if there was one: then the right one may follow.
    fn go_on(&mut self, route: Route, pending: Pending) -> GoneOn {
        let Some(superseded) = pending.superseded.checked_sub(1) else { return GoneOn::No };
        self.pending.insert(route, Pending { superseded, ..pending });
        GoneOn::Yes
    }

    fn forget_oldest(&mut self) {
        if let Some((route, number)) = self.order.pop_front()
            && self.pending.get(&route).is_some_and(|pending| pending.number == number)
        {
            self.pending.remove(&route);
        }
    }

    /// The master was paused: nobody could have answered in time.
    fn start_anew(&mut self, now: Instant) {
        for (route, _) in &self.order {
            if let Some(pending) = self.pending.get_mut(route) {
                pending.since = now;
            }
        }
    }

    /// Forgets handshakes that take too long.
    fn expire(&mut self, now: Instant) {
        while let Some((route, number)) = self.order.front() {
            match self.pending.get(route) {
                Some(pending) if pending.number == *number && now < pending.since + PATIENCE => break,
                _ => self.forget_oldest(),
            }
        }
    }
}

impl Desk {
    /// Answers a HELLO that has to be proved.
    pub(super) fn challenge(&mut self, route: Route, header: &[u8], hello: &Hello<'_>) {
        if header.len() > HELLO_BYTES_MAX {
            let text = "a HELLO that is to be proved has at most 2,048 bytes";
            return self.reject(route, Kind::Hello as u64, None, "over_limit", text, None);
        }
        if self.handshakes.is_answered(route, header) {
            return;
        }
        let nonce = self.handshakes.nonces.next();
        let version = hello.version_max.min(VERSION_MAX);
        let challenge = Challenge { version, epoch: self.epoch, nonce: Bytes(&nonce) };
        let frame = Message::Challenge(challenge.clone()).encode();
        self.handshakes.begin(route, header, frame, self.now);
        self.plan_handshakes();
        self.send(route, Message::Challenge(challenge));
    }

    /// Lets a peer in that has proved itself.
    pub(super) fn prove(&mut self, route: Route, header: &[u8], proof: &Proof<'_>) {
        let mut pending = self.handshakes.pending.remove(&route);
        if let Some(lapsed) = pending.take_if(|pending| pending.hello.is_empty()) {
            self.handshakes.go_on(route, lapsed);
        }
        let Some(pending) = pending else {
            let text = "there is no CHALLENGE that this could answer, or it was too long ago";
            let again = Some(RETRY_AFTER_MS);
            return self.reject(route, Kind::Proof as u64, None, "proof", text, again);
        };
        let Ok(Message::Hello(hello)) = decode(&pending.hello, 0) else {
            unreachable!("it was a HELLO when it came in");
        };
        let frames: [&[u8]; 2] = [&pending.hello, &pending.challenge];
        let secrets = self.dispatcher.settings().secrets.of(hello.role);
        let secret =
            secrets.iter().find(|secret| secret.accepts(hello.role, Prover::Peer, &frames, proof.mac.0));
        let secret = secret.cloned();
        let Some(secret) = secret else {
            if self.handshakes.go_on(route, pending) == GoneOn::Yes {
                return;
            }
            let text = "the proof is wrong: the secret of this role is another one";
            return self.reject(route, Kind::Proof as u64, None, "proof", text, None);
        };
        let frames: [&[u8]; 3] = [&pending.hello, &pending.challenge, header];
        let mac = hello.nonce.map(|_| secret.prove(hello.role, Prover::Master, &frames));
        self.admit(route, &pending.hello, &hello, mac.as_ref().map(|mac| Bytes(mac)));
    }

    /// As often as heartbeats are, while there are handshakes.
    fn plan_handshakes(&mut self) {
        if self.handshakes_due.is_none() && self.handshakes.len() > 0 {
            let due = self.now + self.dispatcher.settings().heartbeat_interval;
            self.handshakes_due = Some(due);
            self.timers.set(due, Timer::Handshakes);
        }
    }

    /// If this comes more than one interval late, the master was paused: nobody could have answered in time.
    pub(super) fn look_after_handshakes(&mut self) {
        let late = self.handshakes_due.take().map(|due| self.now.saturating_duration_since(due));
        if late.is_some_and(|late| late > self.dispatcher.settings().heartbeat_interval) {
            self.handshakes.start_anew(self.now);
        }
        self.handshakes.expire(self.now);
        self.plan_handshakes();
    }
}
