//! Peers come, register and leave; what they may say in which state.

use super::credit::STOCK_WAIT;
use super::event::{GoneCause, Notice, Route};
use super::mutations::mutated;
use super::outbox::frame_bytes;
use super::peer::{Client, Peer, PeerKey, Role};
use super::pool::{Knowledge, PoolKey};
use super::worker::{Attention, Occupation, RunTimes, Service, Worker};
use super::{Action, Dispatcher};
use bytes::Bytes;
use powerhose_protocol::{
    Bye, Bytes as Bin, CODE_CLOSING, DecodeError, Hello, Kind, Message, NamedValues, PEER_MAX, PoolTerms,
    Quieted, ROLE_CLIENT, ROLE_WORKER, Register, Registered, VERSION_MAX, VERSION_MIN, Welcome, decode,
};
use tracing::{debug, info};

/// When a peer that was refused for want of room may try again.
const RETRY_AFTER_MS: u64 = 1000;

impl Dispatcher {
    /// A message from a connection.
    pub(super) fn receive(&mut self, route: Route, header: &[u8], payloads: &mut Vec<Bytes>) {
        self.stats.messages_received += 1;
        if self.strikes.is_cut_off(route) {
            return;
        }
        self.stats.bytes_received += frame_bytes(header, payloads);
        let message = match decode(header, payloads.len()) {
            Ok(message) => message,
            Err(error) => return self.refuse_bytes(route, &error),
        };
        match &message {
            Message::Hello(hello) => return self.hello(route, header, hello),
            Message::Proof(proof) => return self.prove(route, header, proof),
            _ => {}
        }
        let Some(key) = self.peers.find(route) else { return self.send_unknown(route) };
        match message.session() {
            Some(session) if session == self.peers[key].session || mutated!(IgnoreSession) => {}
            Some(_) => return self.send_unknown(route),
            None => return self.not_yours(route, message.kind()),
        }
        self.peers[key].last_heard = self.now;
        self.obey(key, route, message, payloads);
    }

    fn refuse_bytes(&mut self, route: Route, error: &DecodeError) {
        self.reject(route, error.kind_number(), None, error.code(), &error.to_string(), None);
    }

    fn not_yours(&mut self, route: Route, kind: Kind) {
        let text = format!("{kind} is not for this peer to send, or not yet");
        self.reject(route, kind as u64, None, "not_yours", &text, None);
    }

    /// A message of a live session.
    fn obey(&mut self, key: PeerKey, route: Route, message: Message<'_>, payloads: &mut Vec<Bytes>) {
        match (&self.peers[key].role, message) {
            (_, Message::Heartbeat(heartbeat)) => self.heartbeat(key, &heartbeat),
            (_, Message::Bye(bye)) => {
                debug!(peer = self.peers[key].number, code = bye.code, "goodbye");
                self.gone(key, GoneCause::Goodbye);
            }
            (_, Message::Status(status)) => self.status(key, &status),
            (_, Message::Control(control)) => self.control(key, &control),
            (Role::Candidate | Role::Worker(_), Message::Register(register)) => self.register(key, &register),
            (Role::Worker(_), Message::Replies(replies)) => self.replies(key, &replies, payloads),
            (Role::Worker(_), Message::Quiet(_)) => self.quiet(key),
            (Role::Client(_), Message::Execute(execute)) => self.execute(key, &execute, payloads),
            (Role::Client(_), Message::Abandon(abandon)) => {
                abandon.calls.iter().for_each(|call| self.abandon(key, *call));
            }
            (_, message) => self.not_yours(route, message.kind()),
        }
    }

