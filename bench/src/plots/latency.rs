//! Latencies of everything that has some, by percentile. The higher percentiles get as much room as the lower ones.

use super::axes::{Line, Picture};
use crate::loads::Contender;
use crate::measure::Results;
use crate::options::Options;
use crate::statistics::Latencies;
use plotters::prelude::IntoLogRange;
use std::path::Path;

/// Of the horizontal axis: 1 is the 90th percentile, 2 the 99th, 3 the 99.9th.
const NINES_MAX: f64 = 4.0;
const POINTS: u32 = 200;
/// Microseconds below which the picture shows nothing.
const LEAST: f64 = 1.0;
/// Beyond the percentile that leaves fewer latencies than this above it, the line would tell of single ones.
const ABOVE_MIN: f64 = 5.0;

pub(super) fn draw(file: &Path, options: &Options, results: &Results) -> anyhow::Result<()> {
    let picture = Picture {
        file,
        title: "Latency by percentile",
        x_name: "percentile",
        y_name: "microseconds",
        x_text: &|nines| percentile(*nines),
        y_text: &|microseconds| format!("{microseconds:.0}"),
        lines: lines(options, results),
    };
    let (least, greatest) = picture.heights();
    picture.draw(0.0..NINES_MAX, (least.max(LEAST) * 0.8..greatest * 1.25).log_scale())
}

fn lines(options: &Options, results: &Results) -> Vec<Line> {
    let line = |contender: &Contender| {
        let points = points(&results.latencies(contender)?);
        Some(Line { name: contender.name.to_owned(), points })
    };
    options.contenders().into_iter().filter_map(line).collect()
}

fn points(latencies: &Latencies) -> Vec<(f64, f64)> {
    let last = NINES_MAX.min((latencies.count() as f64 / ABOVE_MIN).log10());
    let nines = (0..=POINTS).map(|point| NINES_MAX * f64::from(point) / f64::from(POINTS));
    nines
        .take_while(|nines| *nines <= last)
        .map(|nines| (nines, (latencies.quantile(1.0 - 10f64.powf(-nines)) / 1e3).max(LEAST)))
        .collect()
}

fn percentile(nines: f64) -> String {
    let text = format!("{:.2}", 100.0 - 100.0 * 10f64.powf(-nines));
    format!("{} %", text.trim_end_matches('0').trim_end_matches('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_written_short() {
        assert_eq!([0.0, 1.0, 2.0, 3.0, 4.0].map(percentile), ["0 %", "90 %", "99 %", "99.9 %", "99.99 %"]);
    }
}
