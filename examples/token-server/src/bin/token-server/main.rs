//! `token-server`: gives users of a service a node and a token for it. A file for each subcommand.

mod admin;
mod verify;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Verifies who somebody is, finds the node of that user, and makes a token for it
#[derive(Debug, Parser)]
#[command(name = "token-server", version)]
struct Options {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Admin(admin::Options),
    Verify(verify::VerifyOptions),
}

fn main() -> anyhow::Result<ExitCode> {
    match Options::parse().command {
        Command::Admin(options) => admin::run(&options).map(|()| ExitCode::SUCCESS),
        Command::Verify(options) => verify::run(&options),
    }
}
