//! What a master counts, and what it holds at a moment.

use super::named::named;
use super::{Histogram, Rejection, WorkerState};
use std::time::Duration;

named! {
    /// Counts since the start of the master, and what it holds at the moment of the question.
    #[derive(Clone, Debug, Default, PartialEq, Eq)]
    #[non_exhaustive]
    pub struct Stats {
        each counters, counters_mut: u64 {
            /// Jobs taken in.
            accepted,
            /// Jobs that ended with a reply.
            done,
            /// Jobs whose handler gave an error.
            failed,
            /// Jobs whose deadline passed.
            timed_out,
            /// Jobs whose caller left.
            cancelled,
            /// Jobs lost with a worker or with the master.
            lost,
            /// Jobs refused.
            rejected,
            /// Dispatches.
            dispatched,
            /// Jobs that went back into the queue because their worker was gone.
            redispatched,
            /// Jobs that workers gave back unrun.
            returned,
            /// Replies to attempts that nobody waited for.
            replies_late,
            /// Replies to attempts that the worker did not have.
            replies_stray,
            /// Messages refused because they could not be read, or came from the wrong role.
            messages_refused,
            /// Peers refused before their first message: they broke ZMTP, did not finish its handshake, chose a routing id, or
            /// were too many.
            peers_refused,
            /// Peers cut off because they kept sending what has to be refused.
            peers_cut_off,
            /// Messages of sessions that the master does not know.
            messages_foreign,
            /// Messages received.
            messages_received,
            /// Messages sent.
            messages_sent,
            /// Bytes of their frames, received.
            bytes_received,
            /// Bytes of their frames, sent.
            bytes_sent,
            /// Workers that registered; one that registers anew with other pools counts once.
            workers_registered,
            /// Workers that said goodbye, or began a new session.
            workers_left,
            /// Workers that went without a goodbye: the process or the connection ended, or they were silent.
            workers_died,
            /// Heartbeat intervals at whose end a peer had been silent for two of them or more.
            heartbeats_missed,
        }
        /// The jobs that were refused, by reason.
        pub rejections: Rejections,
        /// How long after their time the master acted on deadlines of jobs, and on its own heartbeats.
        pub lateness: Histogram,
        /// How long the master has been running.
        pub uptime: Duration,
        /// Whether it takes jobs: false once it is closing.
        pub accepting: bool,
        /// Clients with a session.
        pub clients: usize,
        /// Registered workers.
        pub workers: WorkerCounts,
        /// Jobs that were accepted and have not ended, wherever they are.
        pub in_flight: usize,
        /// Those of them that wait for a worker.
        pub waiting: usize,
        /// Bytes of payloads and headers of the jobs that wait.
        pub waiting_bytes: usize,
        /// How long ago the oldest job that waits was accepted.
        pub oldest_waiting: Option<Duration>,
        /// Every pool, by name.
        pub pools: Vec<PoolStats>,
        /// All pools together that were forgotten.
        pub forgotten: ForgottenPools,
    }
}

/// What was counted of pools that are not known any longer: nobody declared them, and they had no workers and no jobs for ten
/// minutes, or made room for others. Where pools are shown by name, these are `other`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ForgottenPools {
    /// How their jobs ended.
    pub ends: Ends,
    /// How long they took.
    pub times: Times,
}

/// What is counted and held in one pool.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PoolStats {
    /// Its name.
    pub name: String,
    /// Whether it was declared, or a worker has offered it. Other pools are forgotten when nobody asks for them any longer.
    pub known: bool,
    /// The workers that offer it; one that offers several pools counts in each.
    pub workers: WorkerCounts,
    /// Jobs that wait for a worker.
    pub waiting: usize,
    /// How long ago the oldest of them was accepted.
    pub oldest_waiting: Option<Duration>,
    /// Jobs that workers have not answered.
    pub running: usize,
    /// How many jobs a worker nearby is given at once.
    pub credit: u32,
    /// How its jobs ended.
    pub ends: Ends,
    /// How long they took.
    pub times: Times,
}

named! {
    /// How the jobs of a pool ended.
    #[derive(Clone, Debug, Default, PartialEq, Eq)]
    #[non_exhaustive]
    pub struct Ends {
        each counters, counters_mut: u64 {
            /// With a reply.
            done,
            /// With an error of the handler.
            failed,
            /// With their deadline.
            timed_out,
            /// Their caller left.
            cancelled,
            /// With a worker or with the master.
            lost,
            /// Nobody offered the pool.
            rejected,
        }
    }
}

named! {
    /// How long the jobs of a pool took, of those that were not cancelled or rejected.
    #[derive(Clone, Debug, Default, PartialEq, Eq)]
    #[non_exhaustive]
    pub struct Times {
        each histograms, histograms_mut: Histogram {
            /// From acceptance to the last dispatch, or to the end of a job that never was dispatched.
            wait,
            /// How long handlers ran; done and failed jobs only.
            run,
            /// From acceptance to the end, less the run: the waiting, and the ways to the worker and back. Done and failed jobs
            /// only.
            overhead,
            /// From acceptance to the end.
            total,
        }
    }
}

named! {
    /// Workers by state.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    #[non_exhaustive]
    pub struct WorkerCounts {
        each by_state, by_state_mut: usize {
            /// With nothing to do.
            ready,
            /// Running a job.
            busy,
            /// Running what nobody waits for, or taken out because they ran too long too often.
            overdue,
            /// Leaving, or told to take no jobs.
            quiet,
        }
    }
}

impl Ends {
    /// Adds all that another has.
    pub fn add(&mut self, other: &Ends) {
        for ((_, count), (_, more)) in self.counters_mut().zip(other.counters()) {
            *count += more;
        }
    }
}

impl Times {
    /// Adds all that another has.
    pub fn add(&mut self, other: &Times) {
        for ((_, times), (_, more)) in self.histograms_mut().zip(other.histograms()) {
            times.add(more);
        }
    }
}

impl WorkerCounts {
    /// All of them.
    pub fn all(&self) -> usize {
        self.ready + self.busy + self.overdue + self.quiet
    }

    /// How many are in this state.
    pub fn of(&self, state: WorkerState) -> usize {
        match state {
            WorkerState::Ready => self.ready,
            WorkerState::Busy => self.busy,
            WorkerState::Overdue => self.overdue,
            WorkerState::Quiet => self.quiet,
        }
    }

    pub(crate) fn add(&mut self, state: WorkerState) {
        match state {
            WorkerState::Ready => self.ready += 1,
            WorkerState::Busy => self.busy += 1,
            WorkerState::Overdue => self.overdue += 1,
            WorkerState::Quiet => self.quiet += 1,
        }
    }
}

/// Refused jobs by reason, in the words of [`Rejection`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rejections {
    counts: [u64; Rejection::CODES.len()],
}

impl Rejections {
    /// Every reason, by its code on the wire, and how many jobs were refused for it.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, u64)> + '_ {
        Rejection::CODES.into_iter().zip(self.counts)
    }

    /// Sets what is known of each reason, by its code.
    pub(crate) fn fill(&mut self, known: impl Fn(&str) -> Option<u64>) {
        for (code, count) in Rejection::CODES.into_iter().zip(&mut self.counts) {
            *count = known(code).unwrap_or(0);
        }
    }

    pub(crate) fn count(&mut self, rejection: &Rejection) {
        let code = rejection.code();
        let place = Rejection::CODES.iter().position(|known| *known == code);
        self.counts[place.expect("every rejection has one of these codes")] += 1;
    }
}
