//! Logs: to standard error, as text for people or as JSON for machines. Standard output is for results alone.

use clap::ValueEnum;
use std::io::{self, IsTerminal};
use tracing_subscriber::EnvFilter;

/// How a log line looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// What is a wrong filter, for the command line.
pub(crate) fn parse_filter(text: &str) -> Result<String, String> {
    EnvFilter::try_new(text).map(|_| text.to_owned()).map_err(|error| {
        format!("{error}: write a level (error, warn, info, debug, trace) or target=level,…")
    })
}

/// From now on the program logs.
pub(crate) fn start(format: LogFormat, filter: &str) {
    // It was parsed before.
    let filter = EnvFilter::try_new(filter).unwrap_or_else(|_| EnvFilter::new("info"));
    // If nobody reads it any longer (a log collector ended, a terminal was closed), there is nobody to tell; told by
    // tracing-subscriber itself, to standard error again, it would be a panic, and end the master.
    let builder =
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr).log_internal_errors(false);
    match format {
        LogFormat::Text => builder.with_ansi(io::stderr().is_terminal()).init(),
        LogFormat::Json => builder.json().flatten_event(true).with_span_list(false).init(),
    }
}
