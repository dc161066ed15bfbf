//! When something is due. A hierarchical wheel: setting and stopping cost the same whatever the number of timers,
//! because most are stopped before they fire (a job that is done needs no deadline).
//!
//! Resolution is one millisecond; a timer fires at the first millisecond at or after its instant, never before.

use slotmap::{SlotMap, new_key_type};
use std::time::{Duration, Instant};

const SLOT_BITS: u32 = 6;
const SLOTS: usize = 1 << SLOT_BITS;
/// 64 to the 7th milliseconds are 139 years.
const LEVELS: usize = 7;

new_key_type! {
    /// Names one timer. A key whose timer has fired or was stopped names nothing, and never another timer.
    pub(crate) struct TimerKey;
}

/// Small, because every waiting job has one.
#[derive(Clone, Copy)]
struct Node<T> {
    what: T,
    tick: Tick,
    level: u8,
    slot: u8,
    previous: Option<TimerKey>,
    next: Option<TimerKey>,
}

/// Milliseconds since the start, in halves: a number of 64 bits would enlarge what it stands in to a multiple of eight.
#[derive(Clone, Copy)]
struct Tick {
    high: u32,
    low: u32,
}

impl From<u64> for Tick {
    fn from(tick: u64) -> Tick {
        Tick { high: (tick >> u32::BITS) as u32, low: tick as u32 }
    }
}

impl From<Tick> for u64 {
    fn from(tick: Tick) -> u64 {
        u64::from(tick.high) << u32::BITS | u64::from(tick.low)
    }
}

#[derive(Clone, Copy)]
struct Level {
    /// Bit n is set while slot n has a timer.
    occupied: u64,
    heads: [Option<TimerKey>; SLOTS],
}

/// All timers of a dispatcher.
pub(crate) struct Timers<T> {
    start: Instant,
    /// Every timer before this tick has fired.
    current: u64,
    levels: [Level; LEVELS],
    nodes: SlotMap<TimerKey, Node<T>>,
}

/// The next slot that needs attention, and when.
struct Upcoming {
    level: usize,
    slot: usize,
    tick: u64,
}

impl<T: Copy> Timers<T> {
    /// No timers; ticks count from `start`.
    pub(crate) fn new(start: Instant) -> Timers<T> {
        let level = Level { occupied: 0, heads: [None; SLOTS] };
        Timers { start, current: 0, levels: [level; LEVELS], nodes: SlotMap::with_key() }
    }

    /// Lets `what` fire at `when`, or at the next turn if that has passed.
    pub(crate) fn set(&mut self, when: Instant, what: T) -> TimerKey {
        self.set_at(self.tick_at_or_after(when), what)
    }

    /// Lets `what` fire so many milliseconds after the start, or at the next turn if that has passed.
    pub(crate) fn set_at(&mut self, tick: u64, what: T) -> TimerKey {
        let tick = tick.max(self.current);
        let key = self.nodes.insert(Node {
            what,
            tick: tick.into(),
            level: 0,
            slot: 0,
            previous: None,
            next: None,
        });
        self.link(key);
        key
    }

    /// Takes a timer away; nothing happens if it has fired.
    pub(crate) fn stop(&mut self, key: TimerKey) {
        if let Some(node) = self.nodes.remove(key) {
            self.close_gap(node);
        }
    }

    /// The next timer that is due at `now`, and removes it.
    pub(crate) fn pop_due(&mut self, now: Instant) -> Option<T> {
        let now = self.tick_at_or_before(now);
        while let Some(upcoming) = self.upcoming() {
            if upcoming.tick > now {
                break;
            }
            self.current = self.current.max(upcoming.tick);
            let key = self.levels[upcoming.level].heads[upcoming.slot].expect("an occupied slot has a timer");
            if upcoming.level == 0 {
                let node = self.nodes.remove(key).expect("a slot has timers that are there");
                self.close_gap(node);
                return Some(node.what);
            }
            self.cascade(upcoming);
        }
        self.current = self.current.max(now);
        None
    }

    /// When to call [`pop_due`](Timers::pop_due) next, and what for. The wake-up may serve to sort timers only; then
    /// nothing is due yet.
    pub(crate) fn next(&self) -> Option<(Instant, T)> {
        let upcoming = self.upcoming()?;
        let key = self.levels[upcoming.level].heads[upcoming.slot]?;
        Some((self.start + Duration::from_millis(upcoming.tick), self.nodes[key].what))
    }

    /// How many are set.
    pub(crate) fn len(&self) -> usize {
        self.nodes.len()
    }

    fn tick_at_or_before(&self, when: Instant) -> u64 {
        when.saturating_duration_since(self.start).as_millis() as u64
    }

    fn tick_at_or_after(&self, when: Instant) -> u64 {
        let passed = when.saturating_duration_since(self.start);
        passed.as_millis() as u64 + u64::from(!passed.subsec_nanos().is_multiple_of(1_000_000))
    }

