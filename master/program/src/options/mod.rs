//! The command line: what every command has in common, and how flags, environment and file come together.
//!
//! A flag wins over its environment variable, the variable over the configuration file, the file over the default. Every flag
//! `--some-thing` is `POWERHOSE_SOME_THING` in the environment and `some-thing` in the file, by construction.

pub(crate) mod common;
mod complaint;
mod file;
pub(crate) mod master;
mod unknown;
pub(crate) mod values;

use crate::commands::Command;
use crate::exit::{Exit, Failure};
use crate::print;
use clap::builder::BoolishValueParser;
use clap::{Arg, ArgAction, CommandFactory, FromArgMatches, Parser};
use common::CommonOptions;
use std::ffi::OsString;

const PREFIX: &str = "POWERHOSE_";

/// Runs CPU-bound jobs on worker processes: masters, workers, and what an operator needs.
#[derive(Debug, Parser)]
#[command(
    name = "powerhose",
    version = crate::version::short(),
    long_version = crate::version::long(),
    disable_help_subcommand = true,
    after_help = "Every flag can also stand in the environment (POWERHOSE_…) and in the file of --config. \
                  docs/OPERATIONS.md lists the exit statuses."
)]
pub(crate) struct Options {
    #[command(flatten)]
    pub(crate) common: CommonOptions,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What came of reading the command line.
pub(crate) enum Parsed {
    Options(Box<Options>),
    /// Help or version: to be printed, and nothing else to be done.
    Text(String),
}

/// Reads flags, environment and file.
pub(crate) fn parse(arguments: Vec<OsString>) -> Result<Parsed, Failure> {
    let mut command = command();
    if let Some(path) = file::named(&arguments) {
        command = file::File::read(&path)?.into_defaults(command)?;
    }
    let parsed = command
        .clone()
        .try_get_matches_from(arguments)
        .and_then(|matches| Options::from_arg_matches(&matches));
    match parsed {
        Ok(options) => {
            for variable in unknown::unknown(&command) {
                print::complaint(format_args!("{variable} is the variable of no flag, and is ignored"));
            }
            Ok(Parsed::Options(Box::new(options)))
        }
        Err(error) if !error.use_stderr() => Ok(Parsed::Text(error.render().to_string())),
        Err(error) => Err(Failure::new(Exit::Usage, complaint::line(&error))),
    }
}

/// The whole command line, with every flag's variable.
pub(crate) fn command() -> clap::Command {
    with_variables(Options::command())
}

fn with_variables(command: clap::Command) -> clap::Command {
    command.mut_args(with_variable).mut_subcommands(with_variables)
}

fn with_variable(argument: Arg) -> Arg {
    let Some(long) = argument.get_long().filter(|long| !matches!(*long, "help" | "version")) else {
        return argument;
    };
    let variable = format!("{PREFIX}{}", long.replace('-', "_").to_uppercase());
    let argument = argument.env(variable).hide_env_values(true);
    match argument.get_action() {
        ArgAction::SetTrue => argument.value_parser(BoolishValueParser::new()),
        _ => argument,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        command().debug_assert();
    }

    #[test]
    fn every_flag_has_help_and_its_variable() {
        let mut command = command();
        command.build();
        for subcommand in command.get_subcommands() {
            for argument in subcommand.get_arguments().filter(|argument| !argument.is_positional()) {
                let long = argument.get_long().expect("every flag has a long form");
                if matches!(long, "help" | "version") {
                    continue;
                }
                let name = format!("{} --{long}", subcommand.get_name());
                let variable = argument.get_env().and_then(|variable| variable.to_str()).expect(&name);
                assert_eq!(variable, format!("POWERHOSE_{}", long.replace('-', "_").to_uppercase()));
                assert!(argument.get_help().is_some(), "{name} says nothing");
            }
        }
    }
}
