//! How many jobs have ended without a reply.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// So many ends are remembered with their time, and for so long.
const RECENT_MAX: usize = 4096;
const RECENT: Duration = Duration::from_secs(10);

/// Counts the jobs of a master that have ended without a reply although somebody had waited for one: those that were
/// lost, that timed out, and those that a remote client left, also because its own time was over. A clone counts on with the
/// master.
#[derive(Clone, Debug, Default)]
pub struct Unanswered(Arc<Mutex<Counted>>);

#[derive(Debug, Default)]
struct Counted {
    jobs: u64,
    recent: VecDeque<Instant>,
}

impl Unanswered {
    /// How many there were so far. At a client's runner there are none: its master counts them.
    pub fn jobs(&self) -> u64 {
        self.counted().jobs
    }

    /// How many of them ended at this time or later. It may lie some seconds back.
    pub fn since(&self, when: Instant) -> u64 {
        self.counted().recent.iter().rev().take_while(|ended| **ended >= when).count() as u64
    }

    pub(crate) fn count(&self, now: Instant) {
        let mut counted = self.counted();
        counted.jobs += 1;
        let is_old = |ended: &Instant| now.saturating_duration_since(*ended) > RECENT;
        while counted.recent.len() >= RECENT_MAX || counted.recent.front().is_some_and(is_old) {
            counted.recent.pop_front();
        }
        counted.recent.push_back(now);
    }

    fn counted(&self) -> MutexGuard<'_, Counted> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_ends_are_remembered_with_their_time_and_their_memory_is_bounded() {
        let (unanswered, begun) = (Unanswered::default(), Instant::now());
        let at = |second| begun + Duration::from_secs(second);
        (0..60).for_each(|second| unanswered.count(at(second)));
        assert_eq!((unanswered.jobs(), unanswered.since(at(55))), (60, 5));
        assert_eq!(unanswered.since(at(0)), 11, "ten seconds of them");
        (0..2 * RECENT_MAX).for_each(|_| unanswered.count(at(60)));
        assert_eq!(unanswered.counted().recent.len(), RECENT_MAX);
        assert_eq!(unanswered.since(at(61)), 0);
    }
}
