//! `/status.json`: what the page shows, in a form for programs. Names carry their unit; names may be added.

use super::history::{SAMPLES_MAX, Sample, milliseconds};
use super::observer::View;
use super::sampler::INTERVAL;
use powerhose::{CurrentJob, Endpoint, Histogram, PoolStats, Reachability, Stats, WorkerInfo};
use serde::{Serialize, Serializer};
use std::collections::BTreeMap;

#[derive(Serialize)]
pub(super) struct StatusAnswer<'a> {
    master: Master,
    jobs: Jobs,
    counters: Named<u64>,
    workers_by_state: Named<usize>,
    pools: Vec<Pool<'a>>,
    workers: Vec<Worker<'a>>,
    sample_interval_ms: u64,
    samples_max: usize,
    samples: Vec<Sample>,
}

#[derive(Serialize)]
struct Master {
    software: &'static str,
    pid: u32,
    endpoints: Vec<String>,
    /// Why new peers do not find it.
    unreachable: Option<String>,
    uptime_ms: u64,
    accepting: bool,
    clients: usize,
    heartbeats_missed: u64,
    workers_registered: u64,
    workers_died: u64,
    lateness_ms: Spread,
}

#[derive(Serialize)]
struct Jobs {
    accepted: u64,
    done: u64,
    failed: u64,
    timed_out: u64,
    cancelled: u64,
    lost: u64,
    rejected: u64,
    rejections: BTreeMap<&'static str, u64>,
    redispatched: u64,
    in_flight: usize,
    waiting: usize,
    waiting_bytes: usize,
    running: usize,
    oldest_waiting_ms: Option<f64>,
}

/// Values by their names, in this order.
struct Named<T>(Vec<(String, T)>);

#[derive(Serialize)]
struct Pool<'a> {
    pool: &'a str,
    known: bool,
    workers: usize,
    workers_by_state: Named<usize>,
    waiting: usize,
    oldest_waiting_ms: Option<f64>,
    running: usize,
    credit: u32,
    #[serde(flatten)]
    ends: Named<u64>,
    #[serde(flatten)]
    times: Named<Spread>,
}

/// Since the start of the master. Nothing where there are none.
#[derive(Serialize)]
struct Spread {
    count: u64,
    average: Option<f64>,
    p50: Option<f64>,
    p99: Option<f64>,
    greatest: Option<f64>,
}

#[derive(Serialize)]
struct Worker<'a> {
    id: u64,
    pid: u32,
    host: &'a str,
    software: &'a str,
    state: &'static str,
    pools: &'a [String],
    outstanding: usize,
    current: Option<Current<'a>>,
    done: u64,
    failed: u64,
    run_last_ms: Option<f64>,
    run_average_ms: Option<f64>,
    run_longest_ms: Option<f64>,
    silence_ms: f64,
    memory_bytes: Option<u64>,
    labels: BTreeMap<&'a str, &'a str>,
}

#[derive(Serialize)]
struct Current<'a> {
    job: String,
    pool: &'a str,
    age_ms: f64,
}

