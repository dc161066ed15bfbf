//! How many jobs of a batch are under way at once: a few for each worker that there is, more where they are short, so that no worker
//! waits for the next, and none waits long at the master.

use crate::common::{WorkerInfo, WorkerState};
use crate::runner::face::job_runner::JobRunner;
use crate::wires::clock;
use crossbeam_channel::Receiver;
use std::time::{Duration, Instant};

/// For each worker: what it runs, and what it takes next.
const PER_WORKER: usize = 4;
/// The same where a run is shorter than a millisecond: as many as go together in messages.
const PER_WORKER_SHORT: usize = 128;
const SHORT: Duration = Duration::from_millis(1);
/// As long as nobody knows how many workers there are.
const UNKNOWN: usize = 16;
/// How often to ask for that.
const ASK_AFTER: Duration = Duration::from_secs(2);

#[derive(Debug)]
pub(super) struct Window {
    workers: Option<usize>,
    asked: Option<Receiver<Vec<WorkerInfo>>>,
    ask_at: Instant,
    /// How long runs have taken lately, on average.
    run: Option<Duration>,
}

impl Window {
    pub(super) fn new() -> Window {
        Window { workers: None, asked: None, ask_at: clock::now(), run: None }
    }

    /// A job has run so long.
    pub(super) fn ran(&mut self, run: Duration) {
        self.run = Some(self.run.map_or(run, |mean| (mean * 7 + run) / 8));
    }

    /// How many jobs should be under way now. Never waits.
    pub(super) fn size(&mut self, runner: &JobRunner) -> usize {
        self.look(runner);
        let per_worker = if self.run.is_some_and(|run| run < SHORT) { PER_WORKER_SHORT } else { PER_WORKER };
        // Without a worker one job waits for the first.
        self.workers.map_or(UNKNOWN, |workers| workers.max(1) * per_worker)
    }

    fn look(&mut self, runner: &JobRunner) {
        if let Some(workers) = self.asked.as_ref().and_then(|asked| asked.try_recv().ok()) {
            self.workers = Some(workers.iter().filter(|worker| worker.state != WorkerState::Quiet).count());
            self.asked = None;
        }
        let now = clock::now();
        if self.ask_at <= now {
            self.ask_at = now + ASK_AFTER;
            self.asked = runner.ask_workers().ok();
        }
    }
}
