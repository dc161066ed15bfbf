//! JOBS: what the dispatcher gives a worker in a turn, together up to the bounds of a batch.

use super::Desk;
use super::outbox::{Weight, batch_length};
use crate::common::Repeat;
use crate::dispatcher::{JobKey, PeerKey};
use powerhose_protocol::{FLAG_ONCE, JobEntry, Jobs, Message};

impl Desk {
    pub(super) fn send_jobs(&mut self, worker: PeerKey) {
        let given = self.dispatcher.take_given(worker);
        let mut rest = given.as_slice();
        while !rest.is_empty() {
            let (part, further) = rest.split_at(self.batch_length(rest));
            self.send_batch(worker, part);
            rest = further;
        }
        self.dispatcher.has_given(worker, given);
    }

    fn batch_length(&self, keys: &[JobKey]) -> usize {
        let weights = keys.iter().map(|key| {
            let job = self.dispatcher.job(*key);
            Weight { payload: job.payload.len(), header: job.headers.byte_count() }
        });
        batch_length(weights, self.dispatcher.settings())
    }

    fn send_batch(&mut self, worker: PeerKey, keys: &[JobKey]) {
        let Some(session) = self.sessions.get(worker) else { return };
        let (route, now) = (session.route, self.dispatcher.moment());
        let entries = keys.iter().map(|key| {
            let job = self.dispatcher.job(*key);
            JobEntry {
                job: job.id,
                attempt: u64::from(job.attempt),
                pool: self.dispatcher.pool_name(job.pool),
                remaining_ms: (job.deadline.since(now).as_millis() as u64).max(1),
                flags: if job.repeat == Repeat::Never { FLAG_ONCE } else { 0 },
                headers: job.headers.to_wire(),
            }
        });
        let jobs = Jobs { session: session.id, sent_ms: self.clock_ms(), jobs: entries.collect() };
        let header = Message::Jobs(jobs).encode();
        let payloads = keys.iter().map(|key| self.dispatcher.job(*key).payload.clone()).collect();
        self.push(route, header, payloads);
    }
}
