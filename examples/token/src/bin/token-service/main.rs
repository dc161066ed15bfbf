//! `token-service`: issues and checks tokens over HTTP, computed by worker processes.
//!
//! It issues tokens to every caller, so it never listens beyond this machine unless told to. Secrets, keys, claims
//! and tokens never reach its log.

mod answer;
mod routes;

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context as _, bail};
use clap::{Parser, value_parser};
use powerhose::JobRunner;
use powerhose_example_token::program::{Handover, SigningOptions, WorkerCommand, stop_signal};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tracing_subscriber::EnvFilter;

use crate::routes::Service;

/// How long open requests may take to end after SIGTERM or SIGINT, and then the workers.
const DRAIN: Duration = Duration::from_secs(10);

/// Issues and checks signed tokens over HTTP
#[derive(Debug, Parser)]
#[command(args_conflicts_with_subcommands = true)]
struct Options {
    /// Where to listen; port 0 takes a free one
    #[arg(long, value_name = "IP:PORT", default_value = "127.0.0.1:8080")]
    address: SocketAddr,
    /// Listen beyond this machine even though everyone who reaches the address is given tokens
    #[arg(long)]
    let_anyone_ask: bool,
    /// How long one token may take, waiting for a worker included
    #[arg(long, value_name = "SECONDS", default_value_t = 10)]
    #[arg(value_parser = value_parser!(u64).range(1..=600))]
    timeout: u64,
    #[command(flatten)]
    signing: SigningOptions,
    #[command(subcommand)]
    worker: Option<WorkerCommand>,
}

fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn"));
    // A reader of the log that leaves must not end the service: what cannot be written is not complained of.
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    log.log_internal_errors(false).init();
    match &options.worker {
        Some(worker) => worker.run(),
        None => serve(&options),
    }
}

fn serve(options: &Options) -> anyhow::Result<()> {
    if !options.address.ip().to_canonical().is_loopback() && !options.let_anyone_ask {
        bail!(
            "{} is reachable from other machines, and this service gives tokens to whoever asks; \
             if something in front of it decides who may ask, add --let-anyone-ask",
            options.address
        );
    }
    let keyring = options.signing.keyring(options.signing.secrets()?)?;
    let handover = Handover::new(&keyring.to_bytes()).context("cannot lay out the keyring")?;
    let runtime = tokio::runtime::Runtime::new()?;
    // Taken before the workers start: an address in use is then found out at once.
    let listener = runtime
        .block_on(TcpListener::bind(options.address))
        .with_context(|| format!("cannot listen on {}", options.address))?;
    let cluster = options.signing.start_workers(&handover)?;
    let served = runtime.block_on(listen(listener, cluster.runner(), Duration::from_secs(options.timeout)));
    let drained = cluster.close(DRAIN);
    served.and(drained.map_err(Into::into))
}

/// Serves until SIGTERM or SIGINT, then lets open requests end.
async fn listen(listener: TcpListener, runner: JobRunner, timeout: Duration) -> anyhow::Result<()> {
    let address = listener.local_addr()?;
    let (stop, stopped) = watch::channel(());
    let asked_to_stop = stop_signal()?;
    tokio::spawn(async move {
        asked_to_stop.await;
        drop(stop);
    });
    let when_stopped = |mut stopped: watch::Receiver<()>| async move {
        // An error is how the sender's end shows, and that is the sign to stop.
        let _ended = stopped.changed().await;
    };
    eprintln!("listening on http://{address}");
    if address.ip().to_canonical().is_loopback() {
        eprintln!("whoever asks on this machine is given a token; other machines do not reach this address");
    } else {
        eprintln!("whoever reaches this address is given a token");
    }
    let routes = routes::routes(Service { runner, timeout });
    let serving = axum::serve(listener, routes).with_graceful_shutdown(when_stopped(stopped.clone()));
    tokio::select! {
        ended = serving.into_future() => Ok(ended?),
        () = async { when_stopped(stopped).await; tokio::time::sleep(DRAIN).await } => {
            eprintln!("some connections did not end within {} seconds and are cut", DRAIN.as_secs());
            Ok(())
        }
    }
}
