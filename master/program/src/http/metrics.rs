//! `/metrics`: what the master counts, in the text format of OpenMetrics, which Prometheus reads.
//!
//! Labels are pools (as many as workers have offered or the settings declare), outcomes, reasons and states: never a
//! job or a worker, whose number has no bound.

use super::counters::{COUNTERS, Family};
use axum::http::HeaderValue;
use powerhose::{Ends, ForgottenPools, Histogram, PoolStats, Reachability, Stats, Times, WorkerCounts};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{DescriptorEncoder, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::exemplar::Exemplar;
use prometheus_client::registry::Registry;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Result;

/// The value of the label `pool` for the pools that are not known, or not any longer.
const OTHERS: &str = "other";

pub(super) const CONTENT_TYPE: HeaderValue =
    HeaderValue::from_static("application/openmetrics-text; version=1.0.0; charset=utf-8");

/// The metrics of one moment.
pub(super) fn render(stats: Stats, workers_memory_bytes: u64, reachability: &Reachability) -> String {
    let mut registry = Registry::default();
    registry.register_collector(Box::new(Moment {
        stats,
        workers_memory_bytes,
        reachability: reachability.clone(),
    }));
    let mut text = String::new();
    encode(&mut text, &registry).expect("a String takes whatever is written");
    text
}

#[derive(Debug)]
struct Moment {
    stats: Stats,
    workers_memory_bytes: u64,
    reachability: Reachability,
}

impl Collector for Moment {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> Result {
        let (stats, out) = (&self.stats, &mut Output(encoder));
        master(stats, out)?;
        let reachable = f64::from(u8::from(self.reachability == Reachability::Reachable));
        let help = "1 while new peers find the master at all its endpoints, 0 while one is lost.";
        out.gauge("endpoints_reachable", help, &[(&[], reachable)])?;
        counters(stats, out)?;
        jobs(stats, out)?;
        peers(stats, out)?;
        let memory_bytes = self.workers_memory_bytes as f64;
        let help = "Memory of the workers on the master's machine with all that they have started; shared memory counts once a worker.";
        out.gauge("workers_memory_bytes", help, &[(&[], memory_bytes)])?;
        let known: Vec<&PoolStats> = stats.pools.iter().filter(|pool| pool.known).collect();
        pools(&known, out)?;
        let accounts = accounts(&known, &stats.forgotten);
        ends(&accounts, out)?;
        times(&accounts, out)
    }
}

fn master(stats: &Stats, out: &mut Output<'_>) -> Result {
    out.gauge(
        "build_info",
        "The version of the master.",
        &[(&[("version", env!("CARGO_PKG_VERSION"))], 1.0)],
    )?;
    out.gauge(
        "uptime_seconds",
        "How long the master has been running.",
        &[(&[], stats.uptime.as_secs_f64())],
    )?;
    let accepting = f64::from(u8::from(stats.accepting));
    out.gauge("accepting", "1 while the master takes jobs, 0 once it is closing.", &[(&[], accepting)])?;
    out.histogram(
        "loop_lateness_seconds",
        "How long after their time the master acted on deadlines of jobs and on its own heartbeats.",
        &[(&[], &stats.lateness)],
    )
}

fn counters(stats: &Stats, out: &mut Output<'_>) -> Result {
    let known: BTreeMap<&str, u64> = stats.counters().map(|(name, count)| (name, *count)).collect();
    for Family { name, help, label, counts } in &COUNTERS {
        let labels = counts
            .iter()
            .map(|(value, count)| ([(*label, *value)], known.get(count).copied().unwrap_or_default()));
        let labels: Vec<_> = labels.collect();
        let values =
            labels.iter().map(|(of, count)| (if label.is_empty() { &[][..] } else { &of[..] }, *count));
        out.counter(name, help, &values.collect::<Vec<_>>())?;
    }
    Ok(())
}

fn jobs(stats: &Stats, out: &mut Output<'_>) -> Result {
    let reasons: Vec<_> = stats.rejections.iter().map(|(code, count)| ([("reason", code)], count)).collect();
    let reasons: Vec<_> = reasons.iter().map(|(label, count)| (&label[..], *count)).collect();
    out.counter("jobs_rejected", "Jobs refused, by reason.", &reasons)?;
    out.gauge(
        "jobs_in_flight",
        "Jobs that were accepted and have not ended, wherever they are.",
        &[(&[], stats.in_flight as f64)],
    )?;
    out.gauge("jobs_waiting", "Jobs that wait for a worker.", &[(&[], stats.waiting as f64)])?;
    out.gauge(
        "jobs_waiting_bytes",
        "Payloads and headers of the jobs that wait.",
        &[(&[], stats.waiting_bytes as f64)],
    )?;
    let oldest = stats.oldest_waiting.unwrap_or_default().as_secs_f64();
    out.gauge(
        "jobs_oldest_waiting_seconds",
        "How long ago the oldest job that waits was accepted; 0 if none waits.",
        &[(&[], oldest)],
    )
}

fn peers(stats: &Stats, out: &mut Output<'_>) -> Result {
    let by_state: Vec<_> = by_state(&stats.workers).collect();
    let by_state: Vec<_> = by_state.iter().map(|(label, count)| (&label[..], *count)).collect();
    out.gauge("workers", "Registered workers, by state.", &by_state)?;
    out.gauge("clients", "Clients with a session.", &[(&[], stats.clients as f64)])
}

fn pools<'p>(pools: &[&'p PoolStats], out: &mut Output<'_>) -> Result {
    let per_pool = |value: fn(&PoolStats) -> f64| {
        pools.iter().map(move |pool| ([("pool", pool.name.as_str())], value(pool))).collect::<Vec<_>>()
    };
    let mut gauge = |name, help, value| {
        let values = per_pool(value);
        out.gauge(name, help, &values.iter().map(|(label, value)| (&label[..], *value)).collect::<Vec<_>>())
    };
    gauge("pool_jobs_waiting", "Jobs of the pool that wait for a worker.", |pool| pool.waiting as f64)?;
    gauge("pool_jobs_running", "Jobs of the pool that workers have not answered.", |pool| {
        pool.running as f64
    })?;
    gauge(
        "pool_oldest_waiting_seconds",
        "How long ago the oldest job of the pool that waits was accepted; 0 if none waits.",
        |pool| pool.oldest_waiting.unwrap_or_default().as_secs_f64(),
    )?;
    gauge("pool_credit", "Jobs that a worker of the pool is given at once.", |pool| f64::from(pool.credit))?;
    let of_pool = |pool: &'p PoolStats, (name, value)| [("pool", pool.name.as_str()), (name, value)];
    let workers = pools
        .iter()
        .flat_map(|pool| by_state(&pool.workers).map(|([state], count)| (of_pool(pool, state), count)));
    let workers: Vec<_> = workers.collect();
    out.gauge(
        "pool_workers",
        "Workers that offer the pool, by state; one that offers several counts in each.",
        &workers.iter().map(|(labels, count)| (&labels[..], *count)).collect::<Vec<_>>(),
    )
}

