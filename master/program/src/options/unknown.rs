//! Variables that look like a flag's and are none: a mistyped one would be ignored without a word.

use super::PREFIX;
use std::collections::BTreeSet;

/// Which wire is used where there are two, and whether memory is shared; libraries read them.
const WIRES: [&str; 2] = ["POWERHOSE_WIRE", "POWERHOSE_MEMORY"];
/// What a job's program finds in its environment, and what tests use.
const OTHERS: [&str; 2] = ["POWERHOSE_JOB_", "POWERHOSE_TEST_"];

/// Those of the environment that no flag of any command has.
pub(super) fn unknown(command: &clap::Command) -> Vec<String> {
    let mut known = BTreeSet::from(WIRES.map(str::to_owned));
    collect(command, &mut known);
    let names = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    let is_unknown = |name: &String| {
        name.starts_with(PREFIX)
            && !known.contains(name)
            && !OTHERS.iter().any(|prefix| name.starts_with(prefix))
    };
    let mut unknown: Vec<String> = names.filter(is_unknown).collect();
    unknown.sort();
    unknown
}

fn collect(command: &clap::Command, known: &mut BTreeSet<String>) {
    let variables = command.get_arguments().filter_map(|argument| argument.get_env()?.to_str());
    known.extend(variables.map(str::to_owned));
    command.get_subcommands().for_each(|subcommand| collect(subcommand, known));
}
