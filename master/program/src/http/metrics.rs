//! `/metrics`: what the master counts, in the text format of OpenMetrics, which Prometheus reads.
//!
//! Labels are pools (as many as workers have offered or the settings declare), outcomes, reasons and states: never a
//! job or a worker, whose number has no bound.

use axum::http::HeaderValue;
use powerhose::{Histogram, PoolStats, Stats, WorkerCounts, WorkerState};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{DescriptorEncoder, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::exemplar::Exemplar;
use prometheus_client::registry::Registry;
use std::fmt::Result;

pub(super) const CONTENT_TYPE: HeaderValue =
    HeaderValue::from_static("application/openmetrics-text; version=1.0.0; charset=utf-8");

const STATES: [WorkerState; 4] =
    [WorkerState::Ready, WorkerState::Busy, WorkerState::Overdue, WorkerState::Quiet];

/// The metrics of one moment.
pub(super) fn render(stats: Stats) -> String {
    let mut registry = Registry::default();
    registry.register_collector(Box::new(Moment(stats)));
    let mut text = String::new();
    encode(&mut text, &registry).expect("a String takes whatever is written");
    text
}

#[derive(Debug)]
struct Moment(Stats);

impl Collector for Moment {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> Result {
        let (stats, out) = (&self.0, &mut Output(encoder));
        master(stats, out)?;
        jobs(stats, out)?;
        workers(stats, out)?;
        wire(stats, out)?;
        let known: Vec<&PoolStats> = stats.pools.iter().filter(|pool| pool.known).collect();
        pools(&known, out)?;
        times(&known, out)
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

fn jobs(stats: &Stats, out: &mut Output<'_>) -> Result {
    out.counter("jobs_accepted", "Jobs taken in.", &[(&[], stats.accepted)])?;
    out.counter(
        "jobs",
        "Jobs that have ended, by outcome.",
        &[
            (&[("outcome", "done")], stats.done),
            (&[("outcome", "failed")], stats.failed),
            (&[("outcome", "timed_out")], stats.timed_out),
            (&[("outcome", "cancelled")], stats.cancelled),
            (&[("outcome", "lost")], stats.lost),
            (&[("outcome", "rejected")], stats.rejected),
        ],
    )?;
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
    )?;
    out.counter("dispatches", "Jobs handed to workers.", &[(&[], stats.dispatched)])?;
    out.counter(
        "redispatches",
        "Jobs that went back into the queue because their worker was gone.",
        &[(&[], stats.redispatched)],
    )?;
    out.counter("returns", "Jobs that workers gave back unrun.", &[(&[], stats.returned)])
}

fn workers(stats: &Stats, out: &mut Output<'_>) -> Result {
    let by_state = STATES.map(|state| ([("state", state.word())], stats.workers.of(state) as f64));
    let by_state = by_state.each_ref().map(|(label, count)| (&label[..], *count));
    out.gauge("workers", "Registered workers, by state.", &by_state)?;
    out.counter("workers_registered", "Workers that registered.", &[(&[], stats.workers_registered)])?;
    out.counter(
        "workers_gone",
        "Workers that left with a goodbye, or died: without one.",
        &[(&[("how", "left")], stats.workers_left), (&[("how", "died")], stats.workers_died)],
    )?;
    out.gauge("clients", "Clients with a session.", &[(&[], stats.clients as f64)])?;
    out.counter(
        "heartbeats_missed",
        "Heartbeat intervals at whose end a peer had been silent for two of them or more.",
        &[(&[], stats.heartbeats_missed)],
    )
}

fn wire(stats: &Stats, out: &mut Output<'_>) -> Result {
    let directions =
        |received, sent| [(&[("direction", "received")][..], received), (&[("direction", "sent")][..], sent)];
    let messages = directions(stats.messages_received, stats.messages_sent);
    out.counter("messages", "Messages on the master's socket.", &messages)?;
    let bytes = directions(stats.bytes_received, stats.bytes_sent);
    out.counter("bytes", "Bytes of their frames.", &bytes)?;
    out.counter(
        "messages_dropped",
        "Messages that could not be read or came from the wrong role (refused), or of unknown sessions (foreign).",
        &[
            (&[("reason", "refused")], stats.messages_refused),
            (&[("reason", "foreign")], stats.messages_foreign),
        ],
    )?;
    out.counter(
        "replies_dropped",
        "Replies that nobody waited for any longer (late), or that the worker had no job for (stray).",
        &[(&[("reason", "late")], stats.replies_late), (&[("reason", "stray")], stats.replies_stray)],
    )
}

fn pools(pools: &[&PoolStats], out: &mut Output<'_>) -> Result {
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
    let workers = pools.iter().flat_map(|pool| by_state(&pool.name, &pool.workers));
    let workers: Vec<_> = workers.collect();
    out.gauge(
        "pool_workers",
        "Workers that offer the pool, by state; one that offers several counts in each.",
        &workers.iter().map(|(labels, count)| (&labels[..], *count)).collect::<Vec<_>>(),
    )?;
    let ends: Vec<_> = pools.iter().flat_map(|pool| ends(pool)).collect();
    out.counter(
        "pool_jobs",
        "Jobs of the pool that have ended, by outcome; jobs that were refused at once are in no pool.",
        &ends.iter().map(|(labels, count)| (&labels[..], *count)).collect::<Vec<_>>(),
    )
}

fn by_state<'a>(pool: &'a str, workers: &WorkerCounts) -> [([(&'static str, &'a str); 2], f64); 4] {
    STATES.map(|state| ([("pool", pool), ("state", state.word())], workers.of(state) as f64))
}

fn ends(pool: &PoolStats) -> [([(&'static str, &str); 2], u64); 6] {
    let ends = &pool.ends;
    [
        ("done", ends.done),
        ("failed", ends.failed),
        ("timed_out", ends.timed_out),
        ("cancelled", ends.cancelled),
        ("lost", ends.lost),
        ("rejected", ends.rejected),
    ]
    .map(|(outcome, count)| ([("pool", pool.name.as_str()), ("outcome", outcome)], count))
}

fn times(pools: &[&PoolStats], out: &mut Output<'_>) -> Result {
    let mut histogram = |name, help, which: fn(&PoolStats) -> &Histogram| {
        let labels: Vec<_> = pools.iter().map(|pool| [("pool", pool.name.as_str())]).collect();
        let values: Vec<_> =
            labels.iter().zip(pools).map(|(label, pool)| (&label[..], which(pool))).collect();
        out.histogram(name, help, &values)
    };
    histogram(
        "job_wait_seconds",
        "From acceptance to the last dispatch, or to the end of a job that never was dispatched.",
        |pool| &pool.times.wait,
    )?;
    histogram("job_run_seconds", "How long handlers ran.", |pool| &pool.times.run)?;
    histogram(
        "job_overhead_seconds",
        "From acceptance to the end, less the run: the waiting, and the ways to the worker and back.",
        |pool| &pool.times.overhead,
    )?;
    histogram("job_duration_seconds", "From acceptance to the end.", |pool| &pool.times.total)
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
