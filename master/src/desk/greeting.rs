//! HELLO and what follows it: a challenge, a session, or a refusal.

use super::sessions::{Errand, Opening, Session};
use super::{Desk, Route};
use crate::common::GoneCause;
use crate::dispatcher::{NoEntry, PeerKey, PeerRole};
use powerhose_protocol::{
    Bytes as Bin, CODE_CLOSING, Hello, Kind, Message, NamedValues, ROLE_CLIENT, ROLE_WORKER, VERSION_MAX,
    VERSION_MIN, Welcome,
};
use tracing::debug;

/// When a peer that was refused for want of room may try again.
pub(super) const RETRY_AFTER_MS: u64 = 1000;

impl Desk {
    /// A peer begins a session, or begins anew.
    pub(super) fn hello(&mut self, route: Route, header: &[u8], hello: &Hello<'_>) {
        if let Some(peer) = self.sessions.find(route) {
            if let Some(welcome) = self.sessions.welcome_again(peer, header) {
                self.push(route, welcome, Vec::new());
                return self.strike(route);
            }
            self.dispatcher.gone(peer, GoneCause::Renewed);
            self.follow();
            self.strike(route);
        }
        let kind = Kind::Hello as u64;
        if !self.handshake_rate.pass(self.now) {
            let text = "too many handshakes at once";
            return self.reject(route, kind, None, "busy", text, Some(RETRY_AFTER_MS));
        }
        if hello.version_min > VERSION_MAX || hello.version_max < VERSION_MIN {
            let text = format!("this master speaks versions {VERSION_MIN} to {VERSION_MAX}");
            return self.reject(route, kind, None, "version", &text, None);
        }
        if hello.role != ROLE_WORKER && hello.role != ROLE_CLIENT {
            return self.reject(route, kind, None, "role", "a role is \"worker\" or \"client\"", None);
        }
        if self.dispatcher.settings().secrets.is_empty() {
            self.admit(route, header, hello, None);
        } else {
            self.challenge(route, header, hello);
        }
    }

    /// Opens a session, if there is room for another.
    pub(super) fn admit(&mut self, route: Route, header: &[u8], hello: &Hello<'_>, mac: Option<Bin<'_>>) {
        let kind = Kind::Hello as u64;
        let again = Some(RETRY_AFTER_MS);
        let role = role(hello);
        match (self.dispatcher.join(role), role) {
            (Ok(peer), _) => self.welcome(peer, route, header, hello, mac),
            (Err(NoEntry::Full), PeerRole::Worker) => {
                self.reject(route, kind, None, "workers_max", "no room for another", again);
            }
            (Err(NoEntry::Full), PeerRole::Client) => {
                self.reject(route, kind, None, "clients_max", "no room for another", again);
            }
            (Err(NoEntry::Closing), _) => {
                self.reject(route, kind, None, CODE_CLOSING, "this master is closing", again);
            }
        }
    }

    fn welcome(
        &mut self,
        peer: PeerKey,
        route: Route,
        header: &[u8],
        hello: &Hello<'_>,
        mac: Option<Bin<'_>>,
    ) {
        let (id, number) = (self.random.next(), self.dispatcher.number(peer));
        debug!(peer = number, role = hello.role, software = hello.software, "welcome");
        let settings = self.dispatcher.settings();
        let welcome = Welcome {
            version: hello.version_max.min(VERSION_MAX),
            epoch: self.epoch,
            session: id,
            peer: number,
            mac,
            limits: NamedValues(vec![
                ("payload_bytes_max", settings.payload_bytes_max as u64),
                ("batch_jobs_max", settings.batch_jobs_max as u64),
                ("batch_bytes_max", settings.batch_bytes_max as u64),
            ]),
            intervals: NamedValues(vec![
                ("heartbeat_ms", settings.heartbeat_interval.as_millis() as u64),
                ("silence_ms", settings.silence_max.as_millis() as u64),
                ("timeout_ms", settings.timeout.as_millis() as u64),
            ]),
            pid: u64::from(self.dispatcher.identity().pid),
            sent_ms: self.clock_ms(),
        };
        let welcome = Message::Welcome(welcome).encode();
        self.sessions.insert(
            peer,
            Session {
                route,
                id,
                opening: Some(Box::new(Opening { hello: header.into(), welcome: welcome.clone() })),
                role: role(hello),
                software: hello.software.into(),
                errand: Errand::Questions,
                sequence_sent: 0,
                sequence_received: 0,
                outcomes: Vec::new(),
            },
        );
        self.push(route, welcome, Vec::new());
    }
}

fn role(hello: &Hello<'_>) -> PeerRole {
    if hello.role == ROLE_WORKER { PeerRole::Worker } else { PeerRole::Client }
}
