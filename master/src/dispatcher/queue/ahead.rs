//! Who goes before whom: how many jobs go before another, which of them is the last, and which has waited longest.

use super::{ClientLine, Job, Place, Queue, Waiting};
use crate::dispatcher::clock::Moment;
use crate::dispatcher::keys::{JobKey, PeerKey, PoolKey};
use slotmap::SlotMap;

/// With more clients than these, an estimate is made from the first of them: it is to cost a look at a cache line each.
const CLIENTS_SEEN: usize = 32;

impl Queue {
    /// How many jobs of a pool would go before another one of this client.
    pub(in crate::dispatcher) fn ahead_of(&self, pool: PoolKey, client: PeerKey) -> usize {
        self.lines.get(pool).map_or(0, |line| line.ahead_of(client))
    }

    /// The last job of a pool of the client whose turn comes last, and how many go before it.
    pub(in crate::dispatcher) fn last_of(&self, pool: PoolKey) -> Option<(JobKey, usize)> {
        self.lines.get(pool)?.last()
    }

    /// When the job of a pool that has waited longest was accepted. Looks at every client and every job that came back.
    pub(in crate::dispatcher) fn oldest_in(&self, pool: PoolKey) -> Option<Moment> {
        self.lines.get(pool)?.oldest(&self.jobs)
    }
}

impl Waiting {
    /// How many jobs would go before another one of this client: those that came back, its own, and as many of each other
    /// client, if it has as many.
    fn ahead_of(&self, client: PeerKey) -> usize {
        let own = self.clients.get(&client).map_or(0, |line| self.lines[*line].line.count);
        // Whoever has none comes after all others.
        self.again.count + own + self.of_others(client, own.max(1))
    }

    /// The last job of the client whose turn comes last, and how many go before it.
    fn last(&self) -> Option<(JobKey, usize)> {
        let ClientLine { client, line } = &self.lines[*self.turns.back()?];
        Some((line.tail?, self.again.count + line.count - 1 + self.of_others(*client, line.count)))
    }

    /// How many jobs the other clients have, where no more than so many count of each. With very many clients, the first in
    /// turn stand for all.
    fn of_others(&self, client: PeerKey, each_max: usize) -> usize {
        let seen = self.turns.len().min(CLIENTS_SEEN);
        let others = self.turns.iter().take(seen).map(|other| &self.lines[*other]);
        let others = others.filter(|other| other.client != client);
        let jobs: usize = others.map(|other| other.line.count.min(each_max)).sum();
        jobs * self.turns.len() / seen.max(1)
    }

    /// When the job that has waited longest was accepted. Looks at every client and every job that came back.
    fn oldest(&self, jobs: &SlotMap<JobKey, Job>) -> Option<Moment> {
        let heads = self.turns.iter().filter_map(|line| self.lines[*line].line.head);
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
}
