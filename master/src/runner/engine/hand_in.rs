//! Whether a caller that submits a job hands it in itself, or leaves it for the loop's own thread and wakes that.
//!
//! * Handing in saves the wake-up of the loop's thread, and each job goes out in a message of its own.
//! * What comes within a wake-up's time gathers while the loop's thread wakes, and shares messages. Where one thread submits
//!   many jobs in a row, or cannot keep up, that costs all much less.

use std::time::{Duration, Instant};

/// About what a wake-up takes: a job that comes so long after another gains nothing by gathering.
const APART: Duration = Duration::from_micros(20);

/// Jobs may be handed in one after the other, as many as can run at once; then each only so long after the one before.
#[derive(Debug)]
pub(super) struct HandIn {
    /// Time that was between jobs and is not used up.
    credit: Duration,
    credit_max: Duration,
    /// When the last one was in.
    last: Option<Instant>,
}

impl HandIn {
    /// So many may follow each other at once.
    pub(super) fn new(together: usize) -> HandIn {
        let credit_max = APART * u32::try_from(together).unwrap_or(u32::MAX);
        HandIn { credit: credit_max, credit_max, last: None }
    }

    /// Whether a job that comes now may be handed in.
    pub(super) fn may(&mut self, now: Instant) -> bool {
        self.pass(now);
        let left = self.credit.checked_sub(APART);
        self.credit = left.unwrap_or(self.credit);
        left.is_some()
    }

    /// A job is in. How long that took does not count: a caller without a processor is not one with few jobs.
    pub(super) fn done(&mut self, now: Instant) {
        self.last = Some(now);
    }

    fn pass(&mut self, now: Instant) {
        let passed = self.last.map_or(Duration::ZERO, |last| now.saturating_duration_since(last));
        self.credit = self.credit.saturating_add(passed).min(self.credit_max);
        self.last = Some(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LITTLE: Duration = Duration::from_nanos(1);

    #[test]
    fn jobs_that_come_apart_are_all_handed_in() {
        let (mut now, mut hand_in) = (Instant::now(), HandIn::new(1));
        for _ in 0..100 {
            assert!(hand_in.may(now));
            hand_in.done(now);
            now += APART;
        }
    }

    #[test]
    fn of_jobs_that_come_in_a_row_only_the_first_are_however_long_each_takes() {
        let (mut now, mut hand_in) = (Instant::now(), HandIn::new(2));
        let mut handed = 0;
        for _ in 0..100 {
            if hand_in.may(now) {
                handed += 1;
                now += APART * 10;
                hand_in.done(now);
            }
            now += LITTLE;
        }
        assert_eq!(handed, 2);
    }

    #[test]
    fn after_a_rest_as_many_may_follow_each_other_as_at_first() {
        let (mut now, mut hand_in) = (Instant::now(), HandIn::new(2));
        for _ in 0..3 {
            assert_eq!([(); 3].map(|()| hand_in.may(now)), [true, true, false]);
            now += APART * 100;
        }
    }
}