impl<'a> StatusAnswer<'a> {
    pub(super) fn new(view: &'a View, endpoints: &[Endpoint], samples: Vec<Sample>) -> StatusAnswer<'a> {
        let stats = &view.stats;
        StatusAnswer {
            master: Master::new(stats, endpoints, &view.reachability),
            jobs: Jobs::new(stats),
            counters: named(stats.counters()),
            workers_by_state: named(stats.workers.by_state()),
            pools: stats.pools.iter().map(Pool::new).collect(),
            workers: view.workers.iter().map(|worker| Worker::new(worker, view)).collect(),
            sample_interval_ms: INTERVAL.as_millis() as u64,
            samples_max: SAMPLES_MAX,
            samples,
        }
    }
}

impl Master {
    fn new(stats: &Stats, endpoints: &[Endpoint], reachability: &Reachability) -> Master {
        Master {
            software: concat!("powerhose/", env!("CARGO_PKG_VERSION")),
            pid: std::process::id(),
            endpoints: endpoints.iter().map(ToString::to_string).collect(),
            unreachable: (*reachability != Reachability::Reachable).then(|| reachability.to_string()),
            uptime_ms: stats.uptime.as_millis() as u64,
            accepting: stats.accepting,
            clients: stats.clients,
            heartbeats_missed: stats.heartbeats_missed,
            workers_registered: stats.workers_registered,
            workers_died: stats.workers_died,
            lateness_ms: Spread::new(&stats.lateness),
        }
    }
}

impl Jobs {
    fn new(stats: &Stats) -> Jobs {
        Jobs {
            accepted: stats.accepted,
            done: stats.done,
            failed: stats.failed,
            timed_out: stats.timed_out,
            cancelled: stats.cancelled,
            lost: stats.lost,
            rejected: stats.rejected,
            rejections: stats.rejections.iter().filter(|(_, count)| *count > 0).collect(),
            redispatched: stats.redispatched,
            in_flight: stats.in_flight,
            waiting: stats.waiting,
            waiting_bytes: stats.waiting_bytes,
            running: stats.in_flight - stats.waiting,
            oldest_waiting_ms: stats.oldest_waiting.map(milliseconds),
        }
    }
}

fn named<'c, T: Copy + 'c>(values: impl Iterator<Item = (&'static str, &'c T)>) -> Named<T> {
    Named(values.map(|(name, value)| (name.to_owned(), *value)).collect())
}

impl<T: Serialize> Serialize for Named<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

impl<'a> Pool<'a> {
    fn new(pool: &'a PoolStats) -> Pool<'a> {
        let spread = |(name, times): (&str, &Histogram)| (format!("{name}_ms"), Spread::new(times));
        Pool {
            pool: &pool.name,
            known: pool.known,
            workers: pool.workers.all(),
            workers_by_state: named(pool.workers.by_state()),
            waiting: pool.waiting,
            oldest_waiting_ms: pool.oldest_waiting.map(milliseconds),
            running: pool.running,
            credit: pool.credit,
            ends: named(pool.ends.counters()),
            times: Named(pool.times.histograms().map(spread).collect()),
        }
    }
}

impl Spread {
    fn new(histogram: &Histogram) -> Spread {
        let count = histogram.count();
        let average = milliseconds(histogram.sum()) / count as f64;
        Spread {
            count,
            average: (count > 0).then_some((average * 1000.0).round() / 1000.0),
            p50: histogram.quantile(0.5).map(milliseconds),
            p99: histogram.quantile(0.99).map(milliseconds),
            greatest: histogram.greatest().map(milliseconds),
        }
    }
}

impl<'a> Worker<'a> {
    fn new(worker: &'a WorkerInfo, view: &View) -> Worker<'a> {
        let has_run = worker.done + worker.failed > 0;
        Worker {
            id: worker.id,
            pid: worker.pid,
            host: &worker.host,
            software: &worker.software,
            state: worker.state.word(),
            pools: &worker.pools,
            outstanding: worker.outstanding,
            current: worker.current.as_ref().map(Current::new),
            done: worker.done,
            failed: worker.failed,
            run_last_ms: has_run.then(|| milliseconds(worker.run_last)),
            run_average_ms: worker.run_average().map(milliseconds),
            run_longest_ms: has_run.then(|| milliseconds(worker.run_longest)),
            silence_ms: milliseconds(worker.silence),
            memory_bytes: view.memory_bytes.get(&worker.id).copied(),
            labels: worker.labels.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect(),
        }
    }
}

impl<'a> Current<'a> {
    fn new(current: &'a CurrentJob) -> Current<'a> {
        Current { job: current.job.to_string(), pool: &current.pool, age_ms: milliseconds(current.age) }
    }
}
