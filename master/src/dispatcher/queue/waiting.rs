//! The queue of one pool. Jobs that come back go first; then the clients take turns, each in its own order.
//!
//! The lines are linked through the jobs themselves, so that a job leaves from anywhere in one step and a waiting job
//! costs nothing besides itself.

use super::job::{Job, Lane, Place};
use crate::dispatcher::clock::Moment;
use crate::dispatcher::keys::{JobKey, PeerKey};
use crate::maps::Map;
use slotmap::SlotMap;
use std::collections::VecDeque;

/// With more clients than these, an estimate is made from the first of them: it is to cost a look at a cache line each.
const CLIENTS_SEEN: usize = 32;

#[derive(Default, Clone, Copy)]
struct Line {
    head: Option<JobKey>,
    tail: Option<JobKey>,
    count: usize,
}

/// The waiting jobs of one pool.
#[derive(Default)]
pub(super) struct Waiting {
    again: Line,
    lines: Map<PeerKey, Line>,
    /// The clients that have a line, the next one first.
    turns: VecDeque<PeerKey>,
    count: usize,
}

impl Waiting {
    /// How many jobs wait.
    pub(super) fn len(&self) -> usize {
        self.count
    }

    /// The job that is next in turn.
    pub(super) fn first(&self) -> Option<JobKey> {
        self.again.head.or_else(|| self.turns.front().and_then(|client| self.lines[client].head))
    }

    /// How many jobs would go before another one of this client: those that came back, its own, and as many of each other
    /// client, if it has as many.
    pub(super) fn ahead_of(&self, client: PeerKey) -> usize {
        let own = self.lines.get(&client).map_or(0, |line| line.count);
        // Whoever has none comes after all others.
        self.again.count + own + self.of_others(client, own.max(1))
    }

    /// The last job of the client whose turn comes last, and how many go before it.
    pub(super) fn last(&self) -> Option<(JobKey, usize)> {
        let client = *self.turns.back()?;
        let line = self.lines[&client];
        Some((line.tail?, self.again.count + line.count - 1 + self.of_others(client, line.count)))
    }

    /// How many jobs the other clients have, where no more than so many count of each. With very many clients, the first in
    /// turn stand for all.
    fn of_others(&self, client: PeerKey, each_max: usize) -> usize {
        let seen = self.turns.len().min(CLIENTS_SEEN);
        let others = self.turns.iter().take(seen).filter(|other| **other != client);
        let jobs: usize = others.map(|other| self.lines[other].count.min(each_max)).sum();
        jobs * self.turns.len() / seen.max(1)
    }

    /// When the job that has waited longest was accepted. Looks at every client and every job that came back.
    pub(super) fn oldest(&self, jobs: &SlotMap<JobKey, Job>) -> Option<Moment> {
        let heads = self.turns.iter().filter_map(|client| self.lines[client].head);
        let mut next = self.again.head;
        let again = std::iter::from_fn(|| {
            let key = next?;
            if let Place::Waiting { next: further, .. } = jobs[key].place {
                next = further;
            }
            Some(key)
        });
        heads.chain(again).map(|key| jobs[key].accepted).min()
    }

    /// Puts a job at the end of its client's line.
    pub(super) fn push(&mut self, jobs: &mut SlotMap<JobKey, Job>, key: JobKey) {
        let client = jobs[key].client;
        let line = self.lines.entry(client).or_insert_with(|| {
            self.turns.push_back(client);
            Line::default()
        });
        jobs[key].place = Place::Waiting { lane: Lane::Client, previous: line.tail, next: None };
        match line.tail.replace(key) {
            Some(tail) => *next_of(jobs, tail) = Some(key),
            None => line.head = Some(key),
        }
        line.count += 1;
        self.count += 1;
    }

    /// Puts a job that comes back before all that have never been dispatched.
    pub(super) fn push_again(&mut self, jobs: &mut SlotMap<JobKey, Job>, key: JobKey) {
        jobs[key].place = Place::Waiting { lane: Lane::Again, previous: None, next: self.again.head };
        match self.again.head.replace(key) {
            Some(head) => *previous_of(jobs, head) = Some(key),
            None => self.again.tail = Some(key),
        }
        self.again.count += 1;
        self.count += 1;
    }

    /// Takes out the job that is next in turn; the next client's turn comes.
    pub(super) fn pop(&mut self, jobs: &mut SlotMap<JobKey, Job>) -> Option<JobKey> {
        let key = self.first()?;
        let from_client = self.again.head.is_none();
        self.remove(jobs, key);
        let client = jobs[key].client;
        if from_client && self.turns.front() == Some(&client) {
            self.turns.rotate_left(1);
        }
        Some(key)
    }

    /// Takes out a job from wherever it stands.
    pub(super) fn remove(&mut self, jobs: &mut SlotMap<JobKey, Job>, key: JobKey) {
        let (client, Place::Waiting { lane, previous, next }) = (jobs[key].client, &jobs[key].place) else {
            unreachable!("only a waiting job leaves the queue");
        };
        let (lane, previous, next) = (*lane, *previous, *next);
        let line = match lane {
            Lane::Again => &mut self.again,
            Lane::Client => self.lines.get_mut(&client).expect("a waiting job's client has a line"),
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
        if lane == Lane::Client && line.head.is_none() {
            self.lines.remove(&client);
            // The line that empties is nearly always the one whose turn it is.
            let place = self.turns.iter().position(|turn| *turn == client).expect("a line has a turn");
            self.turns.remove(place);
        }
        self.count -= 1;
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