    fn hello(&mut self, route: Route, header: &[u8], hello: &Hello<'_>) {
        if let Some(key) = self.peers.find(route) {
            self.gone(key, GoneCause::Renewed);
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
        if self.settings.secrets.is_empty() || mutated!(BelieveEverybody) {
            self.admit(route, hello, None);
        } else {
            self.challenge(route, header, hello);
        }
    }

    /// Opens a session, if there is room for another.
    pub(super) fn admit(&mut self, route: Route, hello: &Hello<'_>, mac: Option<Bin<'_>>) {
        let (role, full, code) = if hello.role == ROLE_WORKER {
            (Role::Candidate, self.peers.workers >= self.settings.workers_max, "workers_max")
        } else {
            let full = self.peers.clients >= self.settings.clients_max;
            (Role::Client(Client::default()), full, "clients_max")
        };
        let kind = Kind::Hello as u64;
        if full || self.last_peer == PEER_MAX {
            return self.reject(route, kind, None, code, "no room for another", Some(RETRY_AFTER_MS));
        }
        if !self.lifecycle.is_open() {
            let text = "this master is closing";
            return self.reject(route, kind, None, CODE_CLOSING, text, Some(RETRY_AFTER_MS));
        }
        self.welcome(route, role, hello, mac);
    }

    fn welcome(&mut self, route: Route, role: Role, hello: &Hello<'_>, mac: Option<Bin<'_>>) {
        self.last_peer += 1;
        let (session, number) = (self.random.next(), self.last_peer);
        let is_client = matches!(role, Role::Client(_));
        debug!(peer = number, role = hello.role, software = hello.software, "welcome");
        self.peers.insert(Peer {
            route: Some(route),
            session,
            number,
            software: hello.software.into(),
            last_heard: self.now,
            sequence_sent: 0,
            sequence_received: 0,
            suspicion: None,
            role,
        });
        let settings = &self.settings;
        let welcome = Welcome {
            version: hello.version_max.min(VERSION_MAX),
            epoch: self.epoch,
            session,
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
            pid: u64::from(self.identity.pid),
            sent_ms: self.clock_ms(),
        };
        self.send(route, Message::Welcome(welcome));
        if is_client {
            info!(client = number, software = hello.software, "client connected");
            self.actions.push_back(Action::Notify(Notice::ClientConnected { client: number }));
        }
    }

    fn register(&mut self, key: PeerKey, register: &Register<'_>) {
        let Some(route) = self.peers[key].route else { return };
        let new = register.pools.iter().filter(|offer| self.pools.find(offer.pool).is_none()).count();
        if self.pools.len() + new > self.settings.pools_max {
            let text = format!("this master keeps at most {} pools", self.settings.pools_max);
            let kind = Kind::Register as u64;
            return self.reject(route, kind, None, "pools_max", &text, Some(RETRY_AFTER_MS));
        }
        let left = self.leave_pools(key);
        self.become_worker(key, register);
        for offer in &register.pools {
            let pool = self.pools.find_or_make(offer.pool, usize::MAX).expect("there is no bound");
            let credit_max = match self.peers.worker(key).attention {
                Attention::Always => u32::try_from(offer.credit_max).unwrap_or(u32::MAX),
                // It could not give jobs back while it runs one.
                Attention::BetweenJobs => 1,
            };
            self.pools[pool].knowledge = Knowledge::Known;
            let member = self.pools[pool].members.add(key, credit_max);
            self.peers.worker(key).memberships.push((pool, member));
        }
        self.tell_registered(key, route, register);
        self.relist(key);
        left.into_iter().for_each(|pool| self.end_rests(pool));
    }

    fn leave_pools(&mut self, key: PeerKey) -> Vec<PoolKey> {
        let memberships = self.peers[key].worker_mut().map(|worker| std::mem::take(&mut worker.memberships));
        let left = memberships.unwrap_or_default().into_iter().map(|(pool, member)| {
            self.pools[pool].members.remove(member);
            pool
        });
        left.collect()
    }

    fn become_worker(&mut self, key: PeerKey, register: &Register<'_>) {
        let labels = register.labels.0.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let attention = if register.attentive { Attention::Always } else { Attention::BetweenJobs };
        let now = self.now;
        let peer = &mut self.peers[key];
        if let Role::Worker(worker) = &mut peer.role {
            worker.attention = attention;
            worker.labels = labels.collect();
            return;
        }
        self.stats.workers_registered += 1;
        peer.role = Role::Worker(Box::new(Worker {
            pid: u32::try_from(register.pid).unwrap_or(0),
            host: register.host.into(),
            instance: register.instance.into(),
            labels: labels.collect(),
            attention,
            memberships: Vec::new(),
            outstanding: Vec::new(),
            outstanding_bytes: 0,
            batch: Vec::new(),
            service: Service::On,
            occupation: Occupation::None,
            overruns: 0,
            done: 0,
            failed: 0,
            answered: now,
            runs: RunTimes::default(),
        }));
    }

    fn tell_registered(&mut self, key: PeerKey, route: Route, register: &Register<'_>) {
        let grace_ms = self.settings.overrun_grace.as_millis() as u64;
        let peer = &self.peers[key];
        let (session, number, pid) = (peer.session, peer.number, register.pid);
        let terms = register.pools.iter().map(|offer| {
            let grace = ("overrun_grace_ms", grace_ms);
            let fixed =
                self.pools.find(offer.pool).is_some_and(|pool| self.pools[pool].settings.credit.is_some());
            let wait = (!fixed).then_some(("stock_wait_ms", STOCK_WAIT.as_millis() as u64));
            PoolTerms { pool: offer.pool, settings: NamedValues([grace].into_iter().chain(wait).collect()) }
        });
        let pools: Vec<String> = register.pools.iter().map(|offer| offer.pool.to_owned()).collect();
        self.send(route, Message::Registered(Registered { session, worker: number, pools: terms.collect() }));
        info!(worker = number, pid, host = register.host, pools = pools.join(","), "worker registered");
        let pid = u32::try_from(pid).unwrap_or(0);
        self.actions.push_back(Action::Notify(Notice::WorkerRegistered { worker: number, pid, pools }));
    }

    /// A worker wants to leave, or is told to: no new jobs, and those it has not begun go to others.
    pub(super) fn quiet(&mut self, key: PeerKey) {
        let peer = &mut self.peers[key];
        let (session, route) = (peer.session, peer.route);
        let Some(worker) = peer.worker_mut() else { return };
        worker.service = Service::Quiet;
        let pools: Vec<PoolKey> = worker.memberships.iter().map(|(pool, _)| *pool).collect();
        self.relist(key);
        pools.into_iter().for_each(|pool| self.end_rests(pool));
        if let Some(route) = route {
            self.send(route, Message::Quieted(Quieted { session }));
        }
        self.recall(key, None, usize::MAX);
    }

    /// Tells a peer that its session is over.
    pub(super) fn send_bye(&mut self, key: PeerKey, code: &str, text: &str) {
        let peer = &self.peers[key];
        let (Some(route), session) = (peer.route, peer.session) else { return };
        self.send(route, Message::Bye(Bye { session, code, text }));
    }
}
