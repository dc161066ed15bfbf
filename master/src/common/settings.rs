//! The master's settings and their defaults. docs/DEFAULTS.md lists them, and a test compares the two.

use super::SharedSecrets;
use powerhose_protocol::limits::{DURATION_MS_MAX, ENTRIES_MAX, is_pool_name};
use std::num::NonZeroU64;
use std::time::Duration;

/// Longer than anybody waits: a time further ahead could not be told.
pub(crate) const WAIT_MAX: Duration = Duration::from_millis(DURATION_MS_MAX);

/// What a master keeps to. [`Settings::default`] has the defaults named at each field.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Settings {
    /// How long a caller waits that names no timeout: 5 s.
    pub timeout: Duration,
    /// How often a job may be charged for the death of a worker before it ends as lost: 3.
    pub attempts_max: u32,
    /// How long after its deadline a handler may still run before its worker's watchdog ends the process: 30 s.
    pub overrun_grace: Duration,
    /// How often each side says that it lives: 1 s.
    pub heartbeat_interval: Duration,
    /// How long a peer may be silent before it counts as gone: 5 s.
    pub silence_max: Duration,
    /// How long a job waits for a pool that nobody declared and no worker has offered: 1 s.
    pub unknown_pool_wait: Duration,
    /// What becomes of a job that cannot begin before its deadline, at the pace of its pool: it is refused.
    pub overload: Overload,
    /// Jobs that may wait at once: 100,000.
    pub queue_jobs_max: usize,
    /// Bytes of payloads and headers that may wait at once: 256 MiB.
    pub queue_bytes_max: usize,
    /// Bytes of a payload or a reply: 64 MiB.
    pub payload_bytes_max: usize,
    /// Workers at once: 4,096.
    pub workers_max: usize,
    /// Clients at once: 4,096.
    pub clients_max: usize,
    /// Handshakes in a second, after a burst of as many as there may be workers and clients together: 1,000.
    pub handshakes_per_second_max: u32,
    /// Pools that the master ever knows at once: 1,024.
    pub pools_max: usize,
    /// Jobs in one message: 64.
    pub batch_jobs_max: usize,
    /// Bytes of payload in one message, and at one worker beyond the job that runs: 256 KiB.
    pub batch_bytes_max: usize,
    /// Pools that exist before a worker offers them; a job for one waits until its deadline.
    pub pools: Vec<(String, PoolSettings)>,
    /// Each time that a worker has answered so many jobs, [`Notice::WorkerServed`](super::Notice::WorkerServed) says so:
    /// never.
    pub worker_served_notice: Option<NonZeroU64>,
    /// What peers must prove to know: nothing.
    pub secrets: SharedSecrets,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            timeout: Duration::from_secs(5),
            attempts_max: 3,
            overrun_grace: Duration::from_secs(30),
            heartbeat_interval: Duration::from_secs(1),
            silence_max: Duration::from_secs(5),
            unknown_pool_wait: Duration::from_secs(1),
            overload: Overload::Refuse,
            queue_jobs_max: 100_000,
            queue_bytes_max: 256 << 20,
            payload_bytes_max: 64 << 20,
            workers_max: 4096,
            clients_max: 4096,
            handshakes_per_second_max: 1000,
            pools_max: 1024,
            batch_jobs_max: 64,
            batch_bytes_max: 256 << 10,
            pools: Vec::new(),
            worker_served_notice: None,
            secrets: SharedSecrets::default(),
        }
    }
}

impl Settings {
    /// What is wrong with them, if anything.
    pub(crate) fn problem(&self) -> Option<&'static str> {
        let intervals = [self.timeout, self.heartbeat_interval, self.silence_max, self.overrun_grace];
        if intervals.iter().any(|interval| *interval < Duration::from_millis(1) || *interval > WAIT_MAX) {
            Some("timeout, heartbeat_interval, silence_max and overrun_grace are from 1 ms to 365 days")
        } else if self.silence_max <= self.heartbeat_interval {
            Some("silence_max is longer than heartbeat_interval, or every peer would be silent")
        } else if self.attempts_max == 0 || self.handshakes_per_second_max == 0 {
            Some("attempts_max and handshakes_per_second_max are at least 1")
        } else if [self.queue_jobs_max, self.workers_max, self.pools_max, self.batch_jobs_max].contains(&0) {
            Some("queue_jobs_max, workers_max, pools_max and batch_jobs_max are at least 1")
        } else if self.batch_jobs_max > ENTRIES_MAX {
            Some("batch_jobs_max is at most 1,024")
        } else if !self.pools.iter().all(|(name, _)| is_pool_name(name)) {
            Some("a pool's name is 1 to 64 of the characters a-z A-Z 0-9 . _ -")
        } else {
            None
        }
    }
}

/// What becomes of a job that cannot begin before its deadline, at the pace at which its pool's workers have run the last
/// jobs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overload {
    /// It is refused at once, also where it waits already. In doubt it is not: the pace counts only once eight jobs have
    /// run, and a job is given a quarter more time than it has, and 100 ms.
    Refuse,
    /// It waits until its deadline.
    Wait,
}

/// What holds in one pool.
#[derive(Clone, Debug, PartialEq, Default)]
#[non_exhaustive]
pub struct PoolSettings {
    /// How long a job of this pool should run at most. Without it, no run is too long.
    pub run_time_soft: Option<Duration>,
    /// How many runs in a row may be longer than that before the worker is taken out for a while.
    pub overruns_max: u32,
    /// How many jobs a worker is given at once. Without it, the master finds out (1 for jobs of a millisecond or more).
    pub credit: Option<u32>,
    /// How long a run may go on that nobody waits for any longer, as it was cancelled or has timed out: then its worker's
    /// process ends. Without it, a cancelled run goes on, and one that has timed out for
    /// [`overrun_grace`](Settings::overrun_grace).
    pub end_within: Option<Duration>,
}

impl PoolSettings {
    /// No soft run time, and a credit that the master finds out.
    pub fn new() -> PoolSettings {
        PoolSettings::default()
    }

    /// A worker whose runs take longer than `run_time` more than `overruns_max` times in a row is taken out, and comes
    /// back when it answers in time.
    pub fn run_time_soft(mut self, run_time: Duration, overruns_max: u32) -> PoolSettings {
        self.run_time_soft = Some(run_time);
        self.overruns_max = overruns_max;
        self
    }

    /// Gives every worker this many jobs at once, at least 1.
    pub fn credit(mut self, jobs: u32) -> PoolSettings {
        self.credit = Some(jobs.max(1));
        self
    }

    /// Ends the process of a worker that goes on for so long with a run that nobody waits for any longer: it was cancelled
    /// or dropped, or has timed out. For handlers that cannot look (`Job::is_cancelled`): a process can be ended, a thread
    /// cannot. Zero is at once. The worker's supervisor starts another.
    pub fn end_within(mut self, grace: Duration) -> PoolSettings {
        self.end_within = Some(grace);
        self
    }
}
