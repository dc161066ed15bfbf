//! One caller, one call at a time.

use crate::conditions::Conditions;
use crate::figure::Figure;
use crate::processes::{CpuClock, SleepCount};
use crate::sample::Sample;
use crate::statistics::Latencies;
use std::time::Instant;

/// Calls again and again, and takes the time of each call once it is warm; and what this process and those with these ids used for
/// it.
pub(crate) fn round_trips(
    conditions: &Conditions,
    processes: &[u32],
    mut call: impl FnMut() -> anyhow::Result<()>,
) -> anyhow::Result<Sample> {
    let warm = Instant::now() + conditions.warm_up;
    let end = warm + conditions.window;
    let mut latencies = Latencies::new();
    let mut before = Instant::now();
    while before < warm {
        call()?;
        before = Instant::now();
    }
    let (cpu, sleeps) = (CpuClock::start(processes)?, SleepCount::start(processes)?);
    before = Instant::now();
    while before < end {
        call()?;
        let after = Instant::now();
        latencies.record(after - before);
        before = after;
    }
    anyhow::ensure!(latencies.count() > 0, "not one call ended in {:?}", conditions.window);
    let calls = latencies.count() as f64;
    Ok(Sample::default()
        .with(Figure::CpuPerJob, cpu.elapsed()?.as_nanos() as f64 / calls)
        .with(Figure::SleepsPerJob, sleeps.elapsed()? as f64 / calls)
        .with_latencies(latencies))
}
