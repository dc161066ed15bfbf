//! The whole server: workers, database, listeners, signals, and the end in good order.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use anyhow::Context as _;
use powerhose::Cluster;
use powerhose_example_token::program::{Handover, stop_signal};
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

use super::connections::answer;
use super::options::ServeOptions;
use crate::http::{Server, inner_routes, routes};
use crate::store::Store;

/// Serves until SIGTERM or SIGINT, then lets open requests end.
///
/// # Errors
/// What was configured is wrong, an address is in use, the database or the workers do not start; nothing is left
/// running.
pub fn serve(options: ServeOptions) -> anyhow::Result<()> {
    options.identity.demand_somebody(options.public_url.as_ref())?;
    let keyring = options.keyring(1)?;
    if options.secrets_file.is_none() {
        eprintln!(
            "no --secrets-file: a secret is made for this run; once it ends, nobody can check its tokens"
        );
    }
    let handover = Handover::new(&keyring.to_bytes()).context("cannot lay out the keyring")?;
    let threads = options.web_threads();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(threads).enable_all().build()?;
    // Taken before the workers start: an address in use is then found out at once.
    let listener = runtime.block_on(listen(options.address))?;
    let inner = options.inner_address.map(|address| runtime.block_on(listen(address))).transpose()?;
    let drain = Duration::from_secs(options.drain);
    options.bounds().make_room();
    let cluster = start_workers(&options, &handover)?;
    let served = runtime.block_on(async {
        let store = Store::open(&options.database, options.store()?).await?;
        let (runner, public_url) = (cluster.runner(), options.public_url.as_ref());
        let verifier = options.identity.verifier(runner.clone(), options.job_timeout(), public_url)?;
        let server = Arc::new(Server::new(options, runner, store, verifier));
        run(Arc::clone(&server), listener, inner, Reloading { server, handover }, drain).await
    });
    let drained = cluster.close(drain);
    served.and(drained.map_err(Into::into))
}

async fn listen(address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| format!("cannot listen on {address}"))
}

fn start_workers(options: &ServeOptions, handover: &Handover) -> anyhow::Result<Cluster> {
    let program = std::env::current_exe().context("cannot find this program to start it as a worker")?;
    let keyring = handover.path().to_string_lossy().into_owned();
    let mut builder = Cluster::builder(program).args(["worker".to_owned(), "--keyring".to_owned(), keyring]);
    // Who answers HTTP takes a core from a worker as soon as there is something to answer.
    let nice = options.worker_nice;
    builder = builder.command(|command| command.nice(nice));
    if let Some(workers) = options.workers {
        builder = builder.workers(usize::from(workers));
    }
    builder.start().context("cannot start the workers")
}

async fn run(
    server: Arc<Server>,
    listener: TcpListener,
    inner: Option<TcpListener>,
    reloading: Reloading,
    drain: Duration,
) -> anyhow::Result<()> {
    let hangups = signal(SignalKind::hangup())?;
    let asked_to_stop = stop_signal()?;
    let (stop, stopped) = watch::channel(());
    eprintln!("listening on http://{}", listener.local_addr()?);
    let bounds = server.options.bounds();
    let mut serving = tokio::task::JoinSet::new();
    serving.spawn(answer(listener, routes(Arc::clone(&server)), bounds, stopped.clone()));
    if let Some(inner) = inner {
        eprintln!("the operator's address is http://{}", inner.local_addr()?);
        serving.spawn(answer(inner, inner_routes(server), bounds, stopped));
    }
    let reloading = tokio::spawn(reloading.run(hangups));
    tokio::select! {
        () = asked_to_stop => tracing::info!("asked to end: no new connections, open requests are answered"),
        // A listener never ends by itself unless something is broken.
        Some(ended) = serving.join_next() => return Ok(ended?),
    }
    drop(stop);
    let ended = tokio::time::timeout(drain, async { while serving.join_next().await.is_some() {} }).await;
    if ended.is_err() {
        eprintln!("some connections did not end within {} seconds and are cut", drain.as_secs());
    }
    reloading.abort();
    Ok(())
}

/// What reads the secrets anew at SIGHUP.
struct Reloading {
    server: Arc<Server>,
    handover: Handover,
}

impl Reloading {
    async fn run(mut self, mut hangups: Signal) {
        while hangups.recv().await.is_some() {
            match self.reload() {
                Ok(number) => {
                    self.server.metrics.reloaded("good");
                    tracing::info!(number, "secrets are read anew");
                }
                // The old ones go on: a slip in a file must not end the service.
                Err(error) => {
                    self.server.metrics.reloaded("bad");
                    tracing::error!("secrets cannot be read anew, the old ones stay: {error:#}");
                }
            }
        }
    }

    /// Lays the new keyring out, and only then lets jobs ask for it.
    fn reload(&mut self) -> anyhow::Result<u64> {
        if self.server.options.secrets_file.is_none() {
            anyhow::bail!("there is no --secrets-file");
        }
        let number = self.server.keyring.load(Ordering::Acquire) + 1;
        self.handover
            .replace(&self.server.options.keyring(number)?.to_bytes())
            .context("cannot lay out the keyring")?;
        self.server.keyring.store(number, Ordering::Release);
        Ok(number)
    }
}
