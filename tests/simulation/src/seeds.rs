//! One run, and many of them over all cores.

use crate::coverage::Coverage;
use crate::trace::Trace;
use crate::verdict::{Check, Verdict, Violation};
use crate::world::World;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

/// How a run went.
pub struct Report {
    /// What decided it.
    pub seed: u64,
    /// How many things were done to the world before the faults stopped.
    pub events: u64,
    /// What was found wrong, if anything.
    pub violation: Option<Violation>,
    /// What occurred.
    pub coverage: Coverage,
    /// Tells this run from every other that went differently.
    pub trace_hash: u64,
    /// Messages, wake-ups and the like.
    pub steps: u64,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.violation {
            None => {
                write!(f, "seed {} holds: {} steps, trace {:016x}", self.seed, self.steps, self.trace_hash)
            }
            Some(violation) => write!(
                f,
                "seed {} fails: {violation}\nrepeat it: cargo run --release -p powerhose-simulation -- --seed {} --events {} -v",
                self.seed, self.seed, self.events
            ),
        }
    }
}

/// Whether a run tells what happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Telling {
    /// Only how it ended.
    Quiet,
    /// Line by line, on standard output.
    EveryLine,
}

/// Runs one world.
pub fn run(seed: u64, events: u64, telling: Telling) -> Report {
    let mut world = World::new(seed, Trace::new(telling == Telling::EveryLine));
    let ran = catch_unwind(AssertUnwindSafe(|| world.run(events)));
    if let Err(panic) = ran {
        let verdict: &mut Verdict = &mut world.reference.verdict;
        let text = panic
            .downcast_ref::<String>()
            .cloned()
            .or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()))
            .unwrap_or_else(|| "without a word".to_owned());
        verdict.violated(Check::Panic, || text);
    }
    Report {
        seed,
        events,
        violation: world.reference.verdict.first.take(),
        coverage: world.reference.coverage.clone(),
        trace_hash: world.trace.hash(),
        steps: world.steps,
    }
}

/// Which seeds are run.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The first.
    pub first_seed: u64,
    /// How many, at most.
    pub seeds: u64,
    /// How many things are done to each world.
    pub events: u64,
}

/// Runs seeds on all cores until one fails, `goes_on` says no, or all were run. Gives what occurred in all of them, how
/// many there were, and the first failure.
pub fn explore(
    plan: &Plan,
    prepare: impl Fn() + Sync,
    goes_on: impl Fn() -> bool + Sync,
) -> (Coverage, u64, Option<Report>) {
    let (next, failed) = (AtomicU64::new(0), AtomicBool::new(false));
    let found = Mutex::new((Coverage::default(), 0, None::<Report>));
    let work = || {
        prepare();
        let (mut coverage, mut runs, mut failure) = (Coverage::default(), 0, None);
        while failure.is_none() && !failed.load(Ordering::Relaxed) && goes_on() {
            let place = next.fetch_add(1, Ordering::Relaxed);
            if place >= plan.seeds {
                break;
            }
            let report = run(plan.first_seed.wrapping_add(place), plan.events, Telling::Quiet);
            coverage.add(&report.coverage);
            runs += 1;
            if report.violation.is_some() {
                failed.store(true, Ordering::Relaxed);
                failure = Some(report);
            }
        }
        let mut found = found.lock().expect("no run panics outside its world");
        found.0.add(&coverage);
        found.1 += runs;
        // Of several failures the same one is told in every run as often as can be.
        let earlier = |one: &Report, other: &Report| one.seed < other.seed;
        match (&found.2, failure) {
            (_, None) => {}
            (Some(known), Some(failure)) if !earlier(&failure, known) => {}
            (_, failure) => found.2 = failure,
        }
    };
    let threads = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| (0..threads).for_each(|_| drop(scope.spawn(work))));
    found.into_inner().expect("no run panics outside its world")
}
