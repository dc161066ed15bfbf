//! The jobs that have not ended, and the lines in which they wait.
//!
//! A job is in the queue from its acceptance to its end, wherever it is; it stands in a line only while it waits for a
//! worker. In a pool, jobs that come back go first; then the clients take turns, each in its own order. The lines are linked
//! through the jobs themselves, so that a job leaves from anywhere in one step and a waiting job costs nothing besides
//! itself. The bounds of what waits are kept here.

mod ahead;
mod job;

pub(crate) use job::{Job, Lane, LastDispatch, Place};

use super::keys::{JobKey, PeerKey, PoolKey};
use crate::common::{Rejection, Settings};
use crate::maps::Map;
use slotmap::{SecondaryMap, SlotMap, new_key_type};
use std::collections::VecDeque;

new_key_type! {
    /// Names the line of a client in a pool.
    struct LineKey;
}

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

    /// Puts a job into the line of its pool, and tells which that is.
    pub(super) fn wait(&mut self, key: JobKey, lane: Lane) -> PoolKey {
        let job = &self.jobs[key];
        let pool = job.pool;
        self.waiting += 1;
        self.waiting_bytes += job.byte_count();
        if !self.lines.contains_key(pool) {
            self.lines.insert(pool, Waiting::default());
        }
        let line = &mut self.lines[pool];
        match lane {
            Lane::Client => line.push(&mut self.jobs, key),
            Lane::Again => line.push_again(&mut self.jobs, key),
        }
        pool
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

    /// Takes out the job of a pool that [is next in turn](Queue::next_of); tells how many of the pool wait behind it.
    pub(super) fn pop(&mut self, pool: PoolKey, key: JobKey) -> usize {
        let line = &mut self.lines[pool];
        line.pop(&mut self.jobs, key);
        self.waiting -= 1;
        self.waiting_bytes -= self.jobs[key].byte_count();
        line.count
    }

    /// How many jobs of a pool wait.
    pub(super) fn waiting_in(&self, pool: PoolKey) -> usize {
        self.lines.get(pool).map_or(0, |line| line.count)
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

/// The waiting jobs of one pool.
#[derive(Default)]
struct Waiting {
    again: Line,
    lines: SlotMap<LineKey, ClientLine>,
    /// The line of each client that has one.
    clients: Map<PeerKey, LineKey>,
    /// The lines of clients, the next one first. None is empty, unless there is no other: a client that is alone keeps its
    /// line from one job to the next.
    turns: VecDeque<LineKey>,
    count: usize,
}

/// The line of one client.
struct ClientLine {
    client: PeerKey,
    line: Line,
}

#[derive(Default, Clone, Copy)]
struct Line {
    head: Option<JobKey>,
    tail: Option<JobKey>,
    count: usize,
}

impl Waiting {
    /// The job that is next in turn.
    fn first(&self) -> Option<JobKey> {
        self.again.head.or_else(|| self.lines[*self.turns.front()?].line.head)
    }

    /// Puts a job at the end of its client's line.
    fn push(&mut self, jobs: &mut SlotMap<JobKey, Job>, key: JobKey) {
        let job = &mut jobs[key];
        let line = &mut self.line_of(job.client).line;
        job.place = Place::Waiting { lane: Lane::Client, previous: line.tail, next: None };
        match line.tail.replace(key) {
            Some(tail) => *next_of(jobs, tail) = Some(key),
            None => line.head = Some(key),
        }
        line.count += 1;
        self.count += 1;
    }

    /// The line of a client, which is made if it has none.
    fn line_of(&mut self, client: PeerKey) -> &mut ClientLine {
        let key = match self.turns.front() {
            Some(first) if self.lines[*first].client == client => *first,
            _ => self.find_or_begin_line(client),
        };
        &mut self.lines[key]
    }

    fn find_or_begin_line(&mut self, client: PeerKey) -> LineKey {
        if let Some(key) = self.clients.get(&client) {
            return *key;
        }
        // A line that stands alone may be empty.
        if let Some(first) = self.turns.front().map(|first| &self.lines[*first])
            && first.line.head.is_none()
        {
            self.end_line(first.client);
        }
        let key = self.lines.insert(ClientLine { client, line: Line::default() });
        self.clients.insert(client, key);
        self.turns.push_back(key);
        key
    }

    /// Puts a job that comes back before all that have never been dispatched.
    fn push_again(&mut self, jobs: &mut SlotMap<JobKey, Job>, key: JobKey) {
        jobs[key].place = Place::Waiting { lane: Lane::Again, previous: None, next: self.again.head };
        match self.again.head.replace(key) {
            Some(head) => *previous_of(jobs, head) = Some(key),
            None => self.again.tail = Some(key),
        }
        self.again.count += 1;
        self.count += 1;
    }

    /// Takes out the job that is next in turn; the next client's turn comes.
    fn pop(&mut self, jobs: &mut SlotMap<JobKey, Job>, key: JobKey) {
        let from_client = self.again.head.is_none();
        self.remove(jobs, key);
        if from_client && self.turns.len() > 1 && self.lines[self.turns[0]].client == jobs[key].client {
            self.turns.rotate_left(1);
        }
    }

    /// Takes out a job from wherever it stands.
    fn remove(&mut self, jobs: &mut SlotMap<JobKey, Job>, key: JobKey) {
        let (client, Place::Waiting { lane, previous, next }) = (jobs[key].client, &jobs[key].place) else {
            unreachable!("only a waiting job leaves the queue");
        };
        let (lane, previous, next) = (*lane, *previous, *next);
        let line = match lane {
            Lane::Again => &mut self.again,
            Lane::Client => &mut self.line_of(client).line,
        };
        match previous {
            Some(previous) => *next_of(jobs, previous) = next,
            None => line.head = next,
        }
        match next {
            Some(next) => *previous_of(jobs, next) = previous,
            None => line.tail = previous,
        }
        line.count -= 1;
        let emptied = lane == Lane::Client && line.head.is_none();
        self.count -= 1;
        if emptied && self.turns.len() > 1 {
            self.end_line(client);
        }
    }

    /// A client has no job any longer that waits, but others have.
    fn end_line(&mut self, client: PeerKey) {
        let key = self.clients.remove(&client).expect("a waiting job's client has a line");
        // The line that empties is nearly always the one whose turn it is.
        let place = self.turns.iter().position(|turn| *turn == key).expect("a line has a turn");
        self.turns.remove(place);
        self.lines.remove(key);
    }
}

fn next_of(jobs: &mut SlotMap<JobKey, Job>, key: JobKey) -> &mut Option<JobKey> {
    match &mut jobs[key].place {
        Place::Waiting { next, .. } => next,
        Place::Dispatched { .. } | Place::AwaitsExit { .. } => unreachable!("a linked job waits"),
    }
}

fn previous_of(jobs: &mut SlotMap<JobKey, Job>, key: JobKey) -> &mut Option<JobKey> {
    match &mut jobs[key].place {
        Place::Waiting { previous, .. } => previous,
        Place::Dispatched { .. } | Place::AwaitsExit { .. } => unreachable!("a linked job waits"),
    }
}
