//! Questions about the master's state, and orders to it.

use super::peer::{Peer, PeerKey};
use super::worker::{Service, Worker, WorkerState};
use super::{Dispatcher, Stats, Timer};
use powerhose_protocol::{Control, Controlled, Kind, Message, Quiet, Resume, State, Status, Value};
use std::time::Duration;
use tracing::info;

/// What a master knows of one of its workers.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct WorkerInfo {
    /// Its id, unique in the life of the master.
    pub id: u64,
    /// Its process id on its host.
    pub pid: u32,
    /// Its host's name.
    pub host: String,
    /// Random, new at every start of its process.
    pub instance: String,
    /// Name and version of its software.
    pub software: String,
    /// Whether it is ready, busy, overdue or quiet.
    pub state: WorkerState,
    /// The pools it offers.
    pub pools: Vec<String>,
    /// How many jobs it has not answered.
    pub outstanding: usize,
    /// How many it has answered with a reply.
    pub done: u64,
    /// How many it has answered with an error.
    pub failed: u64,
    /// What its operator wants to see beside it.
    pub labels: Vec<(String, String)>,
}

/// Orders that have not had their full effect yet.
#[derive(Default)]
pub(super) struct Controls {
    pending: Vec<Pending>,
    last: u64,
}

struct Pending {
    number: u64,
    asker: PeerKey,
    id: u64,
    verb: Verb,
    matched: usize,
    left: Vec<PeerKey>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Verb {
    Quiet,
    Resume,
    Drain,
    Stop,
}

impl Verb {
    fn parse(word: &str) -> Option<Verb> {
        Some(match word {
            "quiet" => Verb::Quiet,
            "resume" => Verb::Resume,
            "drain" => Verb::Drain,
            "stop" => Verb::Stop,
            _ => return None,
        })
    }
}

impl Dispatcher {
    /// Every registered worker, by id.
    pub fn workers(&self) -> Vec<WorkerInfo> {
        let mut workers: Vec<_> =
            self.peers.registered().map(|(_, peer, worker)| self.worker_info(peer, worker)).collect();
        workers.sort_unstable_by_key(|worker| worker.id);
        workers
    }

    /// What was counted so far.
    pub fn stats(&self) -> &Stats {
        &self.stats
    }

    fn worker_info(&self, peer: &Peer, worker: &Worker) -> WorkerInfo {
        WorkerInfo {
            id: peer.number,
            pid: worker.pid,
            host: (&*worker.host).into(),
            instance: (&*worker.instance).into(),
            software: (&*peer.software).into(),
            state: worker.state(),
            pools: worker.memberships.iter().map(|(pool, _)| (&*self.pools[*pool].name).into()).collect(),
            outstanding: worker.outstanding.len(),
            done: worker.done,
            failed: worker.failed,
            labels: worker.labels.clone(),
        }
    }

    pub(super) fn status(&mut self, key: PeerKey, status: &Status<'_>) {
        let (session, Some(route)) = (self.peers[key].session, self.peers[key].route) else { return };
        let state = match status.query {
            "master" => self.master_state(),
            "workers" => {
                map([("workers", Value::Array(self.workers().iter().map(WorkerInfo::to_value).collect()))])
            }
            "pools" => map([("pools", self.pools_state())]),
            _ => {
                let text = "a query is \"master\", \"workers\" or \"pools\"";
                return self.reject(route, Kind::Status as u64, None, "query", text, None);
            }
        };
        self.send(route, Message::State(State { session, query: status.query, state }));
    }

    fn master_state(&self) -> Value {
        let stats = &self.stats;
        map([
            ("epoch", self.epoch.into()),
            ("pid", u64::from(self.identity.pid).into()),
            ("uptime_ms", self.clock_ms().into()),
            ("workers", (self.peers.registered().count() as u64).into()),
            ("clients", (self.peers.clients as u64).into()),
            ("jobs_waiting", (self.waiting_jobs as u64).into()),
            ("bytes_waiting", (self.waiting_bytes as u64).into()),
            ("jobs_running", ((self.jobs.len() - self.waiting_jobs) as u64).into()),
            ("accepted", stats.accepted.into()),
            ("done", stats.done.into()),
            ("failed", stats.failed.into()),
            ("timed_out", stats.timed_out.into()),
            ("cancelled", stats.cancelled.into()),
            ("lost", stats.lost.into()),
            ("rejected", stats.rejected.into()),
            ("redispatched", stats.redispatched.into()),
            ("messages_refused", stats.messages_refused.into()),
        ])
    }

    fn pools_state(&self) -> Value {
        let pools = self.pools.iter().map(|(_, pool)| {
            map([
                ("pool", (&*pool.name).into()),
                ("workers", (pool.members.len() as u64).into()),
                ("waiting", (pool.waiting.len() as u64).into()),
                ("running", (pool.dispatched as u64).into()),
                ("credit", u64::from(pool.credit()).into()),
                ("done", pool.done.into()),
            ])
        });
        Value::Array(pools.collect())
    }

    pub(super) fn control(&mut self, key: PeerKey, control: &Control<'_>) {
        let Some(route) = self.peers[key].route else { return };
        let kind = Kind::Control as u64;
        let Some(verb) = Verb::parse(control.verb) else {
            let text = "a verb is \"quiet\", \"resume\", \"drain\" or \"stop\"";
            return self.reject(route, kind, Some(control.id), "verb", text, None);
        };
        let Some(workers) = self.select(control.selector) else {
            let text = "a selector is \"all\", \"pool:NAME\" or a worker's id";
            return self.reject(route, kind, Some(control.id), "selector", text, None);
        };
        info!(verb = control.verb, selector = control.selector, workers = workers.len(), "an order");
        workers.iter().for_each(|worker| self.begin(*worker, verb));
        self.controls.last += 1;
        let number = self.controls.last;
        self.timers.set(self.now + Duration::from_millis(control.within_ms), Timer::Control(number));
        let (matched, id) = (workers.len(), control.id);
        self.controls.pending.push(Pending { number, asker: key, id, verb, matched, left: workers });
    }

