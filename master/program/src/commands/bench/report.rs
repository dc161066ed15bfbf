//! What the measurements mean: whether a master pays for this function.

use super::measure::{Measured, Times};
use crate::table::table;
use std::time::Duration;

/// A table, and the answer to the question.
pub(super) fn text(measured: &Measured, workers: usize, in_flight: u32) -> String {
    let direct_per_second = per_second(measured.direct.mean());
    let alone_per_second = per_second(measured.alone.mean());
    let together = format!("through a master, {in_flight} in flight, workers: {workers}");
    let rows = [
        row("called directly, one thread", &measured.direct, direct_per_second),
        row("through a master, one at a time", &measured.alone, alone_per_second),
        row(&together, &measured.together, measured.together_per_second),
    ];
    let head = ["", "p50", "p99", "jobs/s"];
    format!("{}\n\n{}", table(&head, &rows), answer(measured, workers, direct_per_second))
}

fn row(name: &str, times: &Times, per_second: f64) -> Vec<String> {
    vec![
        name.to_owned(),
        time(times.percentile(50.0)),
        time(times.percentile(99.0)),
        format!("{per_second:.0}"),
    ]
}

fn answer(measured: &Measured, workers: usize, direct_per_second: f64) -> String {
    let way = measured.alone.percentile(50.0).saturating_sub(measured.direct.percentile(50.0));
    let gain = measured.together_per_second / direct_per_second.max(f64::MIN_POSITIVE);
    let mut lines = vec![format!(
        "The way through the master takes a lone job {}; many at once cost this process {} of a core each.",
        time(way),
        time(measured.cpu_per_job)
    )];
    lines.push(format!(
        "Throughput: {gain:.2} times that of one thread that calls it directly, where {workers} would be the most."
    ));
    lines.push(match break_even(measured, workers) {
        Some(length) => format!(
            "With {workers} workers more is done than in one thread for jobs from {} on.",
            time(length)
        ),
        None => "One worker does no more than one thread: its gain is that the caller's thread stays free."
            .to_owned(),
    });
    lines.push(format!(
        "A thread that must stay free (an event loop) gains for jobs from {} on; these take {}.",
        time(measured.cpu_per_job),
        time(measured.direct.percentile(50.0))
    ));
    lines.join("\n")
}

/// From which length on all workers together do more than one thread. What a job costs a worker beyond its run is what
/// was measured with all of them busy; a job of length L is done L / (L + cost) × workers times as often.
fn break_even(measured: &Measured, workers: usize) -> Option<Duration> {
    if workers < 2 {
        return None;
    }
    let share = workers as f64 / measured.together_per_second.max(f64::MIN_POSITIVE);
    let cost = (share - measured.direct.mean().as_secs_f64()).max(0.0);
    Some(Duration::from_secs_f64(cost / (workers - 1) as f64))
}

fn per_second(time: Duration) -> f64 {
    1.0 / time.as_secs_f64().max(1e-9)
}

/// Three digits are what such a measurement is worth.
fn time(duration: Duration) -> String {
    let micros = duration.as_secs_f64() * 1e6;
    match micros {
        _ if micros < 1000.0 => format!("{micros:.0} µs"),
        _ if micros < 1e6 => format!("{:.2} ms", micros / 1e3),
        _ => format!("{:.2} s", micros / 1e6),
    }
}
