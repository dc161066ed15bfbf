//! The asynchronous callers of a web service: tasks of a tokio runtime with a thread for each core.

use super::tally::Tally;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

/// How often the tasks' count is taken over.
const COUNT_AFTER: Duration = Duration::from_millis(1);

/// Keeps this many tasks calling until the tally is over.
pub(crate) fn keep_tasks<C, F>(in_flight: usize, tally: &Tally, call: C) -> anyhow::Result<()>
where
    C: Fn() -> F + Clone + Send + 'static,
    F: Future<Output = anyhow::Result<()>> + Send,
{
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_time().build()?;
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