    /// The lowest occupied level has the earliest timers, because a timer stands on the level of the highest bits in
    /// which it differs from the current tick.
    fn upcoming(&self) -> Option<Upcoming> {
        let level = self.levels.iter().position(|level| level.occupied != 0)?;
        let shift = SLOT_BITS * level as u32;
        let current_slot = (self.current >> shift) as usize % SLOTS;
        let ahead = self.levels[level].occupied.rotate_right(current_slot as u32).trailing_zeros() as usize;
        let slot = (current_slot + ahead) % SLOTS;
        let level_start = self.current >> (shift + SLOT_BITS) << (shift + SLOT_BITS);
        Some(Upcoming { level, slot, tick: level_start + ((slot as u64) << shift) })
    }

    /// Spreads the timers of a slot over the levels below.
    fn cascade(&mut self, upcoming: Upcoming) {
        while let Some(key) = self.levels[upcoming.level].heads[upcoming.slot] {
            self.close_gap(self.nodes[key]);
            self.link(key);
        }
    }

    fn link(&mut self, key: TimerKey) {
        let tick = u64::from(self.nodes[key].tick);
        let differing = (self.current ^ tick) | (SLOTS as u64 - 1);
        let level = ((u64::BITS - 1 - differing.leading_zeros()) / SLOT_BITS) as usize;
        let level = level.min(LEVELS - 1);
        let slot = (tick >> (SLOT_BITS * level as u32)) as usize % SLOTS;
        let head = self.levels[level].heads[slot].replace(key);
        self.levels[level].occupied |= 1 << slot;
        if let Some(head) = head {
            self.nodes[head].previous = Some(key);
        }
        let node = &mut self.nodes[key];
        (node.level, node.slot, node.previous, node.next) = (level as u8, slot as u8, None, head);
    }

    /// A timer leaves its slot.
    fn close_gap(&mut self, node: Node<T>) {
        let Node { level, slot, previous, next, .. } = node;
        if let Some(next) = next {
            self.nodes[next].previous = previous;
        }
        match previous {
            Some(previous) => self.nodes[previous].next = next,
            None => {
                let level = &mut self.levels[level as usize];
                level.heads[slot as usize] = next;
                if next.is_none() {
                    level.occupied &= !(1 << slot);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn milliseconds(count: u64) -> Duration {
        Duration::from_millis(count)
    }

    fn due(timers: &mut Timers<u64>, now: Instant) -> Vec<u64> {
        std::iter::from_fn(|| timers.pop_due(now)).collect()
    }

    #[test]
    fn a_timer_fires_at_its_instant_and_not_before() {
        let start = Instant::now();
        let mut timers = Timers::new(start);
        timers.set(start + Duration::from_micros(1500), 1);
        assert_eq!(due(&mut timers, start + Duration::from_micros(1499)), []);
        assert_eq!(timers.next().map(|(when, _)| when), Some(start + milliseconds(2)));
        assert_eq!(due(&mut timers, start + milliseconds(2)), [1]);
        assert_eq!(timers.len(), 0);
    }

    #[test]
    fn a_timer_in_the_past_fires_at_the_next_turn() {
        let start = Instant::now();
        let mut timers = Timers::new(start);
        assert_eq!(due(&mut timers, start + milliseconds(1000)), []);
        timers.set(start, 7);
        assert_eq!(due(&mut timers, start + milliseconds(1000)), [7]);
    }

    proptest! {
        #[test]
        fn timers_fire_in_order_whatever_is_set_and_stopped(
            steps in proptest::collection::vec((0u64..200_000, 0u64..5_000, any::<bool>()), 1..200),
        ) {
            let start = Instant::now();
            let mut timers = Timers::new(start);
            let mut model = std::collections::BTreeMap::new();
            let mut now = 0;
            for (number, (ahead, passes, stop_one)) in steps.into_iter().enumerate() {
                let when = now + ahead;
                let key = timers.set(start + milliseconds(when), number as u64);
                model.insert((when, number as u64), key);
                if stop_one {
                    let (entry, key) = model.pop_last().expect("one was just set");
                    timers.stop(key);
                    timers.stop(key);
                    let _ = entry;
                }
                if let Some((next, _)) = timers.next() {
                    let first = model.keys().next().expect("as many as there are timers").0;
                    prop_assert!(next <= start + milliseconds(first.max(now)));
                }
                now += passes;
                let mut fired = due(&mut timers, start + milliseconds(now));
                let later = model.split_off(&(now + 1, 0));
                let mut expected: Vec<u64> = model.keys().map(|(_, number)| *number).collect();
                fired.sort_unstable();
                expected.sort_unstable();
                prop_assert_eq!(fired, expected);
                model = later;
                prop_assert_eq!(timers.len(), model.len());
            }
        }
    }
}