    fn select(&self, selector: &str) -> Option<Vec<PeerKey>> {
        let pool = selector.strip_prefix("pool:").map(|name| self.pools.find(name));
        let id = selector.parse::<u64>().ok();
        if pool.is_none() && id.is_none() && selector != "all" {
            return None;
        }
        let matches = |peer: &Peer, worker: &Worker| match (pool, id) {
            (Some(pool), _) => worker.memberships.iter().any(|(offered, _)| Some(*offered) == pool),
            (None, Some(id)) => peer.number == id,
            (None, None) => true,
        };
        let selected = self.peers.registered().filter(|(_, peer, worker)| matches(peer, worker));
        Some(selected.map(|(key, ..)| key).collect())
    }

    fn begin(&mut self, key: PeerKey, verb: Verb) {
        let (session, Some(route)) = (self.peers[key].session, self.peers[key].route) else { return };
        match verb {
            Verb::Quiet | Verb::Drain | Verb::Stop => {
                self.send(route, Message::Quiet(Quiet { session }));
                self.quiet(key);
            }
            Verb::Resume => {
                self.peers.worker(key).service = Service::On;
                self.send(route, Message::Resume(Resume { session }));
                self.relist(key);
            }
        }
    }

    /// Looks which orders have had their full effect.
    pub(super) fn follow_controls(&mut self) {
        if self.controls.pending.is_empty() {
            return;
        }
        for mut pending in std::mem::take(&mut self.controls.pending) {
            let left = std::mem::take(&mut pending.left);
            pending.left = left.into_iter().filter(|worker| self.is_left(*worker, pending.verb)).collect();
            if pending.left.is_empty() {
                self.send_controlled(&pending);
            } else {
                self.controls.pending.push(pending);
            }
        }
    }

    /// Whether the order still has to take effect on this worker.
    fn is_left(&mut self, key: PeerKey, verb: Verb) -> bool {
        let Some(worker) = self.peers.get(key).and_then(Peer::worker) else { return false };
        let idle = worker.outstanding.is_empty();
        match verb {
            Verb::Quiet | Verb::Resume => false,
            Verb::Drain => !idle,
            Verb::Stop if idle => {
                self.send_bye(key, "stop", "ordered to stop");
                self.gone(key, super::GoneCause::Goodbye);
                false
            }
            Verb::Stop => true,
        }
    }

    /// An order took as long as it may: whoever gave it learns how far it came.
    pub(super) fn control_expired(&mut self, number: u64) {
        if let Some(place) = self.controls.pending.iter().position(|pending| pending.number == number) {
            let pending = self.controls.pending.remove(place);
            self.send_controlled(&pending);
        }
    }

    fn send_controlled(&mut self, pending: &Pending) {
        let Some(asker) = self.peers.get(pending.asker) else { return };
        let (session, Some(route)) = (asker.session, asker.route) else { return };
        let progress = map([
            ("matched", (pending.matched as u64).into()),
            ("left", (pending.left.len() as u64).into()),
            ("done", pending.left.is_empty().into()),
        ]);
        self.send(route, Message::Controlled(Controlled { session, id: pending.id, progress }));
    }
}

fn map<const N: usize>(entries: [(&str, Value); N]) -> Value {
    Value::Map(entries.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

impl WorkerInfo {
    fn to_value(&self) -> Value {
        let labels = self.labels.iter().map(|(name, value)| (name.clone(), value.as_str().into()));
        map([
            ("id", self.id.into()),
            ("pid", u64::from(self.pid).into()),
            ("host", self.host.as_str().into()),
            ("instance", self.instance.as_str().into()),
            ("software", self.software.as_str().into()),
            ("state", self.state.word().into()),
            ("pools", Value::Array(self.pools.iter().map(|pool| pool.as_str().into()).collect())),
            ("outstanding", (self.outstanding as u64).into()),
            ("done", self.done.into()),
            ("failed", self.failed.into()),
            ("labels", Value::Map(labels.collect())),
        ])
    }

    /// Reads what [`to_value`](WorkerInfo::to_value) wrote; nothing if the master is of another mind.
    pub(crate) fn from_value(value: &Value) -> Option<WorkerInfo> {
        let number = |name| value.field(name).and_then(Value::as_unsigned);
        let text = |name| value.field(name).and_then(Value::as_text).map(str::to_owned);
        let pools = value.field("pools")?.as_array()?.iter().filter_map(Value::as_text).map(str::to_owned);
        let labels = match value.field("labels") {
            Some(Value::Map(labels)) => labels.as_slice(),
            _ => &[],
        };
        let label = |(name, value): &(String, Value)| Some((name.clone(), value.as_text()?.to_owned()));
        Some(WorkerInfo {
            id: number("id")?,
            pid: u32::try_from(number("pid")?).ok()?,
            host: text("host")?,
            instance: text("instance")?,
            software: text("software")?,
            state: WorkerState::from_word(&text("state")?)?,
            pools: pools.collect(),
            outstanding: usize::try_from(number("outstanding")?).ok()?,
            done: number("done")?,
            failed: number("failed")?,
            labels: labels.iter().filter_map(label).collect(),
        })
    }
}
