//! A session with a pencil for its master: what the master says is written to it, what it says is read.

use crate::session::{Credentials, Due, Heard, PeerSession, PeerSettings, Role};
use crate::*;
use std::time::{Duration, Instant};

pub(super) const SESSION: u64 = 7;
pub(super) const PEER: u64 = 3;
pub(super) const SILENCE_MAX: Duration = Duration::from_secs(30);
pub(super) const ROLES: [Role; 2] = [Role::Worker, Role::Client];

pub(super) struct Bench {
    pub(super) peer: PeerSession,
    pub(super) start: Instant,
    pub(super) now: Instant,
    /// Whether what it says finds a connection.
    pub(super) connected: bool,
    /// Header frames that it has sent.
    sent: Vec<Vec<u8>>,
    /// How often the master was silent for too long.
    pub(super) silences: usize,
}

impl Bench {
    /// Nothing has happened yet.
    pub(super) fn new(role: Role) -> Bench {
        Bench::with(role, None)
    }

    pub(super) fn with(role: Role, credentials: Option<Credentials>) -> Bench {
        let now = Instant::now();
        let settings =
            PeerSettings { role, software: "test/1".to_owned(), credentials, silence_max: SILENCE_MAX };
        Bench {
            peer: PeerSession::new(settings, now),
            start: now,
            now,
            connected: true,
            sent: Vec::new(),
            silences: 0,
        }
    }

    /// HELLO was said, and no answer has come.
    pub(super) fn greeting(role: Role) -> Bench {
        let mut bench = Bench::new(role);
        bench.pass(0);
        assert_eq!(bench.kinds(), [Kind::Hello]);
        bench
    }

    /// A session is open.
    pub(super) fn live(role: Role) -> Bench {
        let mut bench = Bench::greeting(role);
        assert_eq!(bench.hear(welcome(SESSION, PEER)), Heard::Opened);
        bench
    }

    pub(super) fn hear(&mut self, message: impl Into<Message<'static>>) -> Heard<'static> {
        let message = message.into();
        let header = message.encode();
        let heard = self.peer.handle(self.now, &header, message);
        if let Heard::Prove(proof) = &heard {
            self.sent.push(proof.clone());
        }
        heard
    }

    /// Lets time pass, and stops at whatever is due.
    pub(super) fn pass(&mut self, milliseconds: u64) {
        let until = self.now + Duration::from_millis(milliseconds);
        while let Some((due, _)) = self.peer.poll_timeout().filter(|(due, _)| *due <= until) {
            self.now = self.now.max(due);
            self.let_time_act();
        }
        self.now = until;
    }

    /// Lets time pass in one leap, as for a process that stood still.
    pub(super) fn leap(&mut self, milliseconds: u64) {
        self.now += Duration::from_millis(milliseconds);
        self.let_time_act();
    }

    fn let_time_act(&mut self) {
        match self.peer.handle_timeout(self.now) {
            Due::Nothing => {}
            Due::Send(frame) if self.connected => self.sent.push(frame),
            Due::Send(_) => self.peer.disconnected(self.now),
            Due::Silent => self.silences += 1,
        }
    }

    /// Milliseconds until something is due.
    pub(super) fn due_in(&self) -> Option<u64> {
        self.peer.poll_timeout().map(|(due, _)| (due - self.now).as_millis() as u64)
    }

    /// Header frames that it has sent since the last look.
    pub(super) fn frames(&mut self) -> Vec<Vec<u8>> {
        std::mem::take(&mut self.sent)
    }

    pub(super) fn kinds(&mut self) -> Vec<Kind> {
        let kind = |frame: &Vec<u8>| decode(frame, 0).expect("a peer writes what can be read").kind();
        self.frames().iter().map(kind).collect()
    }

    pub(super) fn session(&self) -> Option<u64> {
        self.peer.terms().map(|terms| terms.session)
    }

    /// Whether no session is there, and none to come.
    pub(super) fn is_over(&self) -> bool {
        self.peer.poll_timeout().is_none()
    }
}

pub(super) fn welcome(session: u64, peer: u64) -> Welcome<'static> {
    Welcome {
        version: 1,
        epoch: 1,
        session,
        peer,
        mac: None,
        limits: NamedValues::default(),
        intervals: NamedValues::default(),
        pid: 1,
        sent_ms: 0,
    }
}

pub(super) fn heartbeat(session: u64, sequence: u64) -> Heartbeat {
    Heartbeat { session, sequence, acknowledged: 0, sent_ms: 0 }
}
