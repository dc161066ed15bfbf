//! The replacement of workers that are worn, a few at a time. Part of the policy, and as pure.

use super::slot::State;
use super::{Policy, SupervisorEvent, after};
use crate::supervisor::recycling::Wear;
use std::time::{Duration, Instant};

impl Policy {
    /// This process is to be replaced when its turn comes. A process that is not ready is going to be replaced, or new.
    pub(super) fn worn(&mut self, pid: u32, wear: Wear) {
        let Some(index) = self.find(pid) else { return };
        if let State::Ready { pid: ready, worn, .. } = &mut self.slots[index].state
            && *ready == pid
        {
            worn.get_or_insert(wear);
        }
    }

    /// Begins to replace as many worn workers as may be replaced at once.
    pub(super) fn go_on_recycling(&mut self, now: Instant) {
        while self.slots_away() < self.slots_away_max()
            && let Some((index, pid, wear)) = self.first_worn()
        {
            self.report(SupervisorEvent::Recycled { slot: index, pid, wear });
            self.replace(now, index);
        }
    }

    fn first_worn(&self) -> Option<(usize, u32, Wear)> {
        self.slots[..self.wanted].iter().enumerate().find_map(|(index, slot)| match slot.state {
            State::Ready { pid, worn: Some(wear), .. } if slot.is_settled() => Some((index, pid, wear)),
            State::Ready { .. }
            | State::Vacant
            | State::Due
            | State::Spawning
            | State::Starting { .. }
            | State::Backoff { .. }
            | State::Parted { .. }
            | State::Stopping { .. }
            | State::GivenUp => None,
        })
    }

    /// Slots without a worker, or with one that is being replaced.
    fn slots_away(&self) -> usize {
        self.slots[..self.wanted].iter().filter(|slot| !slot.is_settled()).count()
    }

    /// Each that is replaced while it works is an extra process.
    fn slots_away_max(&self) -> usize {
        let percent = usize::from(self.settings.recycling.share_max_percent);
        let share = (self.wanted * percent / 100).max(1);
        match self.settings.extra_max {
            0 => share,
            extra_max => share.min(extra_max),
        }
    }

    /// When a worker that has become ready now will be too old.
    pub(super) fn too_old_at(&mut self, now: Instant) -> Option<Instant> {
        let recycling = &self.settings.recycling;
        let age_max = recycling.age_max?;
        let jitter_percent = u64::from(recycling.age_jitter_percent.min(100));
        // In thousandths, so that a small share still varies.
        let shorter = self.random.number() % (jitter_percent * 10 + 1);
        let age =
            age_max.saturating_sub(Duration::from_secs_f64(age_max.as_secs_f64() * shorter as f64 / 1000.0));
        Some(after(now, age))
    }
}
