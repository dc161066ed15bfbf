//! The asynchronous callers of a web service: tasks of a tokio runtime with a thread for each core, or the one task of a
//! runtime that has one thread.

use super::lone::round_trips;
use super::tally::Tally;
use crate::conditions::Conditions;
use crate::sample::Sample;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

/// How often the tasks' count is taken over.
const COUNT_AFTER: Duration = Duration::from_millis(1);

/// One call at a time, awaited on a runtime with one thread.
pub(crate) fn awaited_round_trips<F>(
    conditions: &Conditions,
    processes: &[u32],
    mut call: impl FnMut() -> F,
) -> anyhow::Result<Sample>
where
    F: Future<Output = anyhow::Result<()>>,
{
    // With sockets and timers, as every service has them: its thread sleeps on them.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    round_trips(conditions, processes, || runtime.block_on(call()))
}

/// Keeps this many tasks calling until the tally is over. What they run on threads for blocking work has as many threads
/// as there are workers.
pub(crate) fn keep_tasks<C, F>(
    in_flight: usize,
    conditions: &Conditions,
    tally: &Tally,
    call: C,
) -> anyhow::Result<()>
where
    C: Fn() -> F + Clone + Send + 'static,
    F: Future<Output = anyhow::Result<()>> + Send,
{
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_time()
        .max_blocking_threads(conditions.workers)
        .build()?;
    let (over, jobs) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let tasks: Vec<_> = (0..in_flight)
        .map(|_| {
            let (call, over, jobs) = (call.clone(), over.clone(), jobs.clone());
            runtime.spawn(async move {
                while !over.load(Ordering::Relaxed) {
                    call().await?;
                    jobs.fetch_add(1, Ordering::Relaxed);
                }
                anyhow::Ok(())
            })
        })
        .collect();
    runtime.block_on(async {
        while !tally.is_over() && !tasks.iter().any(|task| task.is_finished()) {
            tokio::time::sleep(COUNT_AFTER).await;
            tally.add(jobs.swap(0, Ordering::Relaxed));
        }
        over.store(true, Ordering::Relaxed);
        for task in tasks {
            task.await??;
        }
        Ok(())
    })
}
