//! A master with its page, a client that sends jobs, and workers in this process that do what a payload says.

use crate::exposition::{Exposition, Sample};
use crate::support::{self, Process, eventually};
use crossbeam_channel::{Receiver, Sender, bounded};
use powerhose::{Job, JobHandle, JobRunner};
use powerhose_worker::{JobFailure, StopHandle, Worker};
use std::thread::{self, JoinHandle};
use std::time::Duration;
use ureq::Agent;

/// Jobs that nobody lets time out.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

pub(crate) struct Scene {
    pub(crate) workers: Vec<WorkerThread>,
    pub(crate) client: JobRunner,
    pub(crate) master: Process,
    pub(crate) address: String,
    pub(crate) files: support::Scene,
    agent: Agent,
}

/// Leaves when it is dropped.
pub(crate) struct WorkerThread {
    stop: StopHandle,
    hold: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// An answer over HTTP.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: ureq::http::HeaderMap,
    pub(crate) body: String,
}

impl Scene {
    /// A master without workers.
    pub(crate) fn new() -> Scene {
        Scene::with(&[])
    }

    /// The same, with further flags.
    pub(crate) fn with(flags: &[&str]) -> Scene {
        let files = support::Scene::new();
        let arguments = [&["master", "--http", "127.0.0.1:0"], flags].concat();
        let master = files.start(&arguments);
        let address = eventually("its address", || address(&master.log()));
        let client =
            JobRunner::connector(files.endpoint()).connect_timeout(PATIENCE).connect().expect("a master");
        let config =
            Agent::config_builder().http_status_as_error(false).timeout_global(Some(PATIENCE)).build();
        Scene { workers: Vec::new(), client, master, address, files, agent: config.into() }
    }

    /// A worker of this pool. `fail` fails, `hold` takes until the worker is let go, anything else comes back: `take 20`
    /// after so many milliseconds.
    pub(crate) fn worker(&mut self, pool: &str) {
        let worker =
            Worker::connect(&self.files.endpoint()).expect("an endpoint").pool(pool).ignore_signals();
        let stop = worker.stop_handle();
        let (hold, held) = bounded::<()>(0);
        let thread = thread::spawn(move || {
            worker
                .run(move |job: &powerhose_worker::Job| handle(job, &held))
                .expect("it leaves in good order");
        });
        self.workers.push(WorkerThread { stop, hold: Some(hold), thread: Some(thread) });
        let wanted = self.workers.len();
        self.client.wait_for_workers(wanted, PATIENCE).expect("it registers");
    }

    /// Lets the handlers that hold go on, and never hold again.
    pub(crate) fn let_go(&mut self) {
        self.workers.iter_mut().for_each(|worker| drop(worker.hold.take()));
    }

    pub(crate) fn submit(&self, pool: &str, payload: &str) -> JobHandle {
        self.client.submit(Job::new(payload).pool(pool).timeout(PATIENCE))
    }

    /// A job that ends with a reply.
    pub(crate) fn done(&self, pool: &str) {
        self.submit(pool, "payload").wait().expect("a reply");
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        let mut response = self.agent.get(self.url(path)).call().expect("an answer");
        Answer {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            body: response.body_mut().read_to_string().expect("a text"),
        }
    }

    pub(crate) fn metrics(&self) -> Exposition {
        Exposition::parse(&self.get("/metrics").body)
    }

    /// The value of the metric whose labels are these.
    #[track_caller]
    pub(crate) fn metric(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        self.metrics().value(name, labels)
    }

    /// Waits until a metric has this value.
    #[track_caller]
    pub(crate) fn metric_becomes(&self, name: &str, labels: &[(&str, &str)], value: f64) {
        eventually(name, || (self.metric(name, labels) == value).then_some(()));
    }

    pub(crate) fn status(&self, query: &str) -> serde_json::Value {
        let answer = self.get(&format!("/status.json{query}"));
        assert_eq!(answer.status, 200, "{answer:?}");
        serde_json::from_str(&answer.body).expect("it is JSON")
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        self.let_go();
        self.workers.clear();
    }
}

impl Drop for WorkerThread {
    fn drop(&mut self) {
        drop(self.hold.take());
        self.stop.stop();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
            && !thread::panicking()
        {
            panic!("a worker panicked");
        }
    }
}

fn handle(job: &powerhose_worker::Job, held: &Receiver<()>) -> Result<Vec<u8>, JobFailure> {
    match job.payload() {
        b"fail" => Err(JobFailure::new("asked", "it was asked for")),
        b"hold" => {
            let _ = held.recv();
            Ok(Vec::new())
        }
        payload => {
            let text = std::str::from_utf8(payload).unwrap_or_default();
            if let Some(milliseconds) = text.strip_prefix("take ").and_then(|number| number.parse().ok()) {
                thread::sleep(Duration::from_millis(milliseconds));
            }
            Ok(payload.to_vec())
        }
    }
}

/// Where a program says that it listens.
fn address(log: &str) -> Option<String> {
    let line = log.lines().find(|line| line.contains("over HTTP"))?;
    let (_, rest) = line.split_once("address=")?;
    Some(rest.split_whitespace().next()?.to_owned())
}

/// Whether a sample has exactly these labels.
pub(crate) fn has_labels(sample: &Sample, labels: &[(&str, &str)]) -> bool {
    sample.labels.len() == labels.len()
        && labels.iter().all(|(name, value)| sample.labels.iter().any(|(n, v)| n == name && v == value))
}
