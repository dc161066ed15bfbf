//! Counts what callers get done in a window of time, while they go on before and after it.

use crate::conditions::Conditions;
use crate::figure::Figure;
use crate::processes::{CpuClock, SleepCount};
use crate::sample::Sample;
use crate::statistics::Latencies;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Instant;

/// A caller on a thread of its own. It calls until its tally is over; it may bring latencies.
pub(crate) type Lane<'a> = Box<dyn FnOnce(&Tally) -> anyhow::Result<Option<Latencies>> + Send + 'a>;

/// One caller's count. Alone on its cache line, so that callers do not slow each other down by counting.
#[repr(align(128))]
#[derive(Default)]
pub(crate) struct Tally {
    jobs: AtomicU64,
    over: AtomicBool,
}

impl Tally {
    /// So many jobs have ended.
    pub(crate) fn add(&self, jobs: u64) {
        // Only its own caller writes it.
        self.jobs.store(self.jobs.load(Ordering::Relaxed) + jobs, Ordering::Relaxed);
    }

    /// Whether it is time to stop.
    pub(crate) fn is_over(&self) -> bool {
        self.over.load(Ordering::Relaxed)
    }
}

/// Lets all lanes run at once, and counts their jobs in the window after the warm-up; and how much processor time this process
/// and the other processes with these ids used for each job, and how often their threads slept.
pub(crate) fn throughput(
    conditions: &Conditions,
    processes: &[u32],
    lanes: Vec<Lane<'_>>,
) -> anyhow::Result<Sample> {
    let tallies: Vec<Tally> = lanes.iter().map(|_| Tally::default()).collect();
    let jobs = || tallies.iter().map(|tally| tally.jobs.load(Ordering::Relaxed)).sum::<u64>();
    thread::scope(|scope| {
        let running: Vec<_> =
            lanes.into_iter().zip(&tallies).map(|(lane, tally)| scope.spawn(|| lane(tally))).collect();
        thread::sleep(conditions.warm_up);
        let sleeps = SleepCount::start(processes);
        let (clock, begin, jobs_before) = (CpuClock::start(processes), Instant::now(), jobs());
        thread::sleep(conditions.window);
        let (seconds, done) = (begin.elapsed().as_secs_f64(), (jobs() - jobs_before) as f64);
        let cpu = clock.and_then(|clock| clock.elapsed());
        let sleeps = sleeps.and_then(|count| count.elapsed());
        tallies.iter().for_each(|tally| tally.over.store(true, Ordering::Relaxed));
        let mut pooled: Option<Latencies> = None;
        for lane in running {
            let latencies = lane.join().map_err(|_| anyhow::anyhow!("a caller panicked"))??;
            if let Some(latencies) = latencies {
                pooled.get_or_insert_with(Latencies::new).add(&latencies);
            }
        }
        anyhow::ensure!(done > 0.0, "not one job ended in {:?}", conditions.window);
        let sample = Sample::default()
            .with(Figure::Rate, done / seconds)
            .with(Figure::CpuPerJob, cpu?.as_nanos() as f64 / done)
            .with(Figure::SleepsPerJob, sleeps? as f64 / done);
        Ok(match pooled {
            Some(latencies) => sample.with_latencies(latencies),
            None => sample,
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn conditions() -> Conditions {
        Conditions {
            warm_up: Duration::from_millis(1),
            window: Duration::from_millis(20),
            ..Conditions::default()
        }
    }

    fn counting<'a>() -> Lane<'a> {
        Box::new(|tally| {
            while !tally.is_over() {
                tally.add(1);
            }
            Ok(None)
        })
    }

    #[test]
    fn lanes_run_until_the_window_is_over() {
        let sample = throughput(&conditions(), &[], vec![counting(), counting()]).expect("no lane fails");
        assert!(sample.figure(Figure::Rate).is_some_and(|rate| rate > 0.0));
        assert!(sample.figure(Figure::CpuPerJob).is_some_and(|cpu| cpu > 0.0));
    }

    #[test]
    fn a_lane_that_fails_fails_the_measurement() {
        let failing: Lane<'_> = Box::new(|_| anyhow::bail!("no reply"));
        let error = throughput(&conditions(), &[], vec![counting(), failing]).err();
        assert_eq!(error.map(|error| error.to_string()).as_deref(), Some("no reply"));
    }
}
