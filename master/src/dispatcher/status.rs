//! Answers to STATUS: what the master knows, as maps.

use super::peer::PeerKey;
use super::stats::{PoolStats, Stats, WorkerCounts};
use super::{Dispatcher, Histogram};
use powerhose_protocol::limits::is_pool_name;
use powerhose_protocol::{Kind, Message, State, Status, Value};
use std::time::Duration;

impl Dispatcher {
    pub(super) fn status(&mut self, key: PeerKey, status: &Status<'_>) {
        let (session, Some(route)) = (self.peers[key].session, self.peers[key].route) else { return };
        let Some(state) = self.answer(status.query) else {
            let text = "a query is \"master\", \"workers\", \"workers:ID\", \"pools\" or \"pools:NAME\"";
            return self.reject(route, Kind::Status as u64, None, "query", text, None);
        };
        self.send(route, Message::State(State { session, query: status.query, state }));
    }

    fn answer(&self, query: &str) -> Option<Value> {
        Some(match query.split_once(':') {
            None if query == "master" => self.master_state(),
            None if query == "workers" => self.workers_page(0),
            None if query == "pools" => self.pools_page(""),
            Some(("workers", id)) => self.workers_page(id.parse().ok()?),
            Some(("pools", name)) if is_pool_name(name) => self.pools_page(name),
            None | Some(_) => return None,
        })
    }

    fn master_state(&self) -> Value {
        let mut stats = self.stats();
        let mut state = map([
            ("epoch", self.epoch.into()),
            ("pid", u64::from(self.identity.pid).into()),
            ("uptime_ms", millis(stats.uptime)),
            ("accepting", stats.accepting.into()),
            ("workers", (stats.workers.all() as u64).into()),
            ("workers_by_state", workers_by_state(&stats.workers)),
            ("clients", (stats.clients as u64).into()),
            ("jobs_waiting", (stats.waiting as u64).into()),
            ("bytes_waiting", (stats.waiting_bytes as u64).into()),
            ("jobs_running", ((stats.in_flight - stats.waiting) as u64).into()),
            ("oldest_waiting_ms", stats.oldest_waiting.map_or(Value::Nil, millis)),
        ]);
        if let Value::Map(entries) = &mut state {
            entries.extend(counters(&mut stats).map(|(name, count)| (name.to_owned(), (*count).into())));
        }
        with(state, [("rejections", rejections(&stats)), ("lateness", stats.lateness.to_value()), bounds()])
    }
}

/// The counters of the whole master, by the names that they have on the wire: to be told, or to be filled in.
pub(super) fn counters(stats: &mut Stats) -> impl Iterator<Item = (&'static str, &mut u64)> {
    [
        ("accepted", &mut stats.accepted),
        ("done", &mut stats.done),
        ("failed", &mut stats.failed),
        ("timed_out", &mut stats.timed_out),
        ("cancelled", &mut stats.cancelled),
        ("lost", &mut stats.lost),
        ("rejected", &mut stats.rejected),
        ("dispatched", &mut stats.dispatched),
        ("redispatched", &mut stats.redispatched),
        ("returned", &mut stats.returned),
        ("replies_late", &mut stats.replies_late),
        ("replies_stray", &mut stats.replies_stray),
        ("messages_refused", &mut stats.messages_refused),
        ("peers_cut_off", &mut stats.peers_cut_off),
        ("messages_foreign", &mut stats.messages_foreign),
        ("messages_received", &mut stats.messages_received),
        ("messages_sent", &mut stats.messages_sent),
        ("bytes_received", &mut stats.bytes_received),
        ("bytes_sent", &mut stats.bytes_sent),
        ("workers_registered", &mut stats.workers_registered),
        ("workers_left", &mut stats.workers_left),
        ("workers_died", &mut stats.workers_died),
        ("heartbeats_missed", &mut stats.heartbeats_missed),
    ]
    .into_iter()
}

fn rejections(stats: &Stats) -> Value {
    Value::Map(stats.rejections.iter().map(|(code, count)| (code.to_owned(), count.into())).collect())
}

/// The ends of the buckets of every histogram beside it.
pub(super) fn bounds() -> (&'static str, Value) {
    ("bounds_us", Histogram::bounds_to_value())
}

fn workers_by_state(workers: &WorkerCounts) -> Value {
    map([
        ("ready", (workers.ready as u64).into()),
        ("busy", (workers.busy as u64).into()),
        ("overdue", (workers.overdue as u64).into()),
        ("quiet", (workers.quiet as u64).into()),
    ])
}

impl PoolStats {
    pub(super) fn to_value(&self) -> Value {
        map([
            ("pool", self.name.as_str().into()),
            ("known", self.known.into()),
            ("workers", (self.workers.all() as u64).into()),
            ("workers_by_state", workers_by_state(&self.workers)),
            ("waiting", (self.waiting as u64).into()),
            ("oldest_waiting_ms", self.oldest_waiting.map_or(Value::Nil, millis)),
            ("running", (self.running as u64).into()),
            ("credit", u64::from(self.credit).into()),
            ("done", self.ends.done.into()),
            ("failed", self.ends.failed.into()),
            ("timed_out", self.ends.timed_out.into()),
            ("cancelled", self.ends.cancelled.into()),
            ("lost", self.ends.lost.into()),
            ("rejected", self.ends.rejected.into()),
            ("wait", self.times.wait.to_value()),
            ("run", self.times.run.to_value()),
            ("overhead", self.times.overhead.to_value()),
            ("total", self.times.total.to_value()),
        ])
    }
}

fn millis(duration: Duration) -> Value {
    Value::Unsigned(duration.as_millis() as u64)
}

/// A map with these entries.
pub(super) fn map<const N: usize>(entries: [(&str, Value); N]) -> Value {
    Value::Map(entries.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

fn with<const N: usize>(map: Value, more: [(&str, Value); N]) -> Value {
    let Value::Map(mut entries) = map else { return map };
    entries.extend(more.into_iter().map(|(name, value)| (name.to_owned(), value)));
    Value::Map(entries)
}
