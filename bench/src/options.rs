//! The command line.

use crate::conditions::Conditions;
use crate::loads::{self, Contender, Load};
use crate::roles::Role;
use clap::Parser;
use clap::builder::{PossibleValuesParser, RangedU64ValueParser, TypedValueParser};
use std::path::PathBuf;
use std::time::Duration;

/// Measures Powerhose beside the least that its parts cost.
///
/// All contenders run in turn, repeat after repeat, so that a machine that is busy with something else is busy with it
/// for all of them. Prints medians and ranges of the repeats, ratios to the floors, and whether the targets are met.
#[derive(Debug, Parser)]
#[command(name = "powerhose-bench", version, args_conflicts_with_subcommands = true)]
pub(crate) struct CommandLine {
    #[command(flatten)]
    pub(crate) options: Options,
    #[command(subcommand)]
    pub(crate) role: Option<Role>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// What to measure; everything if none is named.
    #[arg(value_name = "LOAD", value_parser = load_parser())]
    named: Vec<&'static Load>,
    /// Measure only those whose names contain this, to look at them with a profiler.
    #[arg(long, value_name = "NAME")]
    pub(crate) only: Option<String>,
    /// How long each contender is measured in each repeat, 0.01 to 600 [default: 1; with --quick 0.2].
    #[arg(long, value_parser = seconds)]
    seconds: Option<Duration>,
    /// How often each contender is measured; the tail of W1 at least 11 times from 5 on [default: 5; with --quick 1].
    #[arg(long, value_parser = RangedU64ValueParser::<u64>::new().range(1..=1000))]
    repeats: Option<u64>,
    /// Worker processes [default: as many as this process may use cores].
    #[arg(long, value_parser = RangedU64ValueParser::<usize>::new().range(1..=256))]
    workers: Option<usize>,
    /// Bytes of the payload of the small echo.
    #[arg(long, default_value_t = 64, value_parser = RangedU64ValueParser::<usize>::new().range(0..=16 << 20))]
    payload: usize,
    /// Jobs a second of the loads with a fixed rate.
    #[arg(long, default_value_t = 20_000, value_parser = RangedU64ValueParser::<u32>::new().range(1..))]
    rate: u32,
    /// Print JSON instead of the table, or write it to this file beside the table.
    #[arg(long, value_name = "FILE", num_args = 0..=1, require_equals = true)]
    pub(crate) json: Option<Option<PathBuf>>,
    /// Draw latency percentiles, and throughput against jobs in flight, into this folder, as SVG.
    #[arg(long, value_name = "FOLDER")]
    pub(crate) plot: Option<PathBuf>,
    /// Half a minute for everything. Shows that it works; the figures are not worth much.
    #[arg(long)]
    pub(crate) quick: bool,
    /// Count the dispatcher's instructions too. Needs valgrind, and some minutes.
    #[arg(long)]
    pub(crate) instructions: bool,
}

impl Options {
    /// The loads to run, each once.
    pub(crate) fn loads(&self) -> Vec<&'static Load> {
        let named = |load: &&'static Load| self.named.iter().any(|named| named.name == load.name);
        loads::ALL.iter().copied().filter(|load| self.named.is_empty() || named(load)).collect()
    }

    /// All whom these loads name, each once.
    pub(crate) fn contenders(&self) -> Vec<&'static Contender> {
        let wanted = |name: &str| self.only.as_deref().is_none_or(|only| name.contains(only));
        let mut contenders: Vec<&Contender> = Vec::new();
        for contender in self.loads().iter().flat_map(|load| load.contenders()) {
            if wanted(contender.name) && !contenders.contains(&contender) {
                contenders.push(contender);
            }
        }
        contenders
    }

    pub(crate) fn repeats(&self) -> u64 {
        self.repeats.unwrap_or(if self.quick { 1 } else { 5 })
    }

    pub(crate) fn conditions(&self, repeat: u64) -> Conditions {
        let defaults = Conditions::default();
        let quick = Duration::from_millis(200);
        let window = self.seconds.unwrap_or(if self.quick { quick } else { defaults.window });
        Conditions {
            workers: self.workers.unwrap_or(defaults.workers),
            payload_bytes: self.payload,
            window,
            warm_up: defaults.warm_up.min(window / 2),
            rate: self.rate.into(),
            repeat,
        }
    }
}

fn load_parser() -> impl TypedValueParser<Value = &'static Load> {
    PossibleValuesParser::new(loads::ALL.iter().map(|load| load.name))
        .map(|name| *loads::ALL.iter().find(|load| load.name == name).expect("only these names are possible"))
}

fn seconds(text: &str) -> Result<Duration, String> {
    match text.parse::<f64>() {
        Ok(seconds) if (0.01..=600.0).contains(&seconds) => Ok(Duration::from_secs_f64(seconds)),
        _ => Err("not a number from 0.01 to 600".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;
    use std::collections::BTreeSet;

    fn options(arguments: &[&str]) -> Result<Options, clap::Error> {
        let program = ["powerhose-bench"];
        CommandLine::try_parse_from(program.iter().chain(arguments)).map(|line| line.options)
    }

    #[test]
    fn the_command_line_is_consistent() {
        CommandLine::command().debug_assert();
    }

    #[test]
    fn without_arguments_everything_is_measured() {
        let options = options(&[]).expect("none is needed");
        assert_eq!(options.loads().len(), loads::ALL.len());
        assert_eq!(options.repeats(), 5);
    }

    #[test]
    fn loads_are_measured_once_in_their_own_order() {
        let options = options(&["w2", "w1", "w2"]).expect("these loads exist");
        let names: Vec<&str> = options.loads().iter().map(|load| load.name).collect();
        assert_eq!(names, ["w1", "w2"]);
    }

    #[test]
    fn a_contender_of_several_loads_is_measured_once() {
        let all: Vec<&str> = options(&[])
            .expect("none is needed")
            .contenders()
            .iter()
            .map(|contender| contender.name)
            .collect();
        let distinct: BTreeSet<&str> = all.iter().copied().collect();
        assert_eq!(all.len(), distinct.len());
    }

    #[test]
    fn only_those_that_are_named_are_measured() {
        let options = options(&["w2", "--only", "libzmq"]).expect("this flag exists");
        assert_eq!(options.contenders().len(), 1);
    }

    #[test]
    fn quick_can_be_made_still_shorter() {
        let options = options(&["--quick", "--seconds", "0.05", "--json"]).expect("these flags exist");
        assert_eq!(options.conditions(0).window, Duration::from_millis(50));
        assert_eq!(options.repeats(), 1);
        assert_eq!(options.json, Some(None));
    }

    #[test]
    fn what_cannot_be_is_refused_by_name() {
        for (arguments, named) in [
            (&["w9"][..], "w9"),
            (&["--seconds", "0"], "0.01 to 600"),
            (&["--workers", "0"], "--workers"),
            (&["--nonsense"], "--nonsense"),
        ] {
            let error = options(arguments).expect_err("it is wrong").to_string();
            assert!(error.contains(named), "{error}");
        }
    }
}
