//! What the log says of a worker that is gone. If it had a job and its process is our supervisor's, one line names worker,
//! process, job and exit status together. The master knows the connection's end before the exit status, so the line waits.

use super::suspicion::MOURNING;
use super::worker::Worker;
use super::{Dispatcher, Timer};
use crate::common::{GoneCause, WorkerExit};
use crate::timers::TimerKey;
use powerhose_protocol::JobId;
use tracing::{info, warn};

/// Workers that are gone with a job, by process id, no longer than their exit status is waited for.
pub(super) type Obituaries = std::collections::BTreeMap<u32, Obituary>;

/// A death that the log has yet to tell of.
#[derive(Debug)]
pub(super) struct Obituary {
    worker: u64,
    cause: GoneCause,
    job: JobId,
    timer: TimerKey,
}

impl Dispatcher {
    pub(super) fn log_gone(&mut self, number: u64, worker: &Worker, cause: GoneCause, job: Option<JobId>) {
        let pid = worker.pid;
        match (cause, job) {
            (GoneCause::Goodbye, _) => info!(worker = number, pid, "worker left"),
            (_, None) => info!(worker = number, pid, ?cause, "worker gone"),
            (GoneCause::Exited(exit), Some(job)) => {
                warn!(worker = number, pid, %exit, %job, "worker gone with a job");
            }
            (
                GoneCause::Renewed | GoneCause::Disconnected | GoneCause::CutOff | GoneCause::Silent,
                Some(job),
            ) => {
                if self.is_supervised(worker) {
                    self.await_exit(number, pid, cause, job);
                } else {
                    warn!(worker = number, pid, ?cause, %job, "worker gone with a job");
                }
            }
        }
    }

    /// Whether this host's supervisor will tell how its process ended.
    pub(super) fn is_supervised(&self, worker: &Worker) -> bool {
        *worker.host == *self.identity.host && self.supervised.contains(&worker.pid)
    }

    fn await_exit(&mut self, worker: u64, pid: u32, cause: GoneCause, job: JobId) {
        // A process that lost one session and then the next is told of twice.
        self.tell_of_death(pid, None);
        let timer = self.timers.set(self.now + MOURNING, Timer::Obituary(pid));
        self.obituaries.insert(pid, Obituary { worker, cause, job, timer });
    }

    /// Nobody will be there to hear of exits.
    pub(super) fn tell_of_all_deaths(&mut self) {
        while let Some(pid) = self.obituaries.keys().next().copied() {
            self.tell_of_death(pid, None);
        }
    }

    /// The exit status is known, or was waited for long enough.
    pub(super) fn tell_of_death(&mut self, pid: u32, exit: Option<WorkerExit>) {
        let Some(Obituary { worker, cause, job, timer }) = self.obituaries.remove(&pid) else { return };
        self.timers.stop(timer);
        match exit {
            Some(exit) => warn!(worker, pid, %exit, %job, "worker gone with a job"),
            None => warn!(worker, pid, ?cause, %job, "worker gone with a job"),
        }
    }
}
