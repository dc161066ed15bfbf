//! `token-server`: gives users of a service a node and a token for it. A file for each subcommand.

mod admin;
mod demo;
mod hawk;
mod serve;
mod verify;
mod worker;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand};
use powerhose_token_server::operation::configuration::configured;

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
    Serve(Box<serve::Options>),
    Verify(verify::VerifyOptions),
    Worker(worker::Options),
}

fn main() -> anyhow::Result<ExitCode> {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    let command = configured(Options::command(), "serve", &arguments)?;
    let matches = command.get_matches_from(arguments);
    let done = match Options::from_arg_matches(&matches)?.command {
        Command::Admin(options) => admin::run(&options),
        Command::Demo(options) => demo::run(&options),
        Command::Hawk(options) => hawk::run(&options),
        Command::Serve(options) => serve::run(&options),
        Command::Verify(options) => return verify::run(&options),
        Command::Worker(options) => worker::run(&options),
    };
    done.map(|()| ExitCode::SUCCESS)
}
