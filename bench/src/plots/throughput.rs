//! Small echoes a second, by how many are in flight.

use super::axes::{Line, Picture};
use crate::conditions::Conditions;
use crate::figure::Figure;
use crate::floors::zmq::Between;
use crate::loads::Contender;
use crate::measure::Results;
use crate::options::Options;
use crate::sample::Sample;
use crate::work::Work;
use crate::{floors, ours};
use plotters::prelude::IntoLogRange;
use std::path::Path;

type Measured<'a> = &'a [(&'a Contender, usize)];

macro_rules! sweep {
    ($($in_flight:literal)*) => {
        const SWEEPS: &[(&str, Measured<'static>)] = &[
            ("submit", &[$((&Contender::sweep(concat!("submit, in flight ", $in_flight), submit::<$in_flight>), $in_flight),)*]),
            ("execute from threads", &[$((&Contender::sweep(concat!("execute, in flight ", $in_flight), execute::<$in_flight>), $in_flight),)*]),
            ("libzmq, no balancer", &[$((&Contender::sweep(concat!("libzmq, in flight ", $in_flight), libzmq::<$in_flight>), $in_flight),)*]),
        ];
    };
}

sweep!(1 4 16 64 256 1024);

fn submit<const IN_FLIGHT: usize>(conditions: &Conditions) -> anyhow::Result<Sample> {
    ours::submit(Work::Echo, IN_FLIGHT, &shorter(conditions))
}

fn execute<const IN_FLIGHT: usize>(conditions: &Conditions) -> anyhow::Result<Sample> {
    ours::execute(Work::Echo, IN_FLIGHT, &shorter(conditions))
}

fn libzmq<const IN_FLIGHT: usize>(conditions: &Conditions) -> anyhow::Result<Sample> {
    floors::zmq::pipelined(Between::Ipc, Work::Echo, IN_FLIGHT, &shorter(conditions))
}

/// A picture needs less precision than a table, and there are many points.
fn shorter(conditions: &Conditions) -> Conditions {
    Conditions { window: conditions.window / 3, warm_up: conditions.warm_up / 2, ..conditions.clone() }
}

/// All that has to be measured for the picture.
pub(crate) fn contenders() -> impl Iterator<Item = &'static Contender> {
    SWEEPS.iter().flat_map(|(_, contenders)| contenders.iter().map(|(contender, _)| *contender))
}

pub(super) fn draw(file: &Path, _: &Options, results: &Results) -> anyhow::Result<()> {
    let picture = Picture {
        file,
        title: "Small echoes a second by jobs in flight",
        x_name: "jobs in flight",
        y_name: "jobs a second",
        x_text: &|in_flight| format!("{in_flight:.0}"),
        y_text: &|rate| Figure::Rate.text(*rate),
        lines: SWEEPS.iter().map(|(name, measured)| line(name, measured, results)).collect(),
    };
    let (least, greatest) = picture.heights();
    picture.draw((1.0..1024.0).log_scale().base(2.0), (least * 0.8..greatest * 1.25).log_scale())
}

fn line(name: &str, measured: Measured<'_>, results: &Results) -> Line {
    let rate = |contender| Some(results.summary(contender, Figure::Rate)?.typical);
    let points = measured
        .iter()
        .filter_map(|(contender, in_flight)| Some((*in_flight as f64, rate(contender)?)))
        .collect();
    Line { name: name.to_owned(), points }
}
