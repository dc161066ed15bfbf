//! Futures on one thread, so many at once: the next one is made when one has ended.

use super::executor::Executor;
use super::tally::Tally;
use std::future::Future;
use std::time::{Duration, Instant};

/// Keeps this many in flight until the tally is over.
pub(crate) fn keep_in_flight<F>(
    in_flight: usize,
    tally: &Tally,
    mut submit: impl FnMut() -> F,
    mut check: impl FnMut(F::Output) -> anyhow::Result<()>,
) -> anyhow::Result<()>
where
    F: Future + Unpin,
{
    let mut executor = Executor::new();
    let mut vacant = in_flight;
    let mut result = Ok(());
    while result.is_ok() && !tally.is_over() {
        while vacant > 0 && result.is_ok() && !tally.is_over() {
            match executor.add(submit(), ()) {
                Some((output, ())) => result = count(tally, check(output)),
                None => vacant -= 1,
            }
        }
        if executor.is_empty() {
            continue;
        }
        executor.wait(None);
        executor.poll(|output, ()| {
            vacant += 1;
            if result.is_ok() {
                result = count(tally, check(output));
            }
        });
    }
    result
}

fn count(tally: &Tally, checked: anyhow::Result<()>) -> anyhow::Result<()> {
    tally.add(1);
    checked
}

/// Runs these jobs in their order, this many in flight, and gives the latency of each, in the same order.
pub(crate) fn in_order<J, F>(
    in_flight: usize,
    jobs: &[J],
    mut submit: impl FnMut(&J) -> F,
    mut check: impl FnMut(F::Output) -> anyhow::Result<()>,
) -> anyhow::Result<Vec<Duration>>
where
    F: Future + Unpin,
{
    let mut executor = Executor::new();
    let mut latencies = vec![Duration::ZERO; jobs.len()];
    let mut result = Ok(());
    let mut next = 0;
    let mut vacant = in_flight;
    while result.is_ok() && (next < jobs.len() || !executor.is_empty()) {
        while vacant > 0 && next < jobs.len() {
            let begin = Instant::now();
            match executor.add(submit(&jobs[next]), (next, begin)) {
                Some((output, (job, begin))) => {
                    latencies[job] = begin.elapsed();
                    check(output)?;
                }
                None => vacant -= 1,
            }
            next += 1;
        }
        if executor.is_empty() {
            continue;
        }
        executor.wait(None);
        executor.poll(|output, (job, begin)| {
            vacant += 1;
            latencies[job] = begin.elapsed();
            if result.is_ok() {
                result = check(output);
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
    fn jobs_in_order_are_all_run_once() {
        let mut ran = Vec::new();
        let latencies = in_order(
            2,
            &[1, 2, 3, 4, 5],
            |job| ready(*job),
            |output| {
                ran.push(output);
                Ok(())
            },
        );
        assert_eq!(latencies.expect("none fails").len(), 5);
        assert_eq!(ran, [1, 2, 3, 4, 5]);
    }

    #[test]
    fn a_job_that_fails_ends_the_run() {
        let ended = in_order(1, &[1, 2], |job| ready(*job), |_| anyhow::bail!("lost"));
        assert!(ended.is_err());
    }
}
