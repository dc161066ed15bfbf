//! A peer is gone. A client's jobs go with it. A worker's jobs go to others: the one that may have killed it is charged, and
//! tried again alone.
//!
//! The end of a connection is known before the exit status of its process. So where the process is our supervisor's, the
//! log's line and a job that ends with the worker wait for the status, and name it.

use super::event::Action;
use super::fleet::{Role, Worker};
use super::keys::{JobKey, PeerKey};
use super::queue::{Lane, Place};
use super::{Dispatcher, Timer};
use crate::common::{Ending, GoneCause, LostCause, Notice, Repeat, WorkerExit};
use crate::timers::TimerKey;
use powerhose_protocol::JobId;
use std::collections::{BTreeMap, HashSet};
use std::time::Duration;
use tracing::{debug, info, warn};

/// How long a job that ends with its worker waits to learn how the worker's process ended.
const EXIT_WAIT: Duration = Duration::from_millis(200);

/// Processes whose end will be told, and deaths that the log has yet to tell of.
#[derive(Default)]
pub(super) struct Deaths {
    supervised: HashSet<u32>,
    /// Supervised workers that are gone with a job, by process id, no longer than their exit status is waited for.
    untold: BTreeMap<u32, Death>,
}

/// A death that the log has yet to tell of.
#[derive(Debug)]
struct Death {
    worker: u64,
    cause: GoneCause,
    job: JobId,
    timer: TimerKey,
}

impl Death {
    fn tell(&self, pid: u32, exit: Option<WorkerExit>) {
        let Death { worker, cause, job, .. } = self;
        match exit {
            Some(exit) => warn!(worker, pid, %exit, %job, "worker gone with a job"),
            None => warn!(worker, pid, ?cause, %job, "worker gone with a job"),
        }
    }
}

impl Dispatcher {
    /// A process was started whose end will be told.
    pub(crate) fn supervise(&mut self, pid: u32) {
        self.deaths.supervised.insert(pid);
    }

    /// A supervised process ended.
    pub(crate) fn exited(&mut self, pid: u32, exit: WorkerExit) {
        self.deaths.supervised.remove(&pid);
        self.tell_of_death(pid, Some(exit));
        if let Some(key) = self.fleet.worker_of_process(pid, &self.identity.host) {
            self.gone(key, GoneCause::Exited(exit));
        }
        let waits = |place: &Place| matches!(place, Place::AwaitsExit { pid: lost, .. } if *lost == pid);
        let jobs: Vec<JobKey> =
            self.queue.iter().filter(|(_, job)| waits(&job.place)).map(|(key, _)| key).collect();
        for key in jobs {
            self.finish(key, Ending::Lost(LostCause::WorkerExit(exit)), Duration::ZERO);
        }
    }

    /// A peer is gone, and what it held goes on elsewhere or ends.
    pub(crate) fn gone(&mut self, key: PeerKey, cause: GoneCause) {
        let Some(peer) = self.fleet.remove(key) else { return };
        self.actions.push_back(Action::Gone(key));
        if let Some(suspicion) = &peer.suspicion {
            self.timers.stop(suspicion.timer);
        }
        match peer.role {
            Role::Candidate => debug!(worker = peer.number, ?cause, "gone before it registered"),
            Role::Client(client) => {
                match cause {
                    GoneCause::Goodbye => debug!(client = peer.number, "client left"),
                    _ => info!(client = peer.number, ?cause, "client gone"),
                }
                // By call, so that the order is the same in every run.
                let mut jobs: Vec<_> = client.jobs.into_entries().collect();
                jobs.sort_unstable();
                jobs.into_iter().for_each(|(_, job)| self.drop_job(job));
                self.notify(Notice::ClientGone { client: peer.number, cause });
            }
            Role::Worker(worker) => {
                match cause {
                    GoneCause::Goodbye | GoneCause::Renewed => self.stats.workers_left += 1,
                    GoneCause::Disconnected
                    | GoneCause::CutOff
                    | GoneCause::Silent
                    | GoneCause::Exited(_) => {
                        self.stats.workers_died += 1;
                    }
                }
                let job: Option<JobId> = worker.outstanding.first().map(|entry| entry.id);
                self.log_gone(peer.number, &worker, cause, job);
                let (pid, answered) = (worker.pid, worker.done + worker.failed);
                self.notify(Notice::WorkerGone { worker: peer.number, pid, cause, job, answered });
                self.give_back(&worker, cause);
            }
        }
    }

