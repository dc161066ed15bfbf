//! What is counted, in the text format of OpenMetrics, which Prometheus reads.
//!
//! Labels are routes, statuses and words of ours: never an issuer, an address or a user, whose number has no bound.

use std::time::Duration;

use axum::http::HeaderValue;
use powerhose::Stats;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::{Family, MetricConstructor};
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use crate::http::Scheme;

/// What the text is.
pub const CONTENT_TYPE: HeaderValue =
    HeaderValue::from_static("application/openmetrics-text; version=1.0.0; charset=utf-8");

/// Seconds; a verification takes about one of the first, an issuer that does not answer about one of the last.
const SECONDS: [f64; 9] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 2.5, 10.0];

type Labels<const N: usize> = [(&'static str, String); N];

/// A histogram of seconds.
#[derive(Debug, Clone)]
struct Seconds;

impl MetricConstructor<Histogram> for Seconds {
    fn new_metric(&self) -> Histogram {
        Histogram::new(SECONDS)
    }
}

/// What is counted.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    answers: Family<Labels<3>, Counter>,
    answer_seconds: Family<Labels<1>, Histogram, Seconds>,
    verifications: Family<Labels<2>, Counter>,
    verification_seconds: Family<Labels<1>, Histogram, Seconds>,
    limited: Family<Labels<1>, Counter>,
    reloads: Family<Labels<1>, Counter>,
    workers: Gauge,
    jobs_waiting: Gauge,
}

impl Default for Metrics {
    fn default() -> Metrics {
        let mut metrics = Metrics {
            registry: Registry::with_prefix("token_server"),
            answers: Family::default(),
            answer_seconds: Family::new_with_constructor(Seconds),
            verifications: Family::default(),
            verification_seconds: Family::new_with_constructor(Seconds),
            limited: Family::default(),
            reloads: Family::default(),
            workers: Gauge::default(),
            jobs_waiting: Gauge::default(),
        };
        metrics.register();
        metrics
    }
}

impl Metrics {
    fn register(&mut self) {
        let registry = &mut self.registry;
        registry.register("answers", "Requests answered, by route, status and word.", self.answers.clone());
        let help = "How long answers took.";
        registry.register("answer_seconds", help, self.answer_seconds.clone());
        let help = "Identities verified, by scheme and outcome.";
        registry.register("verifications", help, self.verifications.clone());
        let help = "How long verifications took, the wait for issuers and workers included.";
        registry.register("verification_seconds", help, self.verification_seconds.clone());
        let help = "Requests refused because an address or an issuer had its share.";
        registry.register("limited", help, self.limited.clone());
        registry.register("reloads", "Times that secrets were read anew, by outcome.", self.reloads.clone());
        registry.register("workers", "Workers that the master knows.", self.workers.clone());
        registry.register("jobs_waiting", "Jobs that wait for a worker.", self.jobs_waiting.clone());
    }

    /// A request was answered.
    pub fn answered(&self, route: &str, status: u16, word: &str, took: Duration) {
        let labels = [("route", route.to_owned()), ("status", status.to_string()), ("word", word.to_owned())];
        self.answers.get_or_create(&labels).inc();
        self.answer_seconds.get_or_create(&[("route", route.to_owned())]).observe(took.as_secs_f64());
    }

    /// An identity was verified, or not.
    pub fn verified(&self, scheme: Scheme, outcome: &str, took: Duration) {
        let scheme = match scheme {
            Scheme::BrowserId => "browserid",
            Scheme::Bearer => "bearer",
        };
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
