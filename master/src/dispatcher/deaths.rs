//! A peer is gone. A client's jobs go with it. A worker's jobs go to others: the one that may have killed it is charged, and
//! tried again alone.
//!
//! The end of a connection is known before the exit status of its process. So where the process is our supervisor's, the
//! log's line and a job that ends with the worker wait for the status, and name it.

use super::job::Place;
use super::peer::{PeerKey, Role};
use super::worker::Worker;
use super::{Action, Dispatcher, Timer};
use crate::common::{Ending, GoneCause, LostCause, Notice, Repeat, WorkerExit};
use crate::timers::TimerKey;
use powerhose_protocol::JobId;
use std::time::Duration;
use tracing::{debug, info, warn};

/// How long a job that ends with its worker waits to learn how the worker's process ended.
pub(super) const EXIT_WAIT: Duration = Duration::from_millis(200);

/// Workers that are gone with a job, by process id, no longer than their exit status is waited for.
pub(super) type Deaths = std::collections::BTreeMap<u32, Death>;

/// A death that the log has yet to tell of.
#[derive(Debug)]
pub(super) struct Death {
    worker: u64,
    cause: GoneCause,
    job: JobId,
    timer: TimerKey,
}

impl Dispatcher {
    /// A supervised process ended.
    pub(crate) fn exited(&mut self, pid: u32, exit: WorkerExit) {
        self.supervised.remove(&pid);
        self.tell_of_death(pid, Some(exit));
        let ours = |worker: &super::worker::Worker| worker.pid == pid && *worker.host == *self.identity.host;
        let found = self.peers.registered().find(|(_, _, worker)| ours(worker)).map(|(key, ..)| key);
        if let Some(key) = found {
            self.gone(key, GoneCause::Exited(exit));
        }
        let waiting_for_exit: Vec<_> = self
            .jobs
            .iter()
            .filter(|(_, job)| matches!(job.place, Place::AwaitsExit { pid: lost, .. } if lost == pid))
            .map(|(key, _)| key)
            .collect();
        for key in waiting_for_exit {
            self.finish(key, Ending::Lost(LostCause::WorkerExit(exit)), Duration::ZERO);
        }
    }

    /// A peer is gone, and what it held goes on elsewhere or ends.
    pub(crate) fn gone(&mut self, key: PeerKey, cause: GoneCause) {
        let Some(peer) = self.peers.remove(key) else { return };
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
                let mut jobs: Vec<_> = client.jobs.into_iter().collect();
                jobs.sort_unstable();
                jobs.into_iter().for_each(|(_, job)| self.drop_job(job));
                self.actions.push_back(Action::Notify(Notice::ClientGone { client: peer.number, cause }));
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
                let notice = Notice::WorkerGone { worker: peer.number, pid: worker.pid, cause, job };
                self.actions.push_back(Action::Notify(notice));
                self.give_back(*worker, cause);
            }
        }
    }

    /// Gives a dead worker's jobs back. Only the first that it had not answered can have killed it: that one is charged.
    fn give_back(&mut self, worker: super::worker::Worker, cause: GoneCause) {
        for (pool, member) in &worker.memberships {
            self.pools[*pool].members.remove(*member);
        }
        let pid = self.is_supervised(&worker).then_some(worker.pid);
        for entry in &worker.outstanding {
            self.pools[entry.pool].dispatched -= 1;
        }
        // Backwards, because each goes to the front of the queue.
        for (place, entry) in worker.outstanding.iter().enumerate().rev() {
            let Some(job) = entry.waiter.job() else { continue };
            match cause {
                GoneCause::Goodbye => self.come_back(job),
                _ if place == 0 => self.charge(job, cause, pid),
                _ => self.come_back_perhaps_begun(job),
            }
        }
        for (pool, _) in &worker.memberships {
            if self.pools.get_mut(*pool).is_some() {
                self.end_rests(*pool);
                self.pool_changed(*pool);
            }
        }
    }

    /// The job that a worker was running when it died is tried again alone, or ends.
    fn charge(&mut self, key: super::job::JobKey, cause: GoneCause, supervised: Option<u32>) {
        let until = self.now + EXIT_WAIT;
        let job = &mut self.jobs[key];
        job.charged += 1;
        job.may_have_run = true;
        if job.repeat == Repeat::Allowed && job.charged < job.attempts_max {
            self.stats.redispatched += 1;
            self.wait_in_queue(key, super::job::Lane::Again);
            return;
        }
        match (cause, supervised) {
            (GoneCause::Exited(exit), _) => {
                self.finish(key, Ending::Lost(LostCause::WorkerExit(exit)), Duration::ZERO);
            }
            (_, Some(pid)) => {
                let timer = self.timers.set(until, Timer::AwaitsExit(key));
                self.jobs[key].place = Place::AwaitsExit { pid, timer };
            }
            (_, None) => self.finish(key, Ending::Lost(LostCause::Worker), Duration::ZERO),
        }
    }

    /// A job that waited at a worker when it died. It may have begun: the reply to the one before it can have died with
    /// the worker.
    fn come_back_perhaps_begun(&mut self, key: super::job::JobKey) {
        self.jobs[key].may_have_run = true;
        self.stats.redispatched += 1;
        self.wait_in_queue(key, super::job::Lane::Again);
    }

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
        let timer = self.timers.set(self.now + EXIT_WAIT, Timer::Death(pid));
        self.deaths.insert(pid, Death { worker, cause, job, timer });
    }

    /// Nobody will be there to hear of exits.
    pub(super) fn tell_of_all_deaths(&mut self) {
        while let Some(pid) = self.deaths.keys().next().copied() {
            self.tell_of_death(pid, None);
        }
    }

    /// The exit status is known, or was waited for long enough.
    pub(super) fn tell_of_death(&mut self, pid: u32, exit: Option<WorkerExit>) {
        let Some(Death { worker, cause, job, timer }) = self.deaths.remove(&pid) else { return };
        self.timers.stop(timer);
        match exit {
            Some(exit) => warn!(worker, pid, %exit, %job, "worker gone with a job"),
            None => warn!(worker, pid, ?cause, %job, "worker gone with a job"),
        }
    }
}