    /// Gives a dead worker's jobs back. Only the first that it had not answered can have killed it: that one is charged.
    fn give_back(&mut self, worker: &Worker, cause: GoneCause) {
        self.fleet.forget_worker(worker);
        let pid = self.is_supervised(worker).then_some(worker.pid);
        // Backwards, because each goes to the front of the queue.
        for (place, entry) in worker.outstanding.iter().enumerate().rev() {
            let Some(job) = entry.waiter.job() else { continue };
            match cause {
                GoneCause::Goodbye => self.come_back(job),
                _ if place == 0 => self.charge(job, cause, pid),
                _ => self.come_back_perhaps_begun(job),
            }
        }
        self.fleet.has_lost(worker, self.clock.moment());
    }

    /// The job that a worker was running when it died is tried again alone, or ends.
    fn charge(&mut self, key: JobKey, cause: GoneCause, supervised: Option<u32>) {
        let job = &mut self.queue[key];
        job.charged += 1;
        job.may_have_run = true;
        if job.repeat == Repeat::Allowed && job.charged < job.attempts_max {
            self.stats.redispatched += 1;
            self.wait_in_queue(key, Lane::Again);
            return;
        }
        match (cause, supervised) {
            (GoneCause::Exited(exit), _) => {
                self.finish(key, Ending::Lost(LostCause::WorkerExit(exit)), Duration::ZERO);
            }
            (_, Some(pid)) => {
                let timer = self.timers.set(self.clock.now() + EXIT_WAIT, Timer::AwaitsExit(key));
                self.queue[key].place = Place::AwaitsExit { pid, timer };
            }
            (_, None) => self.finish(key, Ending::Lost(LostCause::Worker), Duration::ZERO),
        }
    }

    /// A job that waited at a worker when it died. It may have begun: the reply to the one before it can have died with
    /// the worker.
    fn come_back_perhaps_begun(&mut self, key: JobKey) {
        self.queue[key].may_have_run = true;
        self.stats.redispatched += 1;
        self.wait_in_queue(key, Lane::Again);
    }

    fn log_gone(&mut self, number: u64, worker: &Worker, cause: GoneCause, job: Option<JobId>) {
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
    fn is_supervised(&self, worker: &Worker) -> bool {
        *worker.host == *self.identity.host && self.deaths.supervised.contains(&worker.pid)
    }

    fn await_exit(&mut self, worker: u64, pid: u32, cause: GoneCause, job: JobId) {
        // A process that lost one session and then the next is told of twice.
        self.tell_of_death(pid, None);
        let timer = self.timers.set(self.clock.now() + EXIT_WAIT, Timer::Death(pid));
        self.deaths.untold.insert(pid, Death { worker, cause, job, timer });
    }

    /// Nobody will be there to hear of exits.
    pub(super) fn tell_of_all_deaths(&mut self) {
        for (pid, death) in std::mem::take(&mut self.deaths.untold) {
            self.timers.stop(death.timer);
            death.tell(pid, None);
        }
    }

    /// The exit status is known, or was waited for long enough.
    pub(super) fn tell_of_death(&mut self, pid: u32, exit: Option<WorkerExit>) {
        if let Some(death) = self.deaths.untold.remove(&pid) {
            self.timers.stop(death.timer);
            death.tell(pid, exit);
        }
    }

    /// The exit status of a job's worker was not told in time.
    pub(super) fn exit_stays_unknown(&mut self, key: JobKey) {
        let Some(Place::AwaitsExit { .. }) = self.queue.get(key).map(|job| &job.place) else { return };
        self.finish(key, Ending::Lost(LostCause::Worker), Duration::ZERO);
    }
}
