//! A connection that may be gone.
//!
//! Our own wire sees the end of a connection in its place, after the last message. libzmq only hints at it, at once but
//! roughly, and for a moment messages to a dead peer still seem to go out. So a suspect gets no new job and is probed until
//! a probe fails (gone) or all of them went out (alive; heartbeats watch over it as over everybody).

use super::job::Place;
use super::peer::{PeerKey, Role, Suspicion};
use super::{Action, Dispatcher, Timer};
use crate::common::{Ending, GoneCause, LostCause, Notice, Repeat, WorkerExit};
use powerhose_protocol::JobId;
use std::time::Duration;
use tracing::{debug, info};

/// When probes go out, counted from the one before. The first goes out at the hint itself.
const PROBES_AFTER: [Duration; 5] = [
    Duration::from_millis(1),
    Duration::from_millis(1),
    Duration::from_millis(3),
    Duration::from_millis(5),
    Duration::from_millis(40),
];
/// How long a job that ends with its worker waits to learn how the worker's process ended.
pub(super) const MOURNING: Duration = Duration::from_millis(200);

impl Dispatcher {
    /// A hint that the connection ended.
    pub(crate) fn suspect(&mut self, key: PeerKey) {
        if self.peers.get(key).is_none() {
            return;
        }
        if let Some(suspicion) = self.peers[key].suspicion.take() {
            self.timers.stop(suspicion.timer);
        }
        debug!(peer = self.peers[key].number, "its connection may be gone");
        self.actions.push_back(Action::Ask(key));
        let timer = self.timers.set(self.now + PROBES_AFTER[0], Timer::Probe(key));
        self.peers[key].suspicion = Some(Suspicion { probes: 1, timer });
        self.relist(key);
    }

    /// Probes once more, or lets the suspicion go.
    pub(super) fn probe(&mut self, key: PeerKey) {
        let Some(probes) = self.peers.get(key).and_then(|peer| peer.suspicion.as_ref()).map(|s| s.probes)
        else {
            return;
        };
        self.actions.push_back(Action::Ask(key));
        match PROBES_AFTER.get(probes) {
            Some(after) => {
                let timer = self.timers.set(self.now + *after, Timer::Probe(key));
                self.peers[key].suspicion = Some(Suspicion { probes: probes + 1, timer });
            }
            None => self.trust(key),
        }
    }

    /// A peer has answered all but so many of the last [`Action::Ask`]s. It clears the peer if one of its probes was among
    /// the answered.
    pub(crate) fn answered(&mut self, key: PeerKey, unanswered: u64) {
        let suspicion = self.peers.get(key).and_then(|peer| peer.suspicion.as_ref());
        if suspicion.is_some_and(|suspicion| suspicion.probes as u64 > unanswered) {
            self.trust(key);
        }
    }

    fn trust(&mut self, key: PeerKey) {
        if let Some(suspicion) = self.peers[key].suspicion.take() {
            self.timers.stop(suspicion.timer);
            self.relist(key);
        }
    }

    /// A supervised process ended.
    pub(crate) fn exited(&mut self, pid: u32, exit: WorkerExit) {
        self.supervised.remove(&pid);
        self.tell_of_death(pid, Some(exit));
        let ours = |worker: &super::worker::Worker| worker.pid == pid && *worker.host == *self.identity.host;
        let found = self.peers.registered().find(|(_, _, worker)| ours(worker)).map(|(key, ..)| key);
        if let Some(key) = found {
            self.gone(key, GoneCause::Exited(exit));
        }
        let mourning: Vec<_> = self
            .jobs
            .iter()
            .filter(|(_, job)| matches!(job.place, Place::Mourning { pid: lost, .. } if lost == pid))
            .map(|(key, _)| key)
            .collect();
        for key in mourning {
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
                self.bury(*worker, cause);
            }
        }
    }

    /// Gives a dead worker's jobs back. Only the first that it had not answered can have killed it: that one is charged.
    fn bury(&mut self, worker: super::worker::Worker, cause: GoneCause) {
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
                _ => self.come_back_from_the_dead(job),
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
        let until = self.now + MOURNING;
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
                let timer = self.timers.set(until, Timer::Mourning(key));
                self.jobs[key].place = Place::Mourning { pid, timer };
            }
            (_, None) => self.finish(key, Ending::Lost(LostCause::Worker), Duration::ZERO),
        }
    }

    /// A job that waited at a worker when it died. It may have begun: the reply to the one before it can have died with
    /// the worker.
    fn come_back_from_the_dead(&mut self, key: super::job::JobKey) {
        self.jobs[key].may_have_run = true;
        self.stats.redispatched += 1;
        self.wait_in_queue(key, super::job::Lane::Again);
    }
}
