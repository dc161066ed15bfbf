//! What must always hold between the parts. Tests and simulations ask after every step.

use super::Dispatcher;
use super::fleet::{Role, Waiter};
use super::queue::{Job, Place};

impl Dispatcher {
    /// Panics, naming what is broken, unless everything that refers to something else refers to what is there.
    pub(crate) fn check_invariants(&self) {
        self.check_counts();
        self.check_jobs();
        self.check_workers();
    }

    fn check_counts(&self) {
        let waiting: usize = self.fleet.pools().map(|(key, _)| self.queue.waiting_in(key)).sum();
        assert_eq!(waiting, self.queue.waiting(), "the count of waiting jobs");
        let placed = |job: &&Job| matches!(job.place, Place::Waiting { .. });
        let bytes: usize = self.queue.iter().map(|(_, job)| job).filter(placed).map(Job::byte_count).sum();
        assert_eq!(bytes, self.queue.waiting_bytes(), "the count of waiting bytes");
        let dispatched: usize = self.fleet.pools().map(|(_, pool)| pool.dispatched).sum();
        let outstanding: usize = self.fleet.registered().map(|(_, _, worker)| worker.outstanding.len()).sum();
        assert_eq!(dispatched, outstanding, "the count of dispatched jobs");
        for (_, pool) in self.fleet.pools() {
            let jobs = |key| self.fleet.worker(key).map_or(0, |worker| worker.outstanding.len());
            let stocked = pool.members.workers().filter(|worker| jobs(*worker) > 1).count();
            assert_eq!(stocked, pool.members.stocked(), "the count of workers of {} with a stock", pool.name);
        }
        // Jobs that come back were accepted long ago: they are kept beyond the bound.
        let new = self.queue.iter().map(|(_, job)| job).filter(placed).filter(|job| job.attempt == 0).count();
        assert!(new <= self.settings.queue_jobs_max, "the bound of waiting jobs");
    }

    fn check_jobs(&self) {
        for (key, job) in self.queue.iter() {
            let client = self.fleet.get(job.client).expect("the client of a job is there");
            let Role::Client(client) = &client.role else { panic!("only clients have jobs") };
            assert_eq!(client.jobs.get(job.id.call()), Some(&key), "the client knows its job {}", job.id);
            assert!(job.charged <= job.attempts_max, "the charges of {}", job.id);
            let Place::Dispatched { worker } = job.place else { continue };
            let worker = self.fleet.worker(worker).expect("a worker has the job");
            let place = worker.find(job.id, u64::from(job.attempt)).expect("the worker knows of the job");
            assert_eq!(worker.outstanding[place].waiter.job(), Some(key), "the worker knows who waits");
        }
    }

    fn check_workers(&self) {
        for (key, peer, worker) in self.fleet.registered() {
            let bytes: usize = worker.outstanding.iter().map(|entry| entry.bytes).sum();
            assert_eq!(bytes, worker.outstanding_bytes, "the bytes at worker {}", peer.number);
            for entry in &worker.outstanding {
                if let Waiter::Caller(job) | Waiter::Recalled(job) = entry.waiter {
                    let job = self.queue.get(job).expect("a job that somebody waits for is there");
                    assert!(
                        matches!(job.place, Place::Dispatched { worker } if worker == key),
                        "where {} is",
                        job.id
                    );
                }
            }
            assert!(worker.batch.is_empty(), "a batch is sent in the turn that made it");
        }
    }
}
