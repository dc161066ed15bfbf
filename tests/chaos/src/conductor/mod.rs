//! The conductor: it starts all processes, holds the load, applies the faults of the plan, waits until all is at rest, and asks
//! the judge.

mod apply;
mod cast;
mod facts;
mod outage;
mod settle;
mod start;
mod status;

pub(crate) use facts::{Facts, Gone, Harm, HarmKind};
#[cfg(test)]
pub(crate) use facts::{Outage, Registered};

use crate::clock::Moment;
use crate::fault::Fault;
use crate::judge::judge;
use crate::options::Options;
use crate::plan::{Planned, is_complete, plan};
use crate::processes::Weight;
use crate::report::Report;
use crate::told::Tally;
use cast::Cast;
use std::process::ExitCode;
use std::time::Duration;

/// The load runs so long before anything is weighed.
const WARM_UP: Duration = Duration::from_secs(3);

/// What came of a run, before it is judged.
pub(crate) struct Outcome {
    pub(crate) facts: Facts,
    pub(crate) tally: Tally,
    pub(crate) before: Weight,
    pub(crate) after: Weight,
    /// Of those that should be there.
    pub(crate) workers: u64,
    /// What did not settle.
    pub(crate) unsettled: Vec<String>,
    /// Faults that should have come and did not.
    pub(crate) missing: Vec<Fault>,
}

/// Runs what the command line asks for. Fails with status 1 if a promise broke.
pub(crate) fn run(options: &Options) -> anyhow::Result<ExitCode> {
    let outcome = conduct(options)?;
    let report = Report { options, outcome: &outcome, judgement: judge(&outcome) };
    if options.json {
        println!("{:#}", report.json());
    } else {
        print!("{}", report.text());
    }
    Ok(if report.is_good() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn conduct(options: &Options) -> anyhow::Result<Outcome> {
    let languages = options.foreign.languages().len();
    anyhow::ensure!(options.workers >= languages as u64, "{languages} languages need as many workers");
    let faults = options.faults();
    let every = Duration::from_millis(options.every);
    let mut cast = Cast::assemble(options)?;
    cast.go()?;
    cast.pump_for(WARM_UP)?;
    let _ = cast.hold()?;
    let (before, _) = cast.weigh(None)?;
    cast.go()?;
    cast.apply_all(plan(options.seed, options.length(), every, &faults))?;
    let tally = cast.hold()?;
    let (workers, mut unsettled) = cast.settle()?;
    let (after, too_heavy) = cast.weigh(Some(before))?;
    unsettled.extend(too_heavy);
    let facts = cast.dismiss();
    let complete = is_complete(options.length(), every, &faults);
    let missing = faults.into_iter().filter(|fault| complete && !facts.applied.contains_key(fault)).collect();
    Ok(Outcome { facts, tally, before, after, workers, unsettled, missing })
}

impl Cast {
    fn apply_all(&mut self, plan: Vec<Planned>) -> anyhow::Result<()> {
        self.facts.begun = Moment::now();
        for planned in plan {
            self.pump_until(self.facts.begun.plus(planned.at))?;
            self.apply(planned)?;
        }
        self.calm_down()
    }
}
