//! Flags, environment and configuration file, which is TOML.
//!
//! A flag wins over its variable, the variable over the file, the file over the default. Every flag `--some-thing` is
//! `TOKEN_SERVER_SOME_THING` in the environment and `some-thing` in the file, by construction.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow, bail};
use clap::{Arg, ArgAction, Command};
use toml::{Table, Value};

const PREFIX: &str = "TOKEN_SERVER_";

/// The command line with every flag's variable, and the file's values as defaults of the subcommand.
///
/// # Errors
/// The file cannot be read, is no TOML, or has a key that is no flag.
pub fn configured(command: Command, subcommand: &str, arguments: &[OsString]) -> anyhow::Result<Command> {
    let mut command = with_variables(command);
    if let Some(path) = named_file(&command, subcommand, arguments) {
        let text =
            std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let table: Table = text.parse().with_context(|| format!("{} is no TOML", path.display()))?;
        for (key, value) in &table {
            command = with_default(command, subcommand, key, value).with_context(|| place(&path, key))?;
        }
    }
    Ok(command)
}

fn place(path: &Path, key: &str) -> String {
    format!("{}: `{key}`", path.display())
}

/// The file that `--config` or its variable names.
fn named_file(command: &Command, subcommand: &str, arguments: &[OsString]) -> Option<PathBuf> {
    // What is wrong with the other arguments is told when they are read in earnest.
    let matches = command.clone().ignore_errors(true).try_get_matches_from(arguments).ok()?;
    matches.subcommand_matches(subcommand)?.get_one("config").cloned()
}

fn with_variables(command: Command) -> Command {
    command.mut_args(with_variable).mut_subcommands(with_variables)
}

fn with_variable(argument: Arg) -> Arg {
    let Some(long) = argument.get_long().filter(|long| !matches!(*long, "help" | "version")) else {
        return argument;
    };
    let variable = format!("{PREFIX}{}", long.replace('-', "_").to_uppercase());
    argument.env(variable).hide_env_values(true)
}

fn with_default(command: Command, subcommand: &str, key: &str, value: &Value) -> anyhow::Result<Command> {
    let known = command.find_subcommand(subcommand).context("there is no such command")?;
    let argument = known.get_arguments().find(|argument| argument.get_long() == Some(key));
    let argument = argument.filter(|argument| !matches!(argument.get_long(), Some("help" | "config")));
    let argument = argument.ok_or_else(|| anyhow!("there is no flag --{key}"))?.clone();
    let values = match value {
        Value::Array(values) if matches!(argument.get_action(), ArgAction::Append) => {
            values.iter().map(text).collect::<anyhow::Result<Vec<_>>>()?
        }
        value => vec![text(value)?],
    };
    for value in &values {
        try_out(&argument, value)?;
    }
    Ok(command.mut_subcommand(subcommand, |known| {
        known.mut_arg(argument.get_id(), |argument| argument.required(false).default_values(values))
    }))
}

fn text(value: &Value) -> anyhow::Result<String> {
    Ok(match value {
        Value::String(text) => text.clone(),
        Value::Integer(number) => number.to_string(),
        Value::Float(number) => number.to_string(),
        Value::Boolean(truth) => truth.to_string(),
        Value::Datetime(_) | Value::Array(_) | Value::Table(_) => {
            bail!("a text, a number, true or false is wanted here")
        }
    })
}

/// Lets clap judge the value as if it stood on a command line, apart from all others.
fn try_out(argument: &Arg, value: &str) -> anyhow::Result<()> {
    let long = argument.get_long().context("it has no long form")?;
    let trial = Command::new("trial").no_binary_name(true).arg(argument.clone().required(false));
    let judged = trial.try_get_matches_from([format!("--{long}={value}")]);
    judged.map(drop).map_err(|error| {
        let text = error.render().to_string();
        anyhow!("{}", text.lines().next().unwrap_or_default().trim_start_matches("error: "))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn command() -> Command {
        Command::new("program").arg_required_else_help(true).subcommand(
            Command::new("serve")
                .arg(Arg::new("config").long("config").value_parser(clap::value_parser!(PathBuf)))
                .arg(Arg::new("address").long("address").default_value("here"))
                .arg(Arg::new("job-timeout").long("job-timeout").value_parser(clap::value_parser!(u64)))
                .arg(Arg::new("audience").long("audience").action(ArgAction::Append)),
        )
    }

    fn parsed(file: &str, words: &[&str]) -> anyhow::Result<clap::ArgMatches> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file.toml");
        std::fs::write(&path, file).unwrap();
        let config = format!("--config={}", path.display());
        let words = ["program", "serve", &config].into_iter().chain(words.iter().copied());
        let words: Vec<OsString> = words.map(OsString::from).collect();
        let matches = configured(command(), "serve", &words)?.try_get_matches_from(words)?;
        Ok(matches.subcommand_matches("serve").unwrap().clone())
    }

    #[test]
    fn a_flag_wins_over_the_file_and_the_file_over_the_default() {
        let file = "address = 'there'\njob-timeout = 7\naudience = ['a', 'b']";
        let matches = parsed(file, &[]).unwrap();
        assert_eq!(matches.get_one::<String>("address").unwrap(), "there");
        assert_eq!(matches.get_one::<u64>("job-timeout"), Some(&7));
        assert_eq!(matches.get_many::<String>("audience").unwrap().collect::<Vec<_>>(), ["a", "b"]);
        let matches = parsed(file, &["--address", "elsewhere"]).unwrap();
        assert_eq!(matches.get_one::<String>("address").unwrap(), "elsewhere");
    }

    #[test]
    fn what_no_flag_understands_is_named() {
        let refusal = |file: &str| format!("{:#}", parsed(file, &[]).unwrap_err());
        assert!(refusal("adress = 'x'").contains("`adress`: there is no flag --adress"));
        assert!(refusal("job-timeout = 'soon'").contains("`job-timeout`: invalid value 'soon'"));
        assert!(refusal("[audience]").contains("a text, a number"));
        assert!(refusal("config = 'x'").contains("there is no flag"));
        assert!(refusal("= 1").contains("is no TOML"));
    }
}
