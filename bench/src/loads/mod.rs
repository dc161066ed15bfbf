//! The loads: which contenders are compared in what, and the targets.

mod client;
mod cost;
mod growth;
mod idle;
mod memory;
mod mixed;
mod open_loop;
mod tcp;
mod w1;
mod w1s;
mod w2;
mod w3;
mod w3_low;
mod w4;

use crate::conditions::Conditions;
use crate::figure::Figure;
use crate::sample::Sample;

pub(crate) use growth::DISPATCHERS;
#[cfg(test)]
pub(crate) use w1::{EXECUTE, LIBZMQ_PING_PONG};

/// Every load, in the order in which they are reported.
pub(crate) const ALL: &[&Load] = &[
    &w1::LOAD,
    &w1s::LOAD,
    &w2::LOAD,
    &w3::LOAD,
    &w3_low::LOAD,
    &mixed::LOAD,
    &w4::LOAD,
    &client::LOAD,
    &tcp::LOAD,
    &open_loop::LOAD,
    &cost::LOAD,
    &idle::LOAD,
    &memory::LOAD,
    &growth::LOAD,
];

/// A question, and the figures that answer it.
#[derive(Debug)]
pub(crate) struct Load {
    /// On the command line.
    pub(crate) name: &'static str,
    /// For people.
    pub(crate) title: &'static str,
    pub(crate) rows: &'static [Row],
}

impl Load {
    /// All whom its rows name, each once.
    pub(crate) fn contenders(&self) -> Vec<&'static Contender> {
        let mut contenders: Vec<&Contender> = Vec::new();
        let against = |row: &Row| row.target.and_then(|target| target.against.contender());
        for contender in self.rows.iter().flat_map(|row| std::iter::once(row.contender).chain(against(row))) {
            if !contenders.contains(&contender) {
                contenders.push(contender);
            }
        }
        contenders
    }
}

/// One figure of one contender.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) contender: &'static Contender,
    pub(crate) figure: Figure,
    pub(crate) target: Option<Target>,
}

impl Row {
    const fn new(contender: &'static Contender, figure: Figure) -> Row {
        Row { contender, figure, target: None }
    }

    const fn reach(self, against: Against, reach: Bound) -> Row {
        Row { target: Some(Target { against, reach: Some(reach), try_for: None }), ..self }
    }

    /// Compared only: it has nothing to reach.
    const fn beside(self, against: Against) -> Row {
        Row { target: Some(Target { against, reach: None, try_for: None }), ..self }
    }

    const fn then_try_for(self, bound: Bound) -> Row {
        let Some(target) = self.target else { panic!("what is to be reached comes first") };
        Row { target: Some(Target { try_for: Some(bound), ..target }), ..self }
    }
}

/// Something that is measured: ours, or a floor.
#[derive(Debug)]
pub(crate) struct Contender {
    /// No other has it.
    pub(crate) name: &'static str,
    pub(crate) side: Side,
    pub(crate) effort: Effort,
    pub(crate) measure: fn(&Conditions) -> anyhow::Result<Sample>,
}

impl PartialEq for &'static Contender {
    fn eq(&self, other: &&'static Contender) -> bool {
        self.name == other.name
    }
}

impl Contender {
    const fn ours(name: &'static str, measure: fn(&Conditions) -> anyhow::Result<Sample>) -> Contender {
        Contender { name, side: Side::Ours, effort: Effort::EveryRepeat, measure }
    }

    const fn floor(name: &'static str, measure: fn(&Conditions) -> anyhow::Result<Sample>) -> Contender {
        Contender { name, side: Side::Floor, effort: Effort::EveryRepeat, measure }
    }

    /// For a point of a picture.
    pub(crate) const fn sweep(
        name: &'static str,
        measure: fn(&Conditions) -> anyhow::Result<Sample>,
    ) -> Contender {
        Contender { name, side: Side::Ours, effort: Effort::Few, measure }
    }

    const fn with(self, effort: Effort) -> Contender {
        Contender { effort, ..self }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Ours,
    /// What the parts cost without us.
    Floor,
}

/// How often something is worth measuring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effort {
    EveryRepeat,
    /// One call at a time gives few latencies, and the 99th percentile needs many.
    Tail,
    /// It takes long and hardly varies.
    Few,
}

impl Effort {
    /// How often, where this many repeats are asked for.
    pub(crate) fn repeats(self, asked: u64) -> u64 {
        match self {
            Effort::EveryRepeat => asked,
            Effort::Tail if asked >= 5 => asked.max(11),
            Effort::Tail => asked,
            Effort::Few => asked.min(3),
        }
    }
}

/// What a figure is compared with, and what it is to reach.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Target {
    pub(crate) against: Against,
    pub(crate) reach: Option<Bound>,
    pub(crate) try_for: Option<Bound>,
}

/// What of a figure is held against a bound.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Against {
    /// The figure, in its own unit.
    Itself,
    /// How many times it is so many times that of another contender.
    Ratio(&'static Contender, f64),
    /// By how much it is greater than that of another contender.
    Excess(&'static Contender),
}

impl Against {
    pub(crate) fn contender(self) -> Option<&'static Contender> {
        match self {
            Against::Itself => None,
            Against::Ratio(contender, _) | Against::Excess(contender) => Some(contender),
        }
    }
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Bound {
    AtMost(f64),
    AtLeast(f64),
}

impl Bound {
    pub(crate) fn holds(self, value: f64) -> bool {
        match self {
            Bound::AtMost(most) => value <= most,
            Bound::AtLeast(least) => value >= least,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn a_name_means_one_contender() {
        let mut measures = BTreeMap::new();
        for contender in ALL.iter().flat_map(|load| load.contenders()) {
            let measure = contender.measure as usize;
            assert_eq!(*measures.entry(contender.name).or_insert(measure), measure, "{}", contender.name);
        }
    }

    #[test]
    fn the_tail_is_measured_eleven_times_unless_little_is_asked_for() {
        assert_eq!([1, 5, 20].map(|asked| Effort::Tail.repeats(asked)), [1, 11, 20]);
        assert_eq!([1, 5, 20].map(|asked| Effort::Few.repeats(asked)), [1, 3, 3]);
    }

    #[test]
    fn a_bound_holds_what_it_equals() {
        assert!(Bound::AtMost(1.0).holds(1.0) && !Bound::AtMost(1.0).holds(1.1));
        assert!(Bound::AtLeast(1.0).holds(1.0) && !Bound::AtLeast(1.0).holds(0.9));
    }
}