/// What is counted of the jobs of a pool.
struct Account<'a> {
    pool: &'a str,
    ends: Cow<'a, Ends>,
    times: Cow<'a, Times>,
}

/// Those of the known pools, and one of all others, if these had jobs.
fn accounts<'a>(known: &[&'a PoolStats], others: &'a ForgottenPools) -> Vec<Account<'a>> {
    let account =
        |pool, ends, times| Account { pool, ends: Cow::Borrowed(ends), times: Cow::Borrowed(times) };
    let mut accounts: Vec<_> =
        known.iter().map(|pool| account(pool.name.as_str(), &pool.ends, &pool.times)).collect();
    let had_jobs = others.ends.counters().any(|(_, count)| *count > 0);
    match accounts.iter_mut().find(|account| account.pool == OTHERS) {
        // A series is there once only.
        Some(own) => {
            own.ends.to_mut().add(&others.ends);
            own.times.to_mut().add(&others.times);
        }
        None if had_jobs => accounts.push(account(OTHERS, &others.ends, &others.times)),
        None => {}
    }
    accounts
}

fn ends(accounts: &[Account<'_>], out: &mut Output<'_>) -> Result {
    let ends = accounts.iter().flat_map(|account| {
        let labels = move |outcome| [("pool", account.pool), ("outcome", outcome)];
        account.ends.counters().map(move |(outcome, count)| (labels(outcome), *count))
    });
    let ends: Vec<_> = ends.collect();
    out.counter(
        "pool_jobs",
        "Jobs of the pool that have ended, by outcome; jobs that were refused at once are in no pool.",
        &ends.iter().map(|(labels, count)| (&labels[..], *count)).collect::<Vec<_>>(),
    )
}

fn by_state(workers: &WorkerCounts) -> impl Iterator<Item = ([(&'static str, &'static str); 1], f64)> {
    workers.by_state().map(|(state, count)| ([("state", state)], *count as f64))
}

fn times(accounts: &[Account<'_>], out: &mut Output<'_>) -> Result {
    let mut histogram = |name, help, which: fn(&Times) -> &Histogram| {
        // Most series are buckets. A pool that had no jobs, of which there may be many, has none.
        let used = accounts.iter().map(|account| ([("pool", account.pool)], which(&account.times)));
        let used: Vec<_> = used.filter(|(_, times)| times.count() > 0).collect();
        let values: Vec<_> = used.iter().map(|(label, times)| (&label[..], *times)).collect();
        out.histogram(name, help, &values)
    };
    histogram(
        "job_wait_seconds",
        "From acceptance to the last dispatch, or to the end of a job that never was dispatched.",
        |times| &times.wait,
    )?;
    histogram("job_run_seconds", "How long handlers ran.", |times| &times.run)?;
    histogram(
        "job_overhead_seconds",
        "From acceptance to the end, less the run: the waiting, and the ways to the worker and back.",
        |times| &times.overhead,
    )?;
    histogram("job_duration_seconds", "From acceptance to the end.", |times| &times.total)
}

/// The labels of one value.
type Labels<'a> = &'a [(&'a str, &'a str)];

/// Writes families, whose names all begin alike.
struct Output<'a>(DescriptorEncoder<'a>);

impl Output<'_> {
    fn counter(&mut self, name: &str, help: &str, values: &[(Labels<'_>, u64)]) -> Result {
        self.family(name, help, MetricType::Counter, values, |encoder, count| {
            encoder.encode_counter::<NoLabelSet, u64, f64>(count, None)
        })
    }

    fn gauge(&mut self, name: &str, help: &str, values: &[(Labels<'_>, f64)]) -> Result {
        self.family(name, help, MetricType::Gauge, values, |encoder, value| encoder.encode_gauge(value))
    }

    fn histogram(&mut self, name: &str, help: &str, values: &[(Labels<'_>, &Histogram)]) -> Result {
        self.family(name, help, MetricType::Histogram, values, |encoder, histogram| {
            let bounds = Histogram::bounds().map(|bound| bound.as_secs_f64()).chain([f64::INFINITY]);
            let buckets: Vec<_> = bounds.zip(histogram.counts().iter().copied()).collect();
            let exemplars = None::<&std::collections::HashMap<usize, Exemplar<NoLabelSet, f64>>>;
            encoder.encode_histogram(histogram.sum().as_secs_f64(), histogram.count(), &buckets, exemplars)
        })
    }

    fn family<T>(
        &mut self,
        name: &str,
        help: &str,
        metric: MetricType,
        values: &[(Labels<'_>, T)],
        write: impl Fn(&mut MetricEncoder<'_>, &T) -> Result,
    ) -> Result {
        let name = format!("powerhose_{name}");
        let mut encoder = self.0.encode_descriptor(&name, help, None, metric)?;
        for (labels, value) in values {
            if labels.is_empty() {
                write(&mut encoder, value)?;
            } else {
                write(&mut encoder.encode_family(labels)?, value)?;
            }
        }
        Ok(())
    }
}
