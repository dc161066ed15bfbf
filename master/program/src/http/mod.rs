//! What an operator sees of a master over HTTP: metrics for Prometheus, answers for probes, and a page that is live.
//!
//! [`HttpOptions::start`] is all that a command needs. No request changes anything, and no request makes the master
//! beside it wait.

mod address;
mod answers;
mod connections;
mod counters;
mod history;
mod hosts;
mod metrics;
mod observer;
mod options;
mod page;
mod routes;
mod sampler;
mod status;

pub(crate) use options::HttpOptions;

use address::{HttpError, Reach};
use hosts::Hosts;
use observer::{Observer, Supervision};
use powerhose::{JobRunner, Supervisor};
use sampler::Sampler;
use std::net::TcpListener;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use tokio::sync::oneshot;
use tracing::{error, info};

/// Where to listen, and for whom.
#[derive(Clone, Debug)]
struct HttpSettings {
    /// `127.0.0.1:9464`, `localhost:9464`, `[::1]:9464`; port 0 lets the system choose one.
    address: String,
    /// Whether other machines may ask.
    reach: Reach,
    /// Names by which this service is asked for, besides its addresses and `localhost`.
    hosts: Vec<String>,
    /// How many workers must be there before `/readyz` says yes.
    workers_min: usize,
}

/// Answers until it is dropped.
pub(crate) struct HttpServer {
    // Dropped first: the threads end when nobody holds the other end any longer.
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
    supervisor: Supervision,
    _sampler: Sampler,
}

impl HttpServer {
    /// Listens, and answers on a thread of its own, about the master that this runner has in this process.
    ///
    /// # Errors
    /// See [`HttpError`]; nothing half-begun is left behind.
    fn start(settings: &HttpSettings, runner: JobRunner) -> Result<HttpServer, HttpError> {
        let listener = address::listen(&settings.address, settings.reach)?;
        let failed =
            |source| HttpError::Io { address: settings.address.clone(), action: "listen on", source };
        let address = listener.local_addr().map_err(failed)?;
        let hosts = Hosts::new(settings.reach, &settings.hosts);
        let sampler = Sampler::start(runner.clone()).map_err(failed)?;
        let supervisor = Supervision::default();
        let observer = Observer::new(runner, supervisor.clone(), sampler.history(), settings.workers_min);
        let (stop, stopped) = oneshot::channel();
        let thread = thread::Builder::new()
            .name("powerhose-http".to_owned())
            .spawn(move || run(listener, observer, hosts, stopped))
            .map_err(failed)?;
        info!(%address, "metrics, probes and status page over HTTP");
        Ok(HttpServer { stop: Some(stop), thread: Some(thread), supervisor, _sampler: sampler })
    }

    /// From now on it also tells how the master's own workers start.
    pub(crate) fn tell_of(&self, supervisor: &Arc<Supervisor>) {
        self.supervisor.fill(supervisor);
    }
}

impl Drop for HttpServer {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A thread that panicked has said so.
            let _ = thread.join();
        }
    }
}

/// Questions to the master block: they get threads of their own, and no more than these.
const BLOCKING_THREADS_MAX: usize = 4;

fn run(listener: TcpListener, observer: Observer, hosts: Hosts, stopped: oneshot::Receiver<()>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .enable_time()
        .max_blocking_threads(BLOCKING_THREADS_MAX)
        .build();
    match runtime {
        Ok(runtime) => {
            let router = routes::router(observer, hosts);
            runtime.block_on(connections::accept(listener, router, stopped));
            // A question that the master never answers must not keep the process.
            runtime.shutdown_background();
        }
        Err(error) => error!(%error, "no status over HTTP: its runtime does not start"),
    }
}
