//! Calls at a fixed rate, whatever comes back. A latency counts from the instant at which the call was to be made: a
//! system that stalls cannot hide it by not being called meanwhile.

use super::executor::Executor;
use super::tally::Tally;
use crate::conditions::Conditions;
use crate::statistics::Latencies;
use std::future::Future;
use std::num::NonZero;
use std::time::{Duration, Instant};

/// When each call is to be made.
#[derive(Clone, Copy)]
pub(crate) struct Schedule {
    begin: Instant,
    per_second: f64,
}

impl Schedule {
    pub(crate) fn new(begin: Instant, per_second: f64) -> Schedule {
        Schedule { begin, per_second }
    }

    /// When the nth call is to be made, from 0.
    pub(crate) fn due(&self, call: u64) -> Instant {
        self.begin + Duration::from_secs_f64(call as f64 / self.per_second)
    }
}

/// Calls at the schedule's rate through warm-up and window; gives the latencies of those that were due in the window.
pub(crate) fn at_fixed_rate<F>(
    conditions: &Conditions,
    tally: &Tally,
    mut submit: impl FnMut() -> F,
    mut check: impl FnMut(F::Output) -> anyhow::Result<()>,
) -> anyhow::Result<Latencies>
where
    F: Future + Unpin,
{
    // A timer that is late by the usual 50 µs would be the greater part of what is measured.
    rustix::thread::set_current_timer_slack(NonZero::new(1))?;
    let schedule = Schedule::new(Instant::now(), conditions.rate);
    let (warm, end) =
        (schedule.begin + conditions.warm_up, schedule.begin + conditions.warm_up + conditions.window);
    let mut executor = Executor::new();
    let mut latencies = Latencies::new();
    let mut result = Ok(());
    let mut ended = |output, due: Instant| {
        if due >= warm {
            latencies.record(due.elapsed());
        }
        tally.add(1);
        check(output)
    };
    let mut calls = 0;
    while result.is_ok() {
        while schedule.due(calls) < end.min(Instant::now()) {
            if let Some((output, due)) = executor.add(submit(), schedule.due(calls)) {
                ended(output, due)?;
            }
            calls += 1;
        }
        let next = Some(schedule.due(calls)).filter(|next| *next < end);
        if next.is_none() && executor.is_empty() {
            break;
        }
        executor.wait(next);
        executor.poll(|output, due| {
            if result.is_ok() {
                result = ended(output, due);
            }
        });
    }
    result.map(|()| latencies)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::ready;

    #[test]
    fn every_call_that_is_due_is_made_and_those_in_the_window_are_counted() {
        let conditions = Conditions {
            warm_up: Duration::from_millis(10),
            window: Duration::from_millis(40),
            rate: 1000.0,
            ..Conditions::default()
        };
        let mut calls = 0;
        let submit = || {
            calls += 1;
            ready(())
        };
        let latencies = at_fixed_rate(&conditions, &Tally::default(), submit, |()| Ok(()));
        assert_eq!(latencies.expect("no call fails").count(), 40);
        assert_eq!(calls, 50);
    }

    #[test]
    fn calls_are_due_at_equal_intervals() {
        let begin = Instant::now();
        let schedule = Schedule::new(begin, 1000.0);
        assert_eq!(schedule.due(0), begin);
        assert_eq!(schedule.due(2500), begin + Duration::from_millis(2500));
    }
}
