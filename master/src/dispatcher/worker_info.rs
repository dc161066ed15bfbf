//! What a master tells of one of its workers.

use super::peer::Peer;
use super::status::map;
use super::worker::{Worker, WorkerState};
use super::{Dispatcher, JobId};
use powerhose_protocol::Value;
use std::time::Duration;

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
    /// What it does now, if it has a job.
    pub current: Option<CurrentJob>,
    /// How long its last job ran.
    pub run_last: Duration,
    /// How long its longest job ran.
    pub run_longest: Duration,
    /// How long all its jobs ran together.
    pub run_sum: Duration,
    /// How long ago it was last heard of.
    pub silence: Duration,
    /// What its operator wants to see beside it.
    pub labels: Vec<(String, String)>,
}

/// The first job that a worker has not answered: the one that it runs, as far as its master can know.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CurrentJob {
    /// Which.
    pub job: JobId,
    /// Of which pool.
    pub pool: String,
    /// How long the worker has had it, or, if another came before it, how long ago it answered that one.
    pub age: Duration,
}

impl Dispatcher {
    /// Every registered worker, by id.
    pub fn workers(&self) -> Vec<WorkerInfo> {
        let mut workers: Vec<_> =
            self.peers.registered().map(|(_, peer, worker)| self.worker_info(peer, worker)).collect();
        workers.sort_unstable_by_key(|worker| worker.id);
        workers
    }

    pub(super) fn worker_info(&self, peer: &Peer, worker: &Worker) -> WorkerInfo {
        let current = worker.outstanding.first().map(|first| CurrentJob {
            job: first.id,
            pool: (&*self.pools[first.pool].name).into(),
            age: self.now.saturating_duration_since(first.dispatched.max(worker.answered)),
        });
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
            current,
            run_last: worker.runs.last,
            run_longest: worker.runs.longest,
            run_sum: worker.runs.sum,
            silence: self.now.saturating_duration_since(peer.last_heard),
            labels: worker.labels.clone(),
        }
    }
}

impl WorkerInfo {
    /// How long its jobs ran on average; nothing before the first.
    pub fn run_average(&self) -> Option<Duration> {
        let jobs = self.done + self.failed;
        (jobs > 0).then(|| Duration::from_nanos((self.run_sum.as_nanos() / u128::from(jobs)) as u64))
    }

    pub(super) fn to_value(&self) -> Value {
        let labels = self.labels.iter().map(|(name, value)| (name.clone(), value.as_str().into()));
        let micros = |duration: Duration| Value::Unsigned(duration.as_micros() as u64);
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
            ("current", self.current.as_ref().map_or(Value::Nil, CurrentJob::to_value)),
            ("run_last_us", micros(self.run_last)),
            ("run_longest_us", micros(self.run_longest)),
            ("run_sum_us", micros(self.run_sum)),
            ("silence_ms", (self.silence.as_millis() as u64).into()),
            ("labels", Value::Map(labels.collect())),
        ])
    }

    /// Reads what [`to_value`](WorkerInfo::to_value) wrote; nothing if the master is of another mind.
    pub(crate) fn from_value(value: &Value) -> Option<WorkerInfo> {
        let number = |name| value.field(name).and_then(Value::as_unsigned);
        let text = |name| value.field(name).and_then(Value::as_text).map(str::to_owned);
        let micros = |name| Some(Duration::from_micros(number(name)?));
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
            current: value.field("current").and_then(CurrentJob::from_value),
            run_last: micros("run_last_us")?,
            run_longest: micros("run_longest_us")?,
            run_sum: micros("run_sum_us")?,
            silence: Duration::from_millis(number("silence_ms")?),
            labels: labels.iter().filter_map(label).collect(),
        })
    }
}

impl CurrentJob {
    fn to_value(&self) -> Value {
        map([
            ("job", self.job.to_wire().into()),
            ("pool", self.pool.as_str().into()),
            ("age_us", (self.age.as_micros() as u64).into()),
        ])
    }

    fn from_value(value: &Value) -> Option<CurrentJob> {
        Some(CurrentJob {
            job: JobId::from_wire(value.field("job")?.as_unsigned()?),
            pool: value.field("pool")?.as_text()?.to_owned(),
            age: Duration::from_micros(value.field("age_us")?.as_unsigned()?),
        })
    }
}
