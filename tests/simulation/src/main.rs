//! Runs the simulation for as long as one likes, or one seed of it line by line.

use powerhose_simulation::{Plan, Telling, explore, run};
use std::process::ExitCode;
use std::time::{Duration, Instant};

const USAGE: &str = "\
powerhose-simulation [--seeds N] [--first-seed S] [--minutes M] [--events E]   many runs, over all cores
powerhose-simulation --seed S [--events E] [-v]                                one run; -v tells it line by line";

struct Arguments {
    seed: Option<u64>,
    plan: Plan,
    minutes: Option<u64>,
    telling: Telling,
}

fn main() -> ExitCode {
    std::panic::set_hook(Box::new(|_| {}));
    match read(std::env::args().skip(1)) {
        Err(text) => {
            eprintln!("{text}\n{USAGE}");
            ExitCode::from(2)
        }
        Ok(Arguments { seed: Some(seed), plan, telling, .. }) => one(seed, plan.events, telling),
        Ok(arguments) => many(&arguments),
    }
}

fn read(mut words: impl Iterator<Item = String>) -> Result<Arguments, String> {
    let plan = Plan { first_seed: 1, seeds: 2000, events: 500 };
    let mut arguments = Arguments { seed: None, plan, minutes: None, telling: Telling::Quiet };
    while let Some(word) = words.next() {
        if word == "-v" {
            arguments.telling = Telling::EveryLine;
            continue;
        }
        let value = words.next().ok_or_else(|| format!("{word} lacks a value"))?;
        let number = value.parse().map_err(|_| format!("{value} is no number"))?;
        match word.as_str() {
            "--seed" => arguments.seed = Some(number),
            "--seeds" => arguments.plan.seeds = number,
            "--first-seed" => arguments.plan.first_seed = number,
            "--minutes" => {
                arguments.minutes = Some(number);
                arguments.plan.seeds = u64::MAX;
            }
            "--events" => arguments.plan.events = number,
            _ => return Err(format!("there is no {word}")),
        }
    }
    Ok(arguments)
}

fn one(seed: u64, events: u64, telling: Telling) -> ExitCode {
    let report = run(seed, events, telling);
    println!("{report}");
    exit_code(report.violation.is_none())
}

#[expect(
    clippy::disallowed_methods,
    reason = "how long to go on is a matter of the real clock; no run sees it"
)]
fn many(arguments: &Arguments) -> ExitCode {
    let began = Instant::now();
    let until = arguments.minutes.map(|minutes| began + Duration::from_secs(60 * minutes));
    let goes_on = || until.is_none_or(|until| Instant::now() < until);
    let (coverage, runs, failure) = explore(&arguments.plan, || {}, goes_on);
    print!("{coverage}");
    println!("{runs} runs of {} events in {:.1} s", arguments.plan.events, began.elapsed().as_secs_f64());
    if let Some(report) = &failure {
        println!("{report}");
    }
    exit_code(failure.is_none())
}

fn exit_code(holds: bool) -> ExitCode {
    if holds { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
