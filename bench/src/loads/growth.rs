//! The dispatcher alone: whether its work for a job grows with the workers or with the jobs that wait.

use super::{Against, Bound, Contender, Effort, Load, Row};
use crate::conditions::Conditions;
use crate::figure::Figure;
use crate::growth;
use crate::sample::Sample;

fn alone<const WORKERS: usize, const WAITING: usize>(conditions: &Conditions) -> anyhow::Result<Sample> {
    growth::measure(WORKERS, WAITING, conditions)
}

macro_rules! dispatchers {
    ($($name:ident: $workers:literal workers, $waiting:literal waiting, $text:literal;)*) => {
        $(const $name: Contender = Contender::ours($text, alone::<$workers, $waiting>).with(Effort::Few);)*

        /// Every one with the number of its workers and of the jobs that wait.
        pub(crate) const DISPATCHERS: &[(&Contender, usize, usize)] = &[$((&$name, $workers, $waiting)),*];

        const ROWS: &[Row] = &[FIRST, $(time(&$name),)* $(instructions(&$name),)*];
    };
}

dispatchers! {
    W10_J1: 10 workers, 1 waiting, "10 workers, 1 job waiting";
    W10_J10K: 10 workers, 10_000 waiting, "10 workers, 10,000 jobs waiting";
    W10_J1M: 10 workers, 1_000_000 waiting, "10 workers, 1,000,000 jobs waiting";
    W1K_J1: 1_000 workers, 1 waiting, "1,000 workers, 1 job waiting";
    W1K_J10K: 1_000 workers, 10_000 waiting, "1,000 workers, 10,000 jobs waiting";
    W1K_J1M: 1_000 workers, 1_000_000 waiting, "1,000 workers, 1,000,000 jobs waiting";
    W10K_J1: 10_000 workers, 1 waiting, "10,000 workers, 1 job waiting";
    W10K_J10K: 10_000 workers, 10_000 waiting, "10,000 workers, 10,000 jobs waiting";
    W10K_J1M: 10_000 workers, 1_000_000 waiting, "10,000 workers, 1,000,000 jobs waiting";
}

const FIRST: Row = Row::new(&W10_J1, Figure::TimePerJob)
    .reach(Against::Itself, Bound::AtMost(300.0))
    .then_try_for(Bound::AtMost(200.0));
/// Nanoseconds that none of them may need more than.
const WORST: f64 = 800.0;
const INSTRUCTIONS: f64 = 2_500.0;

const fn time(contender: &'static Contender) -> Row {
    Row::new(contender, Figure::TimePerJob).reach(Against::Itself, Bound::AtMost(WORST))
}

/// Counted only where it was asked for.
const fn instructions(contender: &'static Contender) -> Row {
    Row::new(contender, Figure::InstructionsPerJob).reach(Against::Itself, Bound::AtMost(INSTRUCTIONS))
}

pub(super) const LOAD: Load =
    Load { name: "growth", title: "Growth: the dispatcher alone, one job a message", rows: ROWS };
