//! Short jobs among long ones: how long the short ones wait, beside a dispatcher that costs nothing on the same sequence.

use super::start;
use crate::callers::in_order;
use crate::conditions::Conditions;
use crate::floors;
use crate::sample::Sample;
use crate::work::{Work, spin_payload};
use powerhose::{JobError, Reply};
use powerhose_harness::Draws;
use std::time::Duration;

const SHORT: Duration = Duration::from_micros(50);
const LONG: Duration = Duration::from_millis(20);
const IN_FLIGHT: usize = 16;
/// Of the jobs of a run, the first that do not count: connections, caches and queues fill.
const WARM_UP_SHARE: usize = 10;

/// The jobs of a repeat: in order, how long each computes. This many of a thousand are long, on the average.
fn sequence(long_per_mille: u64, conditions: &Conditions) -> Vec<Duration> {
    let mut random = Draws::new(0x706f_7765_7268_6f73 ^ conditions.repeat);
    let long_share = long_per_mille as f64 / 1000.0;
    let mean = SHORT.mul_f64(1.0 - long_share) + LONG.mul_f64(long_share);
    let seconds = (conditions.window + conditions.warm_up).as_secs_f64();
    let jobs = (seconds * conditions.workers as f64 / mean.as_secs_f64()) as usize;
    let draw = |_| if random.below(1000) < long_per_mille { LONG } else { SHORT };
    (0..jobs.max(IN_FLIGHT)).map(draw).collect()
}

/// Ours.
pub(crate) fn mixed(long_per_mille: u64, conditions: &Conditions) -> anyhow::Result<Sample> {
    let jobs = sequence(long_per_mille, conditions);
    let cluster = start(Work::Spin, conditions.workers)?;
    let runner = cluster.runner();
    let payloads: Vec<Vec<u8>> = jobs.iter().map(|work| spin_payload(*work)).collect();
    let check = |reply: Result<Reply, JobError>| reply.map(drop).map_err(anyhow::Error::from);
    let latencies = in_order(IN_FLIGHT, &payloads, |payload| runner.submit(payload), check)?;
    Ok(short_ones(&jobs, &latencies))
}

/// A queue and servers that cost nothing, one job a server at a time.
pub(crate) fn fifo(long_per_mille: u64, conditions: &Conditions) -> Sample {
    let jobs = sequence(long_per_mille, conditions);
    short_ones(&jobs, &floors::fifo::latencies(&jobs, conditions.workers, IN_FLIGHT))
}

fn short_ones(jobs: &[Duration], latencies: &[Duration]) -> Sample {
    let counted = jobs.iter().zip(latencies).skip(jobs.len() / WARM_UP_SHARE);
    let short = counted.filter(|(work, _)| **work == SHORT).map(|(_, latency)| *latency);
    Sample::default().with_latencies(short.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repeat_has_the_same_sequence_for_everybody_and_another_one_than_the_next() {
        let first = Conditions { repeat: 0, ..Conditions::default() };
        let second = Conditions { repeat: 1, ..Conditions::default() };
        assert_eq!(sequence(50, &first), sequence(50, &first));
        assert_ne!(sequence(50, &first), sequence(50, &second));
    }

    #[test]
    fn about_as_many_jobs_are_long_as_asked() {
        let jobs = sequence(50, &Conditions { window: Duration::from_secs(60), ..Conditions::default() });
        let long = jobs.iter().filter(|work| **work == LONG).count();
        let share = long as f64 / jobs.len() as f64;
        assert!((0.045..0.055).contains(&share), "{share}");
    }
}
