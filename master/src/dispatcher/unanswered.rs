//! How many jobs have ended without a reply.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// So many ends are remembered with their time, and for so long.
const RECENT_MAX: usize = 4096;
const RECENT: Duration = Duration::from_secs(10);

/// Counts the jobs that have ended without a reply although somebody had waited for one: those that were lost, that timed
/// out, and those that a remote client left, also because its own time was over.
#[derive(Debug, Default)]
pub(super) struct Unanswered {
    jobs: u64,
    recent: VecDeque<Instant>,
}

impl Unanswered {
    /// How many there were so far.
    pub(super) fn jobs(&self) -> u64 {
        self.jobs
    }

    /// How many there were before this time, which may lie some seconds back.
    pub(super) fn before(&self, when: Instant) -> u64 {
        let since = self.recent.iter().rev().take_while(|ended| **ended >= when).count();
        self.jobs - since as u64
    }

    pub(super) fn count(&mut self, now: Instant) {
        self.jobs += 1;
        let is_old = |ended: &Instant| now.saturating_duration_since(*ended) > RECENT;
        while self.recent.len() >= RECENT_MAX || self.recent.front().is_some_and(is_old) {
            self.recent.pop_front();
        }
        self.recent.push_back(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_ends_are_remembered_with_their_time_and_their_memory_is_bounded() {
        let (mut unanswered, begun) = (Unanswered::default(), Instant::now());
        let at = |second| begun + Duration::from_secs(second);
        (0..60).for_each(|second| unanswered.count(at(second)));
        assert_eq!((unanswered.jobs(), unanswered.before(at(55))), (60, 55));
        assert_eq!(unanswered.before(at(0)), 49, "ten seconds of them are remembered");
        (0..2 * RECENT_MAX).for_each(|_| unanswered.count(at(60)));
        assert_eq!(unanswered.recent.len(), RECENT_MAX);
        assert_eq!(unanswered.before(at(61)), unanswered.jobs());
    }
}
