//! `token-server`: gives users of a service a node and a token for it. A file for each larger subcommand.

mod admin;
mod demo;
mod hawk;
mod verify;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand};
use powerhose_token_server::operation::configuration::configured;
use powerhose_token_server::operation::options::ServeOptions;
use powerhose_token_server::operation::{self, worker};
use tracing_subscriber::EnvFilter;

/// Verifies who somebody is, finds the node of that user, and makes a token for it
#[derive(Debug, Parser)]
#[command(
    name = "token-server",
    version,
    after_help = "Every flag can also stand in the environment (TOKEN_SERVER_…), those of serve in the file of --config \
                  too. docs/TOKEN-SERVER.md has a working minute."
)]
struct Options {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Admin(admin::Options),
    Demo(demo::Options),
    Hawk(hawk::Options),
    Serve(Box<ServeOptions>),
    Verify(verify::VerifyOptions),
    /// Compute for the server that started this
    #[command(hide = true)]
    Worker {
        /// Where the keyring lies
        #[arg(long, value_name = "PATH")]
        keyring: PathBuf,
    },
}

fn main() -> anyhow::Result<ExitCode> {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    let command = configured(Options::command(), "serve", &arguments)?;
    let matches = command.get_matches_from(arguments);
    let done = match Options::from_arg_matches(&matches)?.command {
        Command::Admin(options) => admin::run(&options),
        Command::Demo(options) => demo::run(&options),
        Command::Hawk(options) => hawk::run(&options),
        Command::Serve(options) => serve(*options),
        Command::Verify(options) => return verify::run(&options),
        Command::Worker { keyring } => worker::work(&keyring),
    };
    done.map(|()| ExitCode::SUCCESS)
}

fn serve(options: ServeOptions) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(&options.log)?;
    // A reader of the log that leaves must not end the service: what cannot be written is not complained of.
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    log.log_internal_errors(false).init();
    operation::serve::serve(options)
}
