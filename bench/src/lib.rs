//! How fast Powerhose is, beside the least that its parts cost, measured in the same run.
//!
//! A run goes like this: `options` reads the command line, `loads` says which contenders are compared, `measure` lets
//! all of them run in turn, again and again, and `report` and `plots` write down what came out. What the contenders
//! do is in `ours` and `floors`; the other processes that they need are this program itself in one of its `roles`.

mod callers;
mod conditions;
mod figure;
mod floors;
pub mod growth;
mod loads;
mod machine;
mod measure;
mod options;
mod ours;
mod plots;
mod processes;
mod report;
mod roles;
mod sample;
mod statistics;
mod work;

use anyhow::Context;
use clap::Parser;
use options::{CommandLine, Options};
use report::Report;
use std::io::{self, IsTerminal};
use tracing_subscriber::EnvFilter;

/// Runs what the command line asks for: a measurement, or one of the roles in it.
///
/// # Errors
/// A contender could not be measured, or what came out could not be written.
pub fn run() -> anyhow::Result<()> {
    log_to_standard_error();
    let command_line = CommandLine::parse();
    match command_line.role {
        Some(role) => role.play(),
        None => measure_and_report(&command_line.options),
    }
}

fn log_to_standard_error() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("error"));
    let ansi = io::stderr().is_terminal();
    tracing_subscriber::fmt().with_env_filter(filter).with_ansi(ansi).with_writer(io::stderr).init();
}

fn measure_and_report(options: &Options) -> anyhow::Result<()> {
    if let Some(folder) = &options.plot {
        std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    }
    let results = measure::measure(options)?;
    let report = Report { options, results: &results };
    match &options.json {
        Some(None) => println!("{:#}", report.json()),
        Some(Some(file)) => {
            let text = format!("{:#}\n", report.json());
            std::fs::write(file, text).with_context(|| format!("cannot write {}", file.display()))?;
            print!("{}", report.table());
        }
        None => print!("{}", report.table()),
    }
    match &options.plot {
        Some(folder) => plots::draw(folder, options, &results),
        None => Ok(()),
    }
}
