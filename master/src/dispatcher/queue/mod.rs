//! The jobs that have not ended, and the lines in which they wait.
//!
//! A job is in the queue from its acceptance to its end, wherever it is; it stands in a line only while it waits for a
//! worker. The bounds of what waits are kept here.

mod job;
mod waiting;

pub(crate) use job::{Job, Lane, LastDispatch, Place};

use super::clock::Moment;
use super::keys::{JobKey, PeerKey, PoolKey};
use crate::common::{Rejection, Settings};
use slotmap::{SecondaryMap, SlotMap};
use waiting::Waiting;

/// All jobs, and the line of each pool.
#[derive(Default)]
pub(super) struct Queue {
    jobs: SlotMap<JobKey, Job>,
    lines: SecondaryMap<PoolKey, Waiting>,
    waiting: usize,
    waiting_bytes: usize,
}

impl Queue {
    /// How many jobs there are.
    pub(super) fn len(&self) -> usize {
        self.jobs.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.jobs.is_empty()
    }

    /// How many of them wait for a worker.
    pub(super) fn waiting(&self) -> usize {
        self.waiting
    }

    /// Bytes of payloads and headers of those that wait.
    pub(super) fn waiting_bytes(&self) -> usize {
        self.waiting_bytes
    }

    pub(super) fn get(&self, key: JobKey) -> Option<&Job> {
        self.jobs.get(key)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (JobKey, &Job)> {
        self.jobs.iter()
    }

    /// Whether a new job of so many bytes may wait.
    ///
    /// # Errors
    /// Which bound it would exceed.
    pub(super) fn check_room(&self, bytes: usize, settings: &Settings) -> Result<(), Rejection> {
        if self.waiting >= settings.queue_jobs_max {
            return Err(Rejection::QueueFull { jobs_max: settings.queue_jobs_max as u64 });
        }
        // A single job may be larger than the whole bound of waiting bytes, as long as it waits alone.
        if self.waiting > 0 && self.waiting_bytes + bytes > settings.queue_bytes_max {
            return Err(Rejection::QueueBytesFull { bytes_max: settings.queue_bytes_max as u64 });
        }
        Ok(())
    }

    /// A new job, which is told its key. It stands in no line yet.
    pub(super) fn insert(&mut self, job: impl FnOnce(JobKey) -> Job) -> JobKey {
        self.jobs.insert_with_key(job)
    }

    /// A job ends. One that waits must have left its line.
    pub(super) fn remove(&mut self, key: JobKey) -> Job {
        self.jobs.remove(key).expect("a job ends once")
    }

    /// Puts a job into its pool's line.
    pub(super) fn wait(&mut self, key: JobKey, lane: Lane) {
        let job = &self.jobs[key];
        self.waiting += 1;
        self.waiting_bytes += job.byte_count();
        let line = self.lines.entry(job.pool).expect("its pool is there").or_default();
        match lane {
            Lane::Client => line.push(&mut self.jobs, key),
            Lane::Again => line.push_again(&mut self.jobs, key),
        }
    }

    /// Takes a waiting job out of its pool's line, wherever it stands.
    pub(super) fn leave(&mut self, key: JobKey) {
        let job = &self.jobs[key];
        self.waiting -= 1;
        self.waiting_bytes -= job.byte_count();
        self.lines[job.pool].remove(&mut self.jobs, key);
    }

    /// The job of a pool that is next in turn.
    pub(super) fn next_of(&self, pool: PoolKey) -> Option<JobKey> {
        self.lines.get(pool)?.first()
    }

    /// Takes out the job of a pool that is next in turn.
    ///
    /// # Panics
    /// If none waits.
    pub(super) fn pop(&mut self, pool: PoolKey) -> JobKey {
        let key = self.lines[pool].pop(&mut self.jobs).expect("somebody saw that one waits");
        self.waiting -= 1;
        self.waiting_bytes -= self.jobs[key].byte_count();
        key
    }

    /// How many jobs of a pool wait.
    pub(super) fn waiting_in(&self, pool: PoolKey) -> usize {
        self.lines.get(pool).map_or(0, Waiting::len)
    }

    /// How many jobs of a pool would go before another one of this client.
    pub(super) fn ahead_of(&self, pool: PoolKey, client: PeerKey) -> usize {
        self.lines.get(pool).map_or(0, |line| line.ahead_of(client))
    }

    /// The last job of a pool of the client whose turn comes last, and how many go before it.
    pub(super) fn last_of(&self, pool: PoolKey) -> Option<(JobKey, usize)> {
        self.lines.get(pool)?.last()
    }

    /// When the job of a pool that has waited longest was accepted. Looks at every client and every job that came back.
    pub(super) fn oldest_in(&self, pool: PoolKey) -> Option<Moment> {
        self.lines.get(pool)?.oldest(&self.jobs)
    }
}

impl std::ops::Index<JobKey> for Queue {
    type Output = Job;

    fn index(&self, key: JobKey) -> &Job {
        &self.jobs[key]
    }
}

impl std::ops::IndexMut<JobKey> for Queue {
    fn index_mut(&mut self, key: JobKey) -> &mut Job {
        &mut self.jobs[key]
    }
}
