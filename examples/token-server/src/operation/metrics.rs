//! What is counted, in the text format of OpenMetrics, which Prometheus reads.
//!
//! Labels are routes, statuses and words of ours: never an issuer, an address or a user, whose number has no bound.

use std::time::Duration;

use axum::http::HeaderValue;
use powerhose::Stats;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Metric, Registry};

use crate::http::Scheme;

/// What the text is.
pub const CONTENT_TYPE: HeaderValue =
    HeaderValue::from_static("application/openmetrics-text; version=1.0.0; charset=utf-8");

/// Seconds; a verification takes about one of the first, an issuer that does not answer about one of the last.
const SECONDS: [f64; 9] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 2.5, 10.0];

type Labels<const N: usize> = [(&'static str, String); N];

/// Histograms of seconds.
type Seconds = Family<Labels<1>, Histogram, fn() -> Histogram>;

/// What is counted.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    answers: Family<Labels<3>, Counter>,
    answer_seconds: Seconds,
    verifications: Family<Labels<2>, Counter>,
    verification_seconds: Seconds,
    limited: Family<Labels<1>, Counter>,
    reloads: Family<Labels<1>, Counter>,
    workers: Gauge,
    jobs_waiting: Gauge,
}

impl Default for Metrics {
    fn default() -> Metrics {
        let mut registry = Registry::with_prefix("token_server");
        let seconds = || Seconds::new_with_constructor(|| Histogram::new(SECONDS));
        let all = &mut registry;
        Metrics {
            answers: counted(all, "answers", "Requests answered, by route, status and word."),
            answer_seconds: kept(all, "answer_seconds", "How long answers took.", seconds()),
            verifications: counted(all, "verifications", "Identities verified, by scheme and outcome."),
            verification_seconds: kept(
                all,
                "verification_seconds",
                "How long verifications took, the wait for issuers and workers included.",
                seconds(),
            ),
            limited: counted(
                all,
                "limited",
                "Requests refused because an address or an issuer had its share.",
            ),
            reloads: counted(all, "reloads", "Times that secrets were read anew, by outcome."),
            workers: kept(all, "workers", "Workers that the master knows.", Gauge::default()),
            jobs_waiting: kept(all, "jobs_waiting", "Jobs that wait for a worker.", Gauge::default()),
            registry,
        }
    }
}

fn kept<M: Metric + Clone>(registry: &mut Registry, name: &str, help: &str, metric: M) -> M {
    registry.register(name, help, metric.clone());
    metric
}

fn counted<const N: usize>(registry: &mut Registry, name: &str, help: &str) -> Family<Labels<N>, Counter> {
    kept(registry, name, help, Family::default())
}

impl Metrics {
    /// A request was answered.
    pub fn answered(&self, route: &str, status: u16, word: &str, took: Duration) {
        let labels = [("route", route.to_owned()), ("status", status.to_string()), ("word", word.to_owned())];
        self.answers.get_or_create(&labels).inc();
        self.answer_seconds.get_or_create(&[("route", route.to_owned())]).observe(took.as_secs_f64());
    }

    /// An identity was verified, or not.
    pub fn verified(&self, scheme: Scheme, outcome: &str, took: Duration) {
        let scheme: &str = scheme.into();
        let labels = [("scheme", scheme.to_owned()), ("outcome", outcome.to_owned())];
        self.verifications.get_or_create(&labels).inc();
        let labels = [("scheme", scheme.to_owned())];
        self.verification_seconds.get_or_create(&labels).observe(took.as_secs_f64());
    }

    /// A request was refused before it cost anything.
    pub fn limited(&self, by: &str) {
        self.limited.get_or_create(&[("by", by.to_owned())]).inc();
    }

    /// Secrets were read anew, or could not be.
    pub fn reloaded(&self, outcome: &str) {
        self.reloads.get_or_create(&[("outcome", outcome.to_owned())]).inc();
    }

    /// All of it as text, with what the master says of its workers.
    pub fn render(&self, stats: Option<&Stats>) -> String {
        if let Some(stats) = stats {
            let workers = &stats.workers;
            let known = workers.ready + workers.busy + workers.overdue + workers.quiet;
            self.workers.set(i64::try_from(known).unwrap_or(i64::MAX));
            self.jobs_waiting.set(i64::try_from(stats.waiting).unwrap_or(i64::MAX));
        }
        let mut text = String::new();
        encode(&mut text, &self.registry).expect("a String takes whatever is written");
        text
    }
}
