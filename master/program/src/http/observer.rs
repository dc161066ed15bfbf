//! Asks the master for the page, the metrics and the probes. It never makes the master wait, and many viewers of
//! the page cost the master no more than one.

use super::history::{History, Sample};
use crate::memory::Here;
use powerhose::{Endpoint, JobRunner, Reachability, StartFailure, Stats, Supervisor, WorkerInfo};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};
use std::time::{Duration, Instant};
use tokio::task::spawn_blocking;
use tokio::time::timeout;

/// How long an answer may take before the master counts as stuck.
const ANSWER_WITHIN: Duration = Duration::from_secs(2);
/// In so many steps it is waited for: at most one of them is lost to a pause.
const STEPS: u32 = 8;
/// How old what the page shows may be: many viewers cost the master no more than one.
const VIEW_AGE_MAX: Duration = Duration::from_millis(250);

/// The master is gone, or does not answer.
#[derive(Clone, Copy, Debug)]
pub(super) struct NoAnswer;

/// What a viewer sees.
pub(super) struct View {
    pub(super) stats: Stats,
    pub(super) workers: Vec<WorkerInfo>,
    /// What those of this machine hold, by worker.
    pub(super) memory_bytes: BTreeMap<u64, u64>,
    pub(super) reachability: Reachability,
    taken: Instant,
}

/// Whether jobs can be sent.
pub(super) enum Ready {
    Yes {
        workers: usize,
    },
    /// They can, but new workers do not start.
    Degraded {
        workers: usize,
        failure: StartFailure,
    },
    TooFewWorkers {
        workers: usize,
        workers_min: usize,
    },
    Closing,
    /// Nobody new finds the master.
    Unreachable(Reachability),
}

/// The supervisor of the master's own workers, once it is there. Cheap to clone.
#[derive(Clone, Default)]
pub(super) struct Supervision(Arc<OnceLock<Weak<Supervisor>>>);

impl Supervision {
    pub(super) fn fill(&self, supervisor: &Arc<Supervisor>) {
        self.0.get_or_init(|| Arc::downgrade(supervisor));
    }

    fn failing(&self) -> Option<StartFailure> {
        self.0.get()?.upgrade()?.failing()
    }
}

/// Asks the master. Cheap to clone.
#[derive(Clone)]
pub(super) struct Observer {
    runner: JobRunner,
    supervision: Supervision,
    history: Arc<Mutex<History>>,
    workers_min: usize,
    view: Arc<Mutex<Option<Arc<View>>>>,
}

impl Observer {
    pub(super) fn new(
        runner: JobRunner,
        supervision: Supervision,
        history: Arc<Mutex<History>>,
        workers_min: usize,
    ) -> Observer {
        Observer { runner, supervision, history, workers_min, view: Arc::default() }
    }

    pub(super) fn endpoints(&self) -> &[Endpoint] {
        self.runner.endpoints()
    }

    /// The counts as they are now.
    pub(super) async fn stats(&self) -> Result<Stats, NoAnswer> {
        let runner = self.runner.clone();
        ask(move || runner.stats().map_err(|_| NoAnswer)).await
    }

    pub(super) async fn ready(&self) -> Result<Ready, NoAnswer> {
        let runner = self.runner.clone();
        let question = move || Ok((runner.stats().map_err(|_| NoAnswer)?, runner.reachability()));
        let (stats, reachability) = ask(question).await?;
        let (workers, workers_min) = (stats.workers.all() - stats.workers.quiet, self.workers_min);
        Ok(if !stats.accepting {
            Ready::Closing
        } else if reachability != Reachability::Reachable {
            Ready::Unreachable(reachability)
        } else if workers < workers_min {
            Ready::TooFewWorkers { workers, workers_min }
        } else if let Some(failure) = self.supervision.failing() {
            Ready::Degraded { workers, failure }
        } else {
            Ready::Yes { workers }
        })
    }

    /// Counts and workers as they were a moment ago.
    pub(super) async fn view(&self) -> Result<Arc<View>, NoAnswer> {
        let (runner, place) = (self.runner.clone(), self.view.clone());
        ask(move || {
            // Held while it asks: who comes in between gets the same answer.
            let mut place = place.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(view) = place.as_ref().filter(|view| view.taken.elapsed() < VIEW_AGE_MAX) {
                return Ok(view.clone());
            }
            let stats = runner.stats().map_err(|_| NoAnswer)?;
            let workers = runner.workers().map_err(|_| NoAnswer)?;
            let here = Here::now();
            let memory =
                |worker: &WorkerInfo| Some((worker.id, here.memory_bytes(&worker.host, worker.pid)?));
            let memory_bytes = workers.iter().filter_map(memory).collect();
            let (reachability, taken) = (runner.reachability(), Instant::now());
            let view = Arc::new(View { stats, workers, memory_bytes, reachability, taken });
            *place = Some(view.clone());
            Ok(view)
        })
        .await
    }

    /// The samples after this one.
    pub(super) fn samples(&self, after: u64) -> Vec<Sample> {
        self.history.lock().unwrap_or_else(PoisonError::into_inner).after(after)
    }
}

async fn ask<T: Send + 'static>(
    question: impl FnOnce() -> Result<T, NoAnswer> + Send + 'static,
) -> Result<T, NoAnswer> {
    let mut asked = spawn_blocking(question);
    // In steps: after a pause of the whole process the master has the rest of its time.
    for _ in 0..STEPS {
        if let Ok(answer) = timeout(ANSWER_WITHIN / STEPS, &mut asked).await {
            return answer.unwrap_or(Err(NoAnswer));
        }
    }
    Err(NoAnswer)
}
