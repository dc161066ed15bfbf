//! The configuration file: TOML, each key a flag. A key at the top is for every command that has the flag, a key in a
//! table for the command of that name. A key that no command knows is an error, which names its place.

use super::complaint::first_paragraph;
use crate::exit::{Exit, Failure};
use clap::{Arg, ArgAction};
use std::ffi::OsString;
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// A name with at most one slip (a letter wrong, missing, too many, or two exchanged) in so many letters is recognised.
const LETTERS_PER_SLIP: usize = 3;

/// The file that `--config` or its variable names.
pub(super) fn named(arguments: &[OsString]) -> Option<PathBuf> {
    let mut arguments = arguments.iter().take_while(|argument| *argument != "--");
    while let Some(argument) = arguments.next() {
        if argument == "--config" {
            return arguments.next().map(PathBuf::from);
        }
        if let Some(path) = argument.to_str().and_then(|text| text.strip_prefix("--config=")) {
            return Some(PathBuf::from(path));
        }
    }
    std::env::var_os("POWERHOSE_CONFIG").map(PathBuf::from)
}

/// A file that was read and not yet understood.
pub(super) struct File {
    path: PathBuf,
    text: String,
}

impl File {
    pub(super) fn read(path: &Path) -> Result<File, Failure> {
        match fs::read_to_string(path) {
            Ok(text) => Ok(File { path: path.to_owned(), text }),
            Err(error) => Err(Failure::new(
                Exit::Configuration,
                format_args!("{}: cannot be read: {error}", path.display()),
            )),
        }
    }

    /// The command line with the file's values as defaults.
    pub(super) fn into_defaults(self, mut command: clap::Command) -> Result<clap::Command, Failure> {
        let table = DeTable::parse(&self.text)
            .map_err(|error| self.wrong(error.span().unwrap_or(0..0), error.message()))?;
        for (key, value) in table.get_ref() {
            if let DeValue::Table(table) = value.get_ref() {
                command = self.take_table(command, key, table)?;
            }
        }
        // Last, and only where a table has said nothing.
        for (key, value) in table.get_ref() {
            if !matches!(value.get_ref(), DeValue::Table(_)) {
                command = self.take_common(command, key, value)?;
            }
        }
        Ok(command)
    }

    /// A table for one command.
    fn take_table(
        &self,
        mut command: clap::Command,
        name: &Spanned<impl AsRef<str>>,
        table: &DeTable<'_>,
    ) -> Result<clap::Command, Failure> {
        let wanted = name.as_ref().as_ref();
        let Some(subcommand) = command.find_subcommand(wanted).cloned() else {
            let known = command.get_subcommands().map(|known| known.get_name().to_owned());
            return Err(self.unknown(name.span(), "table", wanted, known.collect()));
        };
        for (key, value) in table {
            let (name, common) = (key.get_ref().as_ref(), flag(&command, key.get_ref()));
            let Some(argument) = flag(&subcommand, name) else {
                let mut known = flags(&subcommand);
                if common.is_some() {
                    return Err(self.wrong(
                        key.span(),
                        format_args!("`{name}` is for all commands: write it above the tables"),
                    ));
                }
                known.extend(flags(&command));
                return Err(self.unknown(key.span(), "key", name, known));
            };
            let values = self.values(&argument, value)?;
            command = command.mut_subcommand(wanted, |found| set(found, &argument, &values));
        }
        Ok(command)
    }

    /// A key for all commands that have it.
    fn take_common(
        &self,
        mut command: clap::Command,
        key: &Spanned<impl AsRef<str>>,
        value: &Spanned<DeValue<'_>>,
    ) -> Result<clap::Command, Failure> {
        let name = key.as_ref().as_ref();
        if name == "config" {
            return Err(self.wrong(key.span(), "a configuration file cannot name another"));
        }
        if let Some(argument) = flag(&command, name) {
            let values = self.values(&argument, value)?;
            return Ok(set(command, &argument, &values));
        }
        let having: Vec<String> = command
            .get_subcommands()
            .filter(|subcommand| flag(subcommand, name).is_some())
            .map(|subcommand| subcommand.get_name().to_owned())
            .collect();
        if having.is_empty() {
            let mut known = flags(&command);
            command.get_subcommands().for_each(|subcommand| known.extend(flags(subcommand)));
            return Err(self.unknown(key.span(), "key", name, known));
        }
        for subcommand in having {
            let argument = command.find_subcommand(&subcommand).and_then(|found| flag(found, name));
            let Some(argument) = argument.filter(|argument| !is_from_table(argument)) else { continue };
            let values = self.values(&argument, value)?;
            command = command.mut_subcommand(subcommand, |found| set(found, &argument, &values));
        }
        Ok(command)
    }

