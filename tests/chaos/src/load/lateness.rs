//! How long after their deadlines jobs ended, and whether the machine explains it.

use super::canary::Canary;
use crate::clock::Moment;
use crate::told::TooLate;
use std::time::{Duration, Instant};

/// What is promised: a job's end is decided this long after its deadline, or sooner, plus the lateness of the loop that decides.
const PROMISED: Duration = Duration::from_millis(10);
/// Several threads must wake one after the other, each as late as a canary at that time; and on a machine whose cores all
/// are wanted a little later, as they have more to do than a canary.
const WAKE_UPS: u32 = 3;
const MARGIN: Duration = Duration::from_millis(40);

/// A job that ended after its deadline.
pub(super) struct LateEnd {
    pub(super) job: String,
    pub(super) end: String,
    pub(super) deadline: Instant,
    pub(super) ended_at: Instant,
    /// The same as `ended_at`, by the clock of all.
    pub(super) ended: Moment,
}

/// The jobs that ended after their deadlines.
#[derive(Default)]
pub(super) struct Lateness {
    ends: Vec<LateEnd>,
}

impl Lateness {
    pub(super) fn note(&mut self, end: LateEnd) {
        self.ends.push(end);
    }

    pub(super) fn all_us(&self) -> Vec<u64> {
        self.ends.iter().map(|end| end.late().as_micros() as u64).collect()
    }

    /// Those that neither the promise nor the machine explains. To be asked a moment later: what made a job late may
    /// have kept the canary from noting it.
    pub(super) fn beyond(&self, canary: &Canary) -> Vec<TooLate> {
        let beyond = self.ends.iter().filter_map(|end| {
            let worst = canary.worst(end.deadline, end.ended_at);
            let allowed = PROMISED + MARGIN + worst * WAKE_UPS;
            (end.late() > allowed).then(|| TooLate {
                job: end.job.clone(),
                end: end.end.clone(),
                deadline: end.ended.minus(end.late()),
                ended: end.ended,
                canary_us: worst.as_micros() as u64,
            })
        });
        beyond.collect()
    }
}

impl LateEnd {
    fn late(&self) -> Duration {
        self.ended_at.saturating_duration_since(self.deadline)
    }
}
