//! `token-server worker`, which `serve` starts.

use std::path::PathBuf;

use clap::Args;
use powerhose_token_server::operation::worker;

/// Compute for the server that started this
#[derive(Debug, Args)]
#[command(hide = true)]
pub(crate) struct Options {
    /// Where the keyring lies
    #[arg(long, value_name = "PATH")]
    keyring: PathBuf,
}

pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    worker::work(&options.keyring)
}
