//! A dispatcher that costs nothing: a queue, servers that take one job at a time, and a virtual clock. Pure.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

/// Runs these jobs in their order: `in_flight` callers, each of which submits the next job when its own has ended, and
/// `servers` that take the job that has waited longest. Gives each job's latency, in the order of the jobs.
pub(crate) fn latencies(jobs: &[Duration], servers: usize, in_flight: usize) -> Vec<Duration> {
    let mut servers_free: BinaryHeap<Reverse<Duration>> =
        std::iter::repeat_n(Reverse(Duration::ZERO), servers).collect();
    let mut callers_free: BinaryHeap<Reverse<Duration>> =
        std::iter::repeat_n(Reverse(Duration::ZERO), in_flight).collect();
    let mut latencies = Vec::with_capacity(jobs.len());
    for work in jobs {
        // Jobs are submitted and begun in the same order, so one pass in that order sees every event in time.
        let (Some(Reverse(submitted)), Some(Reverse(free))) = (callers_free.pop(), servers_free.pop()) else {
            return latencies;
        };
        let ended = submitted.max(free) + *work;
        servers_free.push(Reverse(ended));
        callers_free.push(Reverse(ended));
        latencies.push(ended - submitted);
    }
    latencies
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(jobs: &[u64], servers: usize, in_flight: usize) -> Vec<u64> {
        let jobs: Vec<Duration> = jobs.iter().map(|work| Duration::from_micros(*work)).collect();
        latencies(&jobs, servers, in_flight).iter().map(|latency| latency.as_micros() as u64).collect()
    }

    #[test]
    fn a_lone_caller_waits_for_its_own_job_only() {
        assert_eq!(run(&[5, 7, 9], 2, 1), [5, 7, 9]);
    }

    #[test]
    fn jobs_beyond_the_servers_wait_for_those_before_them() {
        assert_eq!(run(&[10, 10, 10, 10], 2, 4), [10, 10, 20, 20]);
        assert_eq!(run(&[10, 10, 10], 1, 3), [10, 20, 30]);
    }

    #[test]
    fn a_long_job_holds_up_one_server_and_short_ones_pass_on_the_other() {
        // The first two callers begin at once; the third job waits for the short one, the fourth for the third.
        assert_eq!(run(&[100, 1, 1, 1], 2, 3), [100, 1, 2, 2]);
    }

    #[test]
    fn a_caller_submits_its_next_job_when_its_own_has_ended() {
        assert_eq!(run(&[4, 4, 4, 4], 1, 2), [4, 8, 8, 8]);
    }
}
