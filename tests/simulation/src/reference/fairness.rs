//! Whose turn it is in a pool: clients take turns, and each client's jobs go in its own order.
//!
//! What a master took in is known at once, what it refused only later in the same turn. So events are kept, and played
//! when the turn is over.

use powerhose_protocol::JobId;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

enum Event {
    Came(u64, JobId),
    Dropped(u64, JobId),
}

/// The lines of one pool. Jobs that come back have a line of their own, before all others, and are not seen here.
#[derive(Default)]
pub(super) struct Lines {
    turns: VecDeque<u64>,
    lines: BTreeMap<u64, VecDeque<JobId>>,
    events: Vec<Event>,
    /// Jobs that were dispatched for the first time in this turn.
    dispatched: Vec<(u64, JobId)>,
    refused: BTreeSet<JobId>,
    /// Something happened between two dispatches of this turn, so that their order cannot be seen from outside.
    in_doubt: bool,
}

impl Lines {
    pub(super) fn push(&mut self, client: u64, job: JobId) {
        self.events.push(Event::Came(client, job));
    }

    pub(super) fn dropped(&mut self, client: u64, job: JobId) {
        // If it was refused before it was dropped, nobody is told, and it never stood in the line.
        let came_now = |event: &Event| matches!(event, Event::Came(_, came) if *came == job);
        self.in_doubt |= self.events.iter().any(came_now);
        self.events.push(Event::Dropped(client, job));
    }

    pub(super) fn refused(&mut self, job: JobId) {
        self.refused.insert(job);
    }

    pub(super) fn dispatched(&mut self, client: u64, job: JobId) {
        self.dispatched.push((client, job));
    }

    pub(super) fn doubt(&mut self) {
        self.in_doubt = true;
    }

    /// The turn is over. Tells which jobs had their turn and were passed over, and which were not next in turn.
    pub(super) fn play(&mut self) -> Result<(), (Vec<JobId>, Vec<JobId>)> {
        for event in std::mem::take(&mut self.events) {
            match event {
                Event::Came(_, job) if self.refused.contains(&job) => {}
                Event::Came(client, job) => self.line_up(client, job),
                Event::Dropped(client, job) => self.leave(client, job),
            }
        }
        self.refused.clear();
        let dispatched = std::mem::take(&mut self.dispatched);
        let verdict = if self.in_doubt { self.follow(&dispatched) } else { self.compare(&dispatched) };
        self.in_doubt &= !self.turns.is_empty();
        verdict
    }

    fn compare(&mut self, dispatched: &[(u64, JobId)]) -> Result<(), (Vec<JobId>, Vec<JobId>)> {
        let seen: BTreeSet<JobId> = dispatched.iter().map(|(_, job)| *job).collect();
        let expected: BTreeSet<JobId> = dispatched.iter().filter_map(|_| self.pop()).collect();
        if seen == expected {
            return Ok(());
        }
        Err((expected.difference(&seen).copied().collect(), seen.difference(&expected).copied().collect()))
    }

    fn follow(&mut self, dispatched: &[(u64, JobId)]) -> Result<(), (Vec<JobId>, Vec<JobId>)> {
        dispatched.iter().for_each(|(client, job)| self.leave(*client, *job));
        Ok(())
    }

    fn line_up(&mut self, client: u64, job: JobId) {
        let line = self.lines.entry(client).or_default();
        if line.is_empty() {
            self.turns.push_back(client);
        }
        line.push_back(job);
    }

    fn leave(&mut self, client: u64, job: JobId) {
        let Some(line) = self.lines.get_mut(&client) else { return };
        line.retain(|other| *other != job);
        if line.is_empty() {
            self.lines.remove(&client);
            self.turns.retain(|other| *other != client);
        }
    }

    fn pop(&mut self) -> Option<JobId> {
        let client = self.turns.pop_front()?;
        let line = self.lines.get_mut(&client)?;
        let job = line.pop_front();
        if line.is_empty() {
            self.lines.remove(&client);
        } else {
            self.turns.push_back(client);
        }
        job
    }
}
