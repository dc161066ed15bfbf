//! One caller, one call at a time.

use crate::conditions::Conditions;
use crate::sample::Sample;
use crate::statistics::Latencies;
use std::time::Instant;

/// Calls again and again, and takes the time of each call once it is warm.
pub(crate) fn round_trips(
    conditions: &Conditions,
    mut call: impl FnMut() -> anyhow::Result<()>,
) -> anyhow::Result<Sample> {
    let warm = Instant::now() + conditions.warm_up;
    let end = warm + conditions.window;
    let mut latencies = Latencies::new();
    let mut before = Instant::now();
    while before < end {
        call()?;
        let after = Instant::now();
        if before >= warm {
            latencies.record(after - before);
        }
        before = after;
    }
    anyhow::ensure!(latencies.count() > 0, "not one call ended in {:?}", conditions.window);
    Ok(Sample::default().with_latencies(latencies))
}
