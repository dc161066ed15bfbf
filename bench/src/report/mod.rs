//! What came out, for people and for programs.

mod json;
mod table;

use crate::loads::{Bound, Row, Target};
use crate::measure::Results;
use crate::options::Options;

/// The results of one run.
pub(crate) struct Report<'a> {
    pub(crate) options: &'a Options,
    pub(crate) results: &'a Results,
}

/// Whether a target is met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Missed,
    Met,
    /// Also what was to be tried for after that.
    Exceeded,
}

impl Verdict {
    /// None where there is nothing to reach.
    fn of(target: Target, value: f64) -> Option<Verdict> {
        let exceeds = target.try_for.is_some_and(|bound| bound.holds(value));
        Some(match target.reach?.holds(value) {
            false => Verdict::Missed,
            true if exceeds => Verdict::Exceeded,
            true => Verdict::Met,
        })
    }

    fn name(self) -> &'static str {
        match self {
            Verdict::Missed => "missed",
            Verdict::Met => "met",
            Verdict::Exceeded => "exceeded",
        }
    }
}

impl Report<'_> {
    /// What of a row is compared, and whether its target is met.
    fn verdict(&self, row: &Row) -> Option<(Target, crate::statistics::Summary, Option<Verdict>)> {
        let (target, compared) = (row.target?, self.results.compared(row)?);
        Some((target, compared, Verdict::of(target, compared.typical)))
    }
}

/// The sign and the number of a bound.
fn parts(bound: Bound) -> (&'static str, f64) {
    match bound {
        Bound::AtMost(most) => ("≤", most),
        Bound::AtLeast(least) => ("≥", least),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::loads::Against;

    #[test]
    fn a_verdict_tells_how_far_it_went() {
        let target = Target {
            against: Against::Itself,
            reach: Some(Bound::AtMost(10.0)),
            try_for: Some(Bound::AtMost(5.0)),
        };
        let verdicts = [11.0, 10.0, 5.0].map(|value| Verdict::of(target, value));
        assert_eq!(verdicts, [Verdict::Missed, Verdict::Met, Verdict::Exceeded].map(Some));
        assert_eq!(Verdict::of(Target { reach: None, ..target }, 1.0), None);
    }
}
