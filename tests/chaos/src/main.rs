//! Whether Powerhose keeps its promises while its processes are killed, stopped, hung and lied to.
//!
//! A run goes like this: the [`conductor`] starts a master, workers and clients, each this very program in one of its
//! [`roles`]; the clients hold a steady [`load`] of jobs whose replies they can check; the conductor applies the faults of
//! a [`plan`] that a seed determines, some of them through [`attackers`]. Every process tells what happened to it; the [`judge`]
//! holds it together at the end, and the [`report`] says what came out.

mod attackers;
mod clock;
mod conductor;
mod fault;
mod judge;
mod language;
mod load;
mod options;
mod plan;
mod processes;
mod report;
mod roles;
mod told;
mod work;

use clap::Parser;
use options::CommandLine;
use std::io::{self, IsTerminal};
use std::process::ExitCode;
use tracing_subscriber::EnvFilter;

fn main() -> anyhow::Result<ExitCode> {
    log_to_standard_error();
    let command_line = CommandLine::parse();
    match command_line.role {
        Some(role) => role.play().map(|()| ExitCode::SUCCESS),
        None => conductor::run(&command_line.options),
    }
}

fn log_to_standard_error() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("error"));
    let ansi = io::stderr().is_terminal();
    tracing_subscriber::fmt().with_env_filter(filter).with_ansi(ansi).with_writer(io::stderr).init();
}
