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
        let stats = self.stats();
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
        extend(&mut state, stats.counters().map(|(name, count)| (name, (*count).into())));
        extend(
            &mut state,
            [("rejections", rejections(&stats)), ("lateness", stats.lateness.to_value()), bounds()],
        );
        state
    }
}

fn rejections(stats: &Stats) -> Value {
    Value::Map(stats.rejections.iter().map(|(code, count)| (code.to_owned(), count.into())).collect())
}

/// The ends of the buckets of every histogram beside it.
pub(super) fn bounds() -> (&'static str, Value) {
    ("bounds_us", Histogram::bounds_to_value())
}

fn workers_by_state(workers: &WorkerCounts) -> Value {
    let mut counts = map([]);
    extend(&mut counts, workers.by_state().map(|(state, count)| (state, (*count as u64).into())));
    counts
}

impl PoolStats {
    pub(super) fn to_value(&self) -> Value {
        let mut state = map([
            ("pool", self.name.as_str().into()),
            ("known", self.known.into()),
            ("workers", (self.workers.all() as u64).into()),
            ("workers_by_state", workers_by_state(&self.workers)),
            ("waiting", (self.waiting as u64).into()),
            ("oldest_waiting_ms", self.oldest_waiting.map_or(Value::Nil, millis)),
            ("running", (self.running as u64).into()),
            ("credit", u64::from(self.credit).into()),
        ]);
        extend(&mut state, self.ends.counters().map(|(name, count)| (name, (*count).into())));
        extend(&mut state, self.times.histograms().map(|(name, times)| (name, times.to_value())));
        state
    }
}

fn millis(duration: Duration) -> Value {
    Value::Unsigned(duration.as_millis() as u64)
}

/// A map with these entries.
pub(super) fn map<const N: usize>(entries: [(&str, Value); N]) -> Value {
    Value::Map(entries.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

/// More entries of a map.
fn extend<'n>(map: &mut Value, more: impl IntoIterator<Item = (&'n str, Value)>) {
    if let Value::Map(entries) = map {
        entries.extend(more.into_iter().map(|(name, value)| (name.to_owned(), value)));
    }
}
