//! What the programs `token-service` and `token` share: their options, their workers, the way a keyring gets
//! there.
//!
//! Each program is its own worker program: it starts itself again with the hidden subcommand `worker`, so
//! that building one binary is enough. Never puts a secret on a command line, into the environment or onto a
//! disk.

mod handover;
mod worker;

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};
use powerhose::Cluster;
use tokio::signal::unix::{SignalKind, signal};

use crate::claims::Lifetimes;
use crate::key::{MAX_KEY_FILE_BYTES, SigningKey};
use crate::keyring::Keyring;
pub use crate::program::handover::Handover;
use crate::program::worker::WorkerOptions;
use crate::random::{Random as _, SystemSource};
use crate::secret::{MAX_SECRET_BYTES, MAX_SECRETS, MIN_SECRET_BYTES, Secret, parse_secrets};

/// The workers' pool.
pub const POOL: &str = "default";

/// A secret file may have a comment as long as a secret with each secret.
const MAX_SECRET_FILE_BYTES: usize = 2 * MAX_SECRETS * MAX_SECRET_BYTES;

/// What tokens are signed with, and by how many workers.
#[derive(Debug, Args)]
pub struct SigningOptions {
    /// Worker processes; one for each core unless set
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub workers: Option<u16>,
    /// Another program for the workers, which is started as `PROGRAM worker --keyring PATH`
    #[arg(long, value_name = "PROGRAM", env = "TOKEN_WORKER_PROGRAM")]
    pub worker_program: Option<PathBuf>,
    /// File of secrets, one a line (at least 32 bytes): the first signs, all verify
    #[arg(long, value_name = "PATH")]
    pub secret_file: Option<PathBuf>,
    /// Private key for JWTs, PKCS#8 in PEM or DER: Ed25519, P-256 or RSA; may be repeated
    #[arg(long, value_name = "PATH")]
    pub key: Vec<PathBuf>,
    /// Lifetime of tokens whose claims name no expiry
    #[arg(long, value_name = "SECONDS", default_value_t = Lifetimes::default().default.as_secs())]
    pub lifetime: u64,
    /// The furthest ahead that claims may put their expiry
    #[arg(long, value_name = "SECONDS", default_value_t = Lifetimes::default().longest.as_secs())]
    pub longest_lifetime: u64,
}

impl SigningOptions {
    /// Reads the secret file. If none is named, makes a secret for this run, and says so on standard error.
    ///
    /// # Errors
    /// Names the file and what is wrong with it; or the system has no random bytes.
    pub fn secrets(&self) -> anyhow::Result<Vec<Secret>> {
        let Some(path) = &self.secret_file else { return Ok(vec![passing_secret()?]) };
        let content = read(path, MAX_SECRET_FILE_BYTES)?;
        parse_secrets(&content).with_context(|| format!("secret file {}", path.display()))
    }

    /// Reads the key files and puts them together with the secrets.
    ///
    /// # Errors
    /// Names the file and what is wrong with it.
    pub fn keyring(&self, secrets: Vec<Secret>) -> anyhow::Result<Keyring> {
        if self.lifetime > self.longest_lifetime {
            bail!("--lifetime is longer than --longest-lifetime");
        }
        let keys = self.key.iter().map(|path| {
            let content = read(path, MAX_KEY_FILE_BYTES)?;
            SigningKey::from_file_content(&content).with_context(|| format!("key file {}", path.display()))
        });
        let lifetimes = Lifetimes {
            default: Duration::from_secs(self.lifetime),
            longest: Duration::from_secs(self.longest_lifetime),
        };
        Ok(Keyring::new(secrets, keys.collect::<anyhow::Result<_>>()?, lifetimes)?)
    }

    /// Starts the workers and waits until all of them are ready. The handover must live as long as the
    /// cluster: a worker that replaces a dead one reads it again.
    ///
    /// # Errors
    /// This program cannot be started again, or the workers do not get ready.
    pub fn start_workers(&self, handover: &Handover) -> anyhow::Result<Cluster> {
        let program = match &self.worker_program {
            Some(program) => program.clone(),
            None => std::env::current_exe().context("cannot find this program to start it as a worker")?,
        };
        let keyring = handover.path().to_string_lossy().into_owned();
        let mut builder =
            Cluster::builder(program).args(["worker".to_owned(), "--keyring".to_owned(), keyring]);
        if let Some(workers) = self.workers {
            builder = builder.workers(usize::from(workers));
        }
        builder.start().context("cannot start the token workers")
    }
}

/// The subcommand that the programs start themselves with.
#[derive(Debug, Subcommand)]
pub enum WorkerCommand {
    /// Compute tokens for the program that started this one
    #[command(hide = true)]
    Worker(WorkerOptions),
}

impl WorkerCommand {
    /// Works until the master says otherwise.
    ///
    /// # Errors
    /// The keyring cannot be read, or there is no master.
    pub fn run(&self) -> anyhow::Result<()> {
        let Self::Worker(options) = self;
        worker::run(options)
    }
}

/// A secret that ends with this process: nobody is ever shown it.
fn passing_secret() -> anyhow::Result<Secret> {
    let mut bytes = [0; MIN_SECRET_BYTES];
    SystemSource::new().fill(&mut bytes)?;
    eprintln!(
        "no --secret-file: a secret is made for this run; once it ends, nobody can check its tokens or open \
         private claims (a JWT can still be checked with its key)"
    );
    Ok(Secret::new(&bytes))
}

/// A file's content, refused unread where it is larger than it can sensibly be.
///
/// # Errors
/// Names the file and what is wrong with it.
pub fn read(path: &Path, limit: usize) -> anyhow::Result<Vec<u8>> {
    let mut content = Vec::new();
    File::open(path)
        .and_then(|file| file.take(limit as u64 + 1).read_to_end(&mut content))
        .with_context(|| format!("cannot read {}", path.display()))?;
    if content.len() > limit {
        bail!("{} is larger than {limit} bytes", path.display());
    }
    Ok(content)
}

/// Listens for SIGTERM and SIGINT from now on; the future ends when one came.
///
/// # Errors
/// The system lets nobody listen.
pub fn stop_signal() -> std::io::Result<impl Future<Output = ()>> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}
