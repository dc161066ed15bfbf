//! What every command understands: where the master is, what proves and encrypts, and how logs look.

use super::values;
use crate::exit::{Exit, Failure};
use crate::logs::{LogFormat, parse_filter};
use clap::Args;
use powerhose::{CurveClient, DefaultEndpointError, SharedSecret, default_endpoint};
use std::path::PathBuf;

/// What every command understands.
#[derive(Args, Debug)]
#[command(next_help_heading = "Options of all commands")]
pub(crate) struct CommonOptions {
    /// Where the master is: ipc:///path/to/socket or tcp://host:port. Default: a socket that is private to the user.
    #[arg(long, global = true, value_name = "ENDPOINT", value_parser = values::endpoint)]
    pub(crate) endpoint: Option<String>,
    /// A file with the secret that is shared with the master.
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) secret_file: Option<PathBuf>,
    /// A file with the keys for a master that encrypts tcp://: lines `server`, `public` and `secret`, each with a key.
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) curve_file: Option<PathBuf>,
    /// A TOML file with flags: `workers = 4`, or in a table that is named like the command.
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// How log lines look.
    #[arg(long, global = true, value_enum, default_value = "text", value_name = "FORMAT")]
    pub(crate) log_format: LogFormat,
    /// What is logged: a level (error, warn, info, debug, trace) or target=level,… Default: info for `run`, `master`
    /// and `work`, error for the others. `run` tells its workers, too.
    #[arg(long, global = true, value_name = "FILTER", value_parser = parse_filter)]
    pub(crate) log: Option<String>,
}

impl CommonOptions {
    /// Where the master is.
    pub(crate) fn endpoint(&self) -> Result<String, Failure> {
        match &self.endpoint {
            Some(endpoint) => Ok(endpoint.clone()),
            None => default_endpoint().map(|endpoint| endpoint.to_string()).map_err(no_default),
        }
    }

    /// What is shared with the master, if anything.
    pub(crate) fn secret(&self) -> Result<Option<SharedSecret>, Failure> {
        self.secret_file.as_deref().map(read_secret).transpose()
    }

    /// The keys for an encrypted connection, if any.
    pub(crate) fn curve(&self) -> Result<Option<CurveClient>, Failure> {
        let read =
            |file: &PathBuf| CurveClient::from_file(file).map_err(|error| Failure::new(Exit::Usage, error));
        self.curve_file.as_ref().map(read).transpose()
    }
}

/// The secret in a file.
fn no_default(error: DefaultEndpointError) -> Failure {
    let exit = match &error {
        DefaultEndpointError::Folder { .. } => Exit::System,
        _ => Exit::Usage,
    };
    Failure::new(exit, error)
}

pub(crate) fn read_secret(file: &std::path::Path) -> Result<SharedSecret, Failure> {
    SharedSecret::from_file(file).map_err(|error| Failure::new(Exit::Usage, error))
}
