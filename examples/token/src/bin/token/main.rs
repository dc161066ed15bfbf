//! `token`: signs many claims at once, through worker processes.
//!
//! Prints tokens on stdout and nothing else there; never prints a secret anywhere.

mod lines;
mod sign;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use powerhose_example_token::program::WorkerCommand;

use crate::sign::SignOptions;

/// Makes signed tokens
#[derive(Debug, Parser)]
struct Options {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Sign claims: JSON objects on stdin, one a line; tokens on stdout, one a line, in the same order.
    ///
    /// A line that cannot be signed leaves an empty line in its place, is named on stderr, and makes the exit
    /// status 1 when all the others are done.
    Sign(SignOptions),
    #[command(flatten)]
    Worker(WorkerCommand),
}

fn main() -> anyhow::Result<ExitCode> {
    match Options::parse().command {
        Command::Sign(options) => sign::run(&options),
        Command::Worker(worker) => worker.run().map(|()| ExitCode::SUCCESS),
    }
}
