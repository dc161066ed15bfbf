//! A master in this process and its worker processes.

mod processes;
mod recycling;
mod settings;
mod workers;

use crate::birth::Native;
use crate::guard::{ErrorOut, given, guard};
use crate::kinds::powerhose_status::{self, *};
use crate::problem::Problem;
use crate::runner::powerhose_runner;
use powerhose::Cluster;
use settings::powerhose_cluster_settings;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// A master in this process and worker processes, which are started again when they die. Freed by `powerhose_cluster_free`, which ends
/// everything at once; `powerhose_cluster_close` lets jobs finish before. The workers end with this process in any case.
///
/// It catches no signal.
pub struct powerhose_cluster(Native<Mutex<Option<Cluster>>>);

/// Starts the master and the workers, and waits until all of them have registered. After an error nothing is left running.
#[unsafe(no_mangle)]
pub extern "C" fn powerhose_cluster_start(
    settings: Option<&powerhose_cluster_settings>,
    error: ErrorOut<'_>,
) -> Option<Box<powerhose_cluster>> {
    let start = || {
        let cluster = given(settings, "settings")?.start()?;
        Ok(Some(Box::new(powerhose_cluster(Native::new(Mutex::new(Some(cluster)))))))
    };
    guard(error, |_| None, start)
}

/// What runs jobs on the workers: a runner of its own, which is to be freed too.
#[unsafe(no_mangle)]
pub extern "C" fn powerhose_cluster_runner(
    cluster: Option<&powerhose_cluster>,
    error: ErrorOut<'_>,
) -> Option<Box<powerhose_runner>> {
    let runner = || {
        let runner = here(cluster, |cluster| cluster.as_ref().map(Cluster::runner))?;
        Ok(Some(Box::new(powerhose_runner::new(runner.ok_or_else(closed)?))))
    };
    guard(error, |_| None, runner)
}

/// Writes the process ids of the workers, in the order of their slots, and returns how many there are; no more than `pids_max` are
/// written.
#[unsafe(no_mangle)]
pub extern "C" fn powerhose_cluster_pids(
    cluster: Option<&powerhose_cluster>,
    pids: *mut u32,
    pids_max: usize,
) -> usize {
    let write = || {
        let found = here(cluster, |cluster| cluster.as_ref().map(Cluster::pids))?.unwrap_or_default();
        if !pids.is_null() {
            for (place, pid) in found.iter().take(pids_max).enumerate() {
                // SAFETY: C has room for `pids_max` of them.
                unsafe { pids.add(place).write(*pid) };
            }
        }
        Ok(found.len())
    };
    guard(None, |_| 0, write)
}

/// Takes no further jobs, lets those it has finish for so long, then ends the workers and the master. The cluster is still to be freed.
/// POWERHOSE_JOBS_LOST: some jobs were lost or timed out meanwhile.
#[unsafe(no_mangle)]
pub extern "C" fn powerhose_cluster_close(
    cluster: Option<&powerhose_cluster>,
    drain_timeout_ms: u64,
    error: ErrorOut<'_>,
) -> powerhose_status {
    let close = || {
        let taken = here(cluster, Option::take)?;
        taken.ok_or_else(closed)?.close(Duration::from_millis(drain_timeout_ms))?;
        Ok(POWERHOSE_OK)
    };
    guard(error, |problem| problem.status, close)
}

/// Ends everything at once, and frees the cluster. No other thread may be using it. NULL is nothing to free.
#[unsafe(no_mangle)]
pub extern "C" fn powerhose_cluster_free(cluster: Option<Box<powerhose_cluster>>) {
    guard(
        None,
        |_| (),
        || {
            drop(cluster);
            Ok(())
        },
    );
}

fn here<R>(
    cluster: Option<&powerhose_cluster>,
    read: impl FnOnce(&mut Option<Cluster>) -> R,
) -> Result<R, Problem> {
    let cluster = given(cluster, "cluster")?.0.here()?;
    Ok(read(&mut cluster.lock().unwrap_or_else(PoisonError::into_inner)))
}

fn closed() -> Problem {
    Problem::misuse("closed", "the cluster is closed")
}