    /// The values as a command line would have them, tried out.
    fn values(&self, argument: &Arg, value: &Spanned<DeValue<'_>>) -> Result<Vec<String>, Failure> {
        let many = matches!(argument.get_action(), ArgAction::Append)
            || argument.get_num_args().is_some_and(|range| range.max_values() > 1);
        let values = match value.get_ref() {
            DeValue::Array(values) if many => {
                values.iter().map(|value| self.value(argument, value)).collect::<Result<_, _>>()?
            }
            _ => vec![self.value(argument, value)?],
        };
        Ok(values)
    }

    fn value(&self, argument: &Arg, value: &Spanned<DeValue<'_>>) -> Result<String, Failure> {
        let text = match value.get_ref() {
            DeValue::String(text) => text.to_string(),
            DeValue::Integer(number) => number.to_string(),
            DeValue::Float(number) => number.to_string(),
            DeValue::Boolean(truth) => truth.to_string(),
            DeValue::Datetime(_) | DeValue::Array(_) | DeValue::Table(_) => {
                return Err(self.wrong(value.span(), "a text, a number, true or false is wanted here"));
            }
        };
        match try_out(argument, &text) {
            Ok(()) => Ok(text),
            Err(complaint) => Err(self.wrong(value.span(), complaint)),
        }
    }

    fn unknown(&self, place: Range<usize>, what: &str, name: &str, known: Vec<String>) -> Failure {
        let slips = |known: &String| strsim::damerau_levenshtein(known, name);
        let nearest = known.iter().min_by_key(|known| slips(known));
        let recognised =
            nearest.filter(|nearest| slips(nearest) * LETTERS_PER_SLIP <= name.len().max(LETTERS_PER_SLIP));
        match recognised {
            Some(right) => {
                self.wrong(place, format_args!("unknown {what} `{name}`; did you mean `{right}`?"))
            }
            None => self.wrong(place, format_args!("unknown {what} `{name}`")),
        }
    }

    fn wrong(&self, place: Range<usize>, what: impl std::fmt::Display) -> Failure {
        let before = self.text.get(..place.start).unwrap_or(&self.text);
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        Failure::new(Exit::Configuration, format_args!("{}:{line}:{column}: {what}", self.path.display()))
    }
}

/// The flag of this name, or the program and its arguments.
fn flag(command: &clap::Command, name: &str) -> Option<Arg> {
    let is_it = |argument: &&Arg| key(argument).as_deref() == Some(name);
    command.get_arguments().find(is_it).cloned()
}

fn flags(command: &clap::Command) -> Vec<String> {
    command.get_arguments().filter_map(key).collect()
}

fn key(argument: &Arg) -> Option<String> {
    match argument.get_long() {
        Some("help" | "version") => None,
        Some(long) => Some(long.to_owned()),
        None => argument.is_last_set().then(|| argument.get_id().to_string()),
    }
}

fn set(command: clap::Command, argument: &Arg, values: &[String]) -> clap::Command {
    let values = values.to_vec();
    command.mut_arg(argument.get_id(), |argument| {
        argument.required(false).default_values(values).help_heading(argument_heading())
    })
}

/// Marks what a table has set, so that a key at the top does not set it again.
fn is_from_table(argument: &Arg) -> bool {
    argument.get_help_heading() == Some(argument_heading())
}

fn argument_heading() -> &'static str {
    "Set by the configuration file"
}

/// Lets clap judge the value as if it stood on a command line, apart from all others.
fn try_out(argument: &Arg, value: &str) -> Result<(), String> {
    if matches!(argument.get_action(), ArgAction::SetTrue) {
        return match value {
            "true" | "false" => Ok(()),
            _ => Err("true or false is wanted here".to_owned()),
        };
    }
    let word = match argument.get_long() {
        Some(long) => vec![format!("--{long}={value}")],
        None => vec!["--".to_owned(), value.to_owned()],
    };
    let alone = argument.clone().required(false).global(false);
    let trial = clap::Command::new("trial").no_binary_name(true).arg(alone);
    trial.try_get_matches_from(word).map(drop).map_err(|error| first_paragraph(&error.render().to_string()))
}
