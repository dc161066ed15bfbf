//! Lets all contenders run in turn, repeat after repeat, and keeps what each run gave.

use crate::figure::Figure;
use crate::loads::{Against, Contender, Row};
use crate::options::Options;
use crate::plots;
use crate::sample::Sample;
use crate::statistics::{Latencies, Summary};
use anyhow::Context;
use indicatif::{ProgressBar, ProgressStyle};
use std::collections::BTreeMap;
use std::time::Duration;

/// What every run of every contender gave, by its name.
#[derive(Default)]
pub(crate) struct Results(BTreeMap<&'static str, Vec<Sample>>);

/// Measures what the options ask for; on a terminal it shows how far it is.
pub(crate) fn measure(options: &Options) -> anyhow::Result<Results> {
    let mut contenders = options.contenders();
    if options.plot.is_some() {
        contenders.extend(plots::throughput::contenders());
    }
    let rounds = rounds(&contenders, options.repeats());
    let progress = progress(rounds.iter().map(|(_, round)| round.len() as u64).sum());
    let mut results = Results::default();
    for (repeat, round) in rounds {
        let conditions = options.conditions(repeat);
        for contender in round {
            progress.set_message(contender.name);
            let sample = (contender.measure)(&conditions)
                .with_context(|| format!("cannot measure `{}`", contender.name))?;
            results.0.entry(contender.name).or_default().push(sample);
            progress.inc(1);
        }
    }
    progress.finish_and_clear();
    if options.instructions {
        crate::growth::count_instructions(&mut results)?;
    }
    Ok(results)
}

/// Which contender runs when in a repeat. Every second repeat goes the other way round, so that none always runs after the same.
fn rounds(contenders: &[&'static Contender], asked: u64) -> Vec<(u64, Vec<&'static Contender>)> {
    let repeats = |contender: &Contender| contender.effort.repeats(asked);
    let last = contenders.iter().map(|contender| repeats(contender)).max().unwrap_or(0);
    let round = |repeat: u64| {
        let mut round: Vec<_> =
            contenders.iter().copied().filter(|contender| repeat < repeats(contender)).collect();
        if !repeat.is_multiple_of(2) {
            round.reverse();
        }
        (repeat, round)
    };
    (0..last).map(round).collect()
}

fn progress(runs: u64) -> ProgressBar {
    const REDRAWN_EVERY: Duration = Duration::from_millis(250);
    let style = ProgressStyle::with_template("{bar:30} {pos}/{len} {elapsed} of about {duration}  {msg}")
        .expect("the template is well-formed");
    // It hides itself where standard error is not a terminal.
    let progress = ProgressBar::new(runs).with_style(style);
    if !progress.is_hidden() {
        progress.enable_steady_tick(REDRAWN_EVERY);
    }
    progress
}

impl Results {
    /// Adds a figure to a contender that was measured.
    pub(crate) fn add(&mut self, contender: &'static str, figure: Figure, value: f64) {
        for sample in self.0.get_mut(contender).into_iter().flatten() {
            *sample = std::mem::take(sample).with(figure, value);
        }
    }

    /// What each repeat gave, in their order.
    pub(crate) fn values(&self, contender: &Contender, figure: Figure) -> Vec<f64> {
        self.samples(contender).iter().filter_map(|sample| sample.figure(figure)).collect()
    }

    /// Of all repeats; none if the contender does not have the figure.
    pub(crate) fn summary(&self, contender: &Contender, figure: Figure) -> Option<Summary> {
        let summary = Summary::of(self.values(contender, figure))?;
        Some(match self.pooled_figure(contender, figure) {
            Some(value) => summary.around(value),
            None => summary,
        })
    }

    /// What of a row is held against its target: compared repeat by repeat, because what runs one after the other runs
    /// on the same machine.
    pub(crate) fn compared(&self, row: &Row) -> Option<Summary> {
        let target = row.target?;
        let compare = |ours: f64, floor: f64| match target.against {
            Against::Itself => ours,
            Against::Ratio(_, times) => ours / (times * floor),
            Against::Excess(_) => ours - floor,
        };
        let Some(floor) = target.against.contender() else {
            return self.summary(row.contender, row.figure);
        };
        let (ours, floors) = (self.values(row.contender, row.figure), self.values(floor, row.figure));
        let summary = Summary::of(ours.iter().zip(&floors).map(|(ours, floor)| compare(*ours, *floor)))?;
        let pooled = self.pooled_figure(row.contender, row.figure).zip(self.pooled_figure(floor, row.figure));
        Some(match pooled {
            Some((ours, floor)) => summary.around(compare(ours, floor)),
            None => summary,
        })
    }

    /// The latencies of all repeats together.
    pub(crate) fn latencies(&self, contender: &Contender) -> Option<Latencies> {
        let mut all = self.samples(contender).iter().filter_map(Sample::latencies);
        let mut pooled = all.next()?.clone();
        all.for_each(|latencies| pooled.add(latencies));
        Some(pooled)
    }

    fn pooled_figure(&self, contender: &Contender, figure: Figure) -> Option<f64> {
        let share = figure.quantile().filter(|_| figure.is_pooled())?;
        self.latencies(contender).map(|latencies| latencies.quantile(share))
    }

    fn samples(&self, contender: &Contender) -> &[Sample] {
        self.0.get(contender.name).map_or(&[], Vec::as_slice)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::loads::{EXECUTE, LIBZMQ_PING_PONG};

    fn latencies(microseconds: impl IntoIterator<Item = u64>) -> Sample {
        Sample::default().with_latencies(microseconds.into_iter().map(Duration::from_micros).collect())
    }

    fn results(ours: Vec<Sample>, floor: Vec<Sample>) -> Results {
        Results([(EXECUTE.name, ours), (LIBZMQ_PING_PONG.name, floor)].into())
    }

    fn row(figure: Figure) -> &'static Row {
        crate::loads::ALL[0].rows.iter().find(|row| row.figure == figure).expect("W1 has this figure")
    }

    fn near(found: f64, expected: f64) -> bool {
        (found - expected).abs() <= expected / 100.0
    }

    #[test]
    fn a_ratio_is_the_median_of_the_repeats_ratios() {
        let ours = [100, 300, 120].map(|latency| latencies([latency])).into();
        let floor = [100, 200, 100].map(|latency| latencies([latency])).into();
        let ratio = results(ours, floor).compared(row(Figure::P50)).expect("both were measured");
        assert!(near(ratio.typical, 1.2) && near(ratio.least, 1.0) && near(ratio.greatest, 1.5), "{ratio:?}");
    }

    #[test]
    fn a_tail_is_that_of_all_repeats_together() {
        let ours = vec![latencies(std::iter::repeat_n(100, 150)), latencies(std::iter::repeat_n(900, 2))];
        let floor = vec![latencies([100]), latencies([300])];
        let results = results(ours, floor);
        let tail = results.summary(&EXECUTE, Figure::P99).expect("it was measured");
        assert!(near(tail.typical / 1e3, 900.0) && near(tail.least / 1e3, 100.0), "{tail:?}");
        let ratio = results.compared(row(Figure::P99)).expect("both were measured");
        assert!(near(ratio.typical, 3.0), "{ratio:?}");
    }

    #[test]
    fn every_second_round_goes_the_other_way() {
        let names = |round: &(u64, Vec<&'static Contender>)| -> Vec<&str> {
            round.1.iter().map(|contender| contender.name).collect()
        };
        let rounds = rounds(&[&EXECUTE, &LIBZMQ_PING_PONG], 2);
        assert_eq!(rounds.len(), 2);
        assert_eq!(names(&rounds[0]), [EXECUTE.name, LIBZMQ_PING_PONG.name]);
        assert_eq!(names(&rounds[1]), [LIBZMQ_PING_PONG.name, EXECUTE.name]);
    }
}
