//! Which worker gets the next job: the nearest of those that have fewest, and of several such the one that has been in its
//! place longest, the least recently used. How many jobs one may have at once is `credit`'s to say.
//!
//! The workers of a pool are sorted by how many jobs each has: the choice costs the same for ten of them as for ten thousand.

mod credit;
mod distance;
mod pace;

pub(crate) use credit::{Runs, STOCK_WAIT};
pub(crate) use distance::Distance;
pub(crate) use pace::Pace;

use crate::dispatcher::keys::{MemberKey, PeerKey};
use distance::RoundTrips;
use slotmap::SlotMap;
use std::time::Duration;

struct Member {
    worker: PeerKey,
    credit_max: u32,
    round_trips: RoundTrips,
    distance: Distance,
    standing: Standing,
    load: Load,
}

/// Whether a worker may be given a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Listing {
    Listed,
    Unlisted,
}

/// Where a member stands among those that may be given a job.
#[derive(Clone, Copy)]
enum Standing {
    Unlisted,
    Listed { level: u32, previous: Option<MemberKey>, next: Option<MemberKey> },
}

/// Whether a job can be waiting at a worker while it does another.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Load {
    AtMostOne,
    Several,
}

#[derive(Clone, Copy, Default)]
struct Line {
    head: Option<MemberKey>,
    tail: Option<MemberKey>,
}

/// Workers that are equally far away, by the number of jobs each has.
type Circle = Vec<Line>;

/// The workers that offer one pool.
#[derive(Default)]
pub(crate) struct Members {
    members: SlotMap<MemberKey, Member>,
    /// Those that may be given another job, by how far they are.
    circles: Vec<Circle>,
    listed: usize,
    idle: usize,
    stocked: usize,
}

impl Members {
    /// How many workers offer the pool, whatever their state.
    pub(crate) fn len(&self) -> usize {
        self.members.len()
    }

    /// How many of them have nothing to do and may be given a job.
    pub(crate) fn idle(&self) -> usize {
        self.idle
    }

    /// How many of them have more than one job, of whatever pool.
    pub(crate) fn stocked(&self) -> usize {
        self.stocked
    }

    /// How many jobs the worker has that has fewest, if each has more than one; otherwise none. One that may not be given
    /// another counts as having two.
    pub(crate) fn fewest_jobs(&self) -> u32 {
        if self.stocked < self.len() {
            return 0;
        }
        let fewest =
            self.circles.iter().filter_map(|circle| circle.iter().position(|line| line.head.is_some()));
        let unlisted = if self.listed < self.len() { 2 } else { u32::MAX };
        fewest.min().map_or(unlisted, |level| unlisted.min(level as u32))
    }

    /// A worker begins to offer the pool. It is not listed yet.
    pub(crate) fn add(&mut self, worker: PeerKey, credit_max: u32) -> MemberKey {
        let (standing, load) = (Standing::Unlisted, Load::AtMostOne);
        let (round_trips, distance) = (RoundTrips::default(), Distance::NEAR);
        self.members.insert(Member { worker, credit_max, round_trips, distance, standing, load })
    }

    /// A worker no longer offers the pool.
    pub(crate) fn remove(&mut self, key: MemberKey) {
        self.stand(key, 0, Listing::Unlisted);
        self.members.remove(key);
    }

    /// The way to a worker and back took so long. If that puts it elsewhere it is unlisted.
    pub(crate) fn record_round_trip(&mut self, key: MemberKey, round_trip: Duration) {
        let member = &mut self.members[key];
        member.round_trips.record(round_trip);
        let distance = member.round_trips.distance();
        if distance != member.distance {
            self.unlist(key);
            self.members[key].distance = distance;
        }
    }

    /// A worker has `jobs` jobs now. If it is listed it may be given another, unless that is all it takes.
    pub(crate) fn stand(&mut self, key: MemberKey, jobs: u32, listing: Listing) {
        let member = &mut self.members[key];
        let load = if jobs > 1 { Load::Several } else { Load::AtMostOne };
        match (std::mem::replace(&mut member.load, load), load) {
            (Load::AtMostOne, Load::Several) => self.stocked += 1,
            (Load::Several, Load::AtMostOne) => self.stocked -= 1,
            (Load::AtMostOne, Load::AtMostOne) | (Load::Several, Load::Several) => {}
        }
        let (circle, takes_more) = (member.distance.index(), jobs < member.credit_max);
        self.unlist(key);
        if listing == Listing::Listed && takes_more {
            self.list(key, circle, jobs);
        }
    }

    /// Puts a worker that stands nowhere behind those that are as far away and have as many jobs.
    fn list(&mut self, key: MemberKey, circle: usize, level: u32) {
        if self.circles.len() <= circle {
            self.circles.resize(circle + 1, Circle::new());
        }
        let circle = &mut self.circles[circle];
        if circle.len() <= level as usize {
            circle.resize(level as usize + 1, Line::default());
        }
        let line = &mut circle[level as usize];
        let previous = line.tail.replace(key);
        match previous {
            Some(previous) => *self.next_of(previous) = Some(key),
            None => line.head = Some(key),
        }
        self.members[key].standing = Standing::Listed { level, previous, next: None };
        self.listed += 1;
        self.idle += usize::from(level == 0);
    }

    /// The worker may not be given a job.
    fn unlist(&mut self, key: MemberKey) {
        let member = &mut self.members[key];
        let Standing::Listed { level, previous, next } = member.standing else { return };
        member.standing = Standing::Unlisted;
        let circle = member.distance.index();
        match previous {
            Some(previous) => *self.next_of(previous) = next,
            None => self.circles[circle][level as usize].head = next,
        }
        match next {
            Some(next) => *self.previous_of(next) = previous,
            None => self.circles[circle][level as usize].tail = previous,
        }
        self.listed -= 1;
        self.idle -= usize::from(level == 0);
    }

    /// The worker best placed to get a job, among those that have fewer than `credit` says for their distance.
    pub(crate) fn best(&self, credit: impl Fn(Distance) -> u32) -> Option<PeerKey> {
        let mut best: Option<(usize, MemberKey)> = None;
        for (index, circle) in self.circles.iter().enumerate() {
            let credit = credit(Distance::at(index)) as usize;
            // Further away is only better with fewer jobs.
            let levels_max = best.map_or(credit, |(level, _)| level.min(credit));
            let mut levels = circle.iter().take(levels_max).enumerate();
            let found = levels.find_map(|(level, line)| Some((level, line.head?)));
            best = found.or(best);
        }
        best.map(|(_, member)| self.members[member].worker)
    }

    /// Every worker that offers the pool.
    pub(crate) fn workers(&self) -> impl Iterator<Item = PeerKey> + '_ {
        self.members.values().map(|member| member.worker)
    }

    fn next_of(&mut self, key: MemberKey) -> &mut Option<MemberKey> {
        match &mut self.members[key].standing {
            Standing::Listed { next, .. } => next,
            Standing::Unlisted => unreachable!("a linked member is listed"),
        }
    }

    fn previous_of(&mut self, key: MemberKey) -> &mut Option<MemberKey> {
        match &mut self.members[key].standing {
            Standing::Listed { previous, .. } => previous,
            Standing::Unlisted => unreachable!("a linked member is listed"),
        }
    }
}
