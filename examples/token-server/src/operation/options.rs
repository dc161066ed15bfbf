//! What `token-server serve` can be told. Each flag is a variable and a key of the configuration file too.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use clap::{Args, Command, FromArgMatches as _, value_parser};
use url::Url;

use super::configuration::configured;
use super::connections::Bounds;
use super::identity::IdentityOptions;
use crate::behaviour::Behaviour;
use crate::http::Application;
use crate::store::StoreSettings;
use crate::store::decide::NewUsers;
use crate::store::node_type::NodeTypes;
use crate::token::masters::NodeSecrets;

/// Answer clients, with workers of its own
#[derive(Debug, Clone, Args)]
pub struct ServeOptions {
    /// A TOML file with flags: `workers = 4`
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Where clients are answered; port 0 takes a free one
    #[arg(long, value_name = "IP:PORT", default_value = "127.0.0.1:8000")]
    pub address: SocketAddr,
    /// Where the operator finds /metrics, and nodes /tokens/verify with the secrets of tokens; nobody else may reach it
    #[arg(long, value_name = "IP:PORT")]
    pub inner_address: Option<SocketAddr>,
    /// Users and nodes: sqlite:PATH or postgres://USER@HOST/DATABASE
    #[arg(long, value_name = "URL", default_value = "sqlite:token-server.db")]
    pub database: String,
    /// Connections to PostgreSQL at most
    #[arg(long, value_name = "NUMBER", default_value_t = 16)]
    pub database_connections: u32,
    /// File of master secrets, one a line: the last signs, all verify; read anew at SIGHUP
    #[arg(long, value_name = "FILE")]
    pub secrets_file: Option<PathBuf>,
    /// File of the secret that accounts are hashed with for metrics; derived from the first master if missing
    #[arg(long, value_name = "FILE")]
    pub metrics_secret_file: Option<PathBuf>,
    /// Where the secret of a node comes from
    #[arg(long, value_name = "WAY", default_value = "derived")]
    pub node_secrets: NodeSecrets,
    /// Worker processes; one for each core unless set
    #[arg(long, value_name = "NUMBER", value_parser = value_parser!(u16).range(1..=1024))]
    pub workers: Option<u16>,
    /// How willingly workers leave a core to those who answer clients: 0 not at all, up to 19
    #[arg(long, value_name = "NUMBER", default_value_t = 5, value_parser = value_parser!(i32).range(0..=19))]
    pub worker_nice: i32,
    /// Threads that answer clients; one for every two cores unless set
    #[arg(long, value_name = "NUMBER", value_parser = value_parser!(u16).range(1..=1024))]
    pub web_threads: Option<u16>,
    /// Whom to follow where Mozilla's two servers differ
    #[arg(long, value_name = "SERVER", default_value = "successor")]
    pub behaviour: Behaviour,
    /// What there are tokens for, as NAME/VERSION; may be repeated
    #[arg(long, value_name = "APPLICATION", default_value = "sync/1.5", value_parser = application)]
    pub application: Vec<Application>,
    /// Whether somebody unknown gets a node
    #[arg(long, value_name = "WHETHER", default_value = "allowed")]
    pub new_users: NewUsers,
    /// The kind of all nodes, or KIND=PATTERN for those whose URL fits; may be repeated
    #[arg(long, value_name = "KIND")]
    pub node_type: Vec<String>,
    /// Seconds that a token lives
    #[arg(long, value_name = "SECONDS", default_value_t = 3600, value_parser = value_parser!(u64).range(1..=604_800))]
    pub duration: u64,
    /// Claims that only this server can read, such as fxa_uid; may be repeated
    #[arg(long, value_name = "CLAIM")]
    pub sealed: Vec<String>,
    /// Where clients find this server, if it is not what they ask in Host
    #[arg(long, value_name = "URL")]
    pub public_url: Option<Url>,
    /// Proxies in front of this server, each of which adds to X-Forwarded-For
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    pub proxies: usize,
    /// Verifications a second that one address may ask for, twice as many at once; 0 for no limit
    #[arg(long, value_name = "NUMBER", default_value_t = 200)]
    pub verifications_per_address: u32,
    /// Verifications a second for one issuer, twice as many at once; 0 for no limit
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    pub verifications_per_issuer: u32,
    /// Seconds that a verification or a token may take, the wait for a worker included
    #[arg(long, value_name = "SECONDS", default_value_t = 10, value_parser = value_parser!(u64).range(1..=600))]
    pub timeout: u64,
    /// Connections at once to each address; more wait until one ends
    #[arg(long, value_name = "NUMBER", default_value_t = 4096, value_parser = value_parser!(u32).range(1..=1_000_000))]
    pub connections_max: u32,
    /// Seconds that a request's head may take, and its body too; and that a connection may be idle between two requests
    #[arg(long, value_name = "SECONDS", default_value_t = 10, value_parser = value_parser!(u64).range(1..=600))]
    pub head_timeout: u64,
    /// Seconds that open requests have at the end
    #[arg(long, value_name = "SECONDS", default_value_t = 10)]
    pub drain: u64,
    /// Which lines the log has, as `info` or `powerhose_token_server=debug`
    #[arg(long, value_name = "FILTER", default_value = "info")]
    pub log: String,
    /// Who may say who somebody is.
    #[command(flatten)]
    pub identity: IdentityOptions,
}

impl ServeOptions {
    /// How long a job may take.
    #[must_use]
    pub fn job_timeout(&self) -> Duration {
        Duration::from_secs(self.timeout)
    }

    /// How long a client may take to send a request's head, or its body.
    #[must_use]
    pub fn head_timeout(&self) -> Duration {
        Duration::from_secs(self.head_timeout)
    }

    /// What each address can bear.
    pub(super) fn bounds(&self) -> Bounds {
        Bounds { connections_max: self.connections_max, head_timeout: self.head_timeout() }
    }

    /// How many threads answer clients. What they do for a request is a part of what its worker does, and one thread that
    /// is busy costs less than two that wake each other.
    #[must_use]
    pub fn web_threads(&self) -> usize {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        self.web_threads.map_or(cores.div_ceil(2), usize::from)
    }

    /// What the database is told.
    ///
    /// # Errors
    /// Kinds of nodes with and without a pattern are mixed.
    pub fn store(&self) -> anyhow::Result<StoreSettings> {
        let node_types = NodeTypes::read(&self.node_type)
            .context("--node-type: one kind for all nodes, or KIND=PATTERN in each")?;
        Ok(StoreSettings {
            behaviour: self.behaviour,
            new_users: self.new_users,
            node_types,
            connections_max: self.database_connections,
        })
    }
}

/// What a configuration file says, with nothing said beside it.
///
/// # Errors
/// The file cannot be read, or has a key that is no flag.
pub fn from_file(path: &Path) -> anyhow::Result<ServeOptions> {
    let words: Vec<OsString> = ["token-server".into(), "serve".into(), "--config".into(), path.into()].into();
    let serve = ServeOptions::augment_args(Command::new("serve"));
    let command = configured(Command::new("token-server").subcommand(serve), "serve", &words)?;
    let matches = command.try_get_matches_from(words)?;
    let serve = matches.subcommand_matches("serve").context("there is no such command")?;
    Ok(ServeOptions::from_arg_matches(serve)?)
}

fn application(text: &str) -> Result<Application, String> {
    let (name, version) = text.split_once('/').ok_or("NAME/VERSION is wanted, as sync/1.5")?;
    Ok(Application { name: name.to_owned(), version: version.to_owned() })
}
