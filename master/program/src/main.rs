//! `powerhose`: runs, shows and operates masters and workers from the command line.
//!
//! `options` reads what was asked for, `commands` has a file for each command, `service` is what `run` and `master` do
//! for as long as they live. Results go to standard output, everything else to standard error.

mod commands;
mod connection;
mod exit;
mod http;
mod inherited;
mod init;
mod logs;
mod memory;
mod options;
mod print;
mod service;
mod state;
mod strays;
mod table;
mod version;

use exit::{Exit, Failure, Outcome};
use options::{Options, Parsed};
use std::ffi::OsString;
use std::process::ExitCode;

fn main() -> ExitCode {
    inherited::put_right();
    let arguments: Vec<OsString> = std::env::args_os().collect();
    if init::is_needed() {
        return init::run(&arguments);
    }
    let outcome = match options::parse(arguments) {
        Ok(Parsed::Text(text)) => print::text(&text),
        Ok(Parsed::Options(options)) => perform(*options),
        Err(failure) => Err(failure),
    };
    outcome.unwrap_or_else(|failure| complain(&failure)).into()
}

fn perform(options: Options) -> Outcome {
    let Options { common, command } = options;
    let filter = common.log.as_deref().unwrap_or(command.default_log());
    logs::start(common.log_format, filter);
    command.perform(&common)
}

fn complain(failure: &Failure) -> Exit {
    print::complaint(failure);
    failure.exit
}
