//! How fast deaths are acted upon. Where the master was away itself, nothing is measured.

use crate::attackers::is_attacker;
use crate::clock::Moment;
use crate::conductor::{Facts, HarmKind};
use crate::processes::Run;
use std::collections::BTreeSet;
use std::time::Duration;

/// After an outage clients and workers come back first.
const RECOVERY: Duration = Duration::from_secs(2);

/// So many others must be registered: what a job waits for when there are none is their start.
const COLLEAGUES_MIN: usize = 2;

/// What was measured, in ascending order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Spread(Vec<Duration>);

impl Spread {
    pub(crate) fn new(mut all: Vec<Duration>) -> Spread {
        all.sort_unstable();
        Spread(all)
    }

    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }

    /// The measurement below which this share of all lies, in thousandths; zero if there is none.
    pub(crate) fn at(&self, thousandths: usize) -> Duration {
        let place = self.0.len().saturating_sub(1) * thousandths / 1000;
        self.0.get(place).copied().unwrap_or(Duration::ZERO)
    }

    pub(crate) fn max(&self) -> Duration {
        self.at(1000)
    }
}

/// From kill -9 of a worker to the master's noticing it.
pub(super) fn noticed(facts: &Facts) -> Spread {
    Spread::new(deaths(facts).map(|death| death.noticed.since(death.killed)).collect())
}

/// From kill -9 of a worker to the end of its process, which is the system's part of that.
pub(super) fn ended(facts: &Facts) -> Spread {
    Spread::new(deaths(facts).filter_map(|death| Some(death.ended?.since(death.killed))).collect())
}

/// From the end of its process to the master's noticing it, which is the master's part. Zero where the master knew before
/// the thread that waited for the end.
pub(super) fn noticed_after_end(facts: &Facts) -> Spread {
    Spread::new(deaths(facts).filter_map(|death| Some(death.noticed.since(death.ended?))).collect())
}

/// A worker that was killed, while the master was there.
struct Death {
    killed: Moment,
    ended: Option<Moment>,
    noticed: Moment,
}

fn deaths(facts: &Facts) -> impl Iterator<Item = Death> + '_ {
    kills(facts).filter_map(|(pid, killed)| {
        let gone = facts.gone.iter().find(|gone| gone.pid == pid && gone.at >= killed)?;
        let death = Death { killed, ended: facts.ends.of(pid), noticed: gone.at };
        is_fair(facts, killed, gone.at).then_some(death)
    })
}

/// From kill -9 of a worker to the beginning of the next attempt of the job that it ran, where others could take it.
pub(super) fn redispatched(facts: &Facts) -> Spread {
    let mut all = Vec::new();
    for runs in facts.runs.values() {
        for pair in runs.windows(2) {
            let [first, second] = pair else { continue };
            if let Some(killed) = killed_during(facts, first, second.began)
                && is_fair(facts, killed, second.began)
                && colleagues(facts, killed) >= COLLEAGUES_MIN
            {
                all.push(second.began.since(killed));
            }
        }
    }
    Spread::new(all)
}

fn kills(facts: &Facts) -> impl Iterator<Item = (u32, Moment)> + '_ {
    let of_one = |(pid, harms): (&u32, &Vec<crate::conductor::Harm>)| {
        let kill = harms.iter().find(|harm| harm.kind == HarmKind::Kill)?;
        Some((*pid, kill.at))
    };
    facts.harms.iter().filter_map(of_one)
}

/// Workers that were registered then and to which nothing had been done.
fn colleagues(facts: &Facts, at: Moment) -> usize {
    let before = facts.registered.iter().filter(|registered| registered.at <= at);
    let pids: BTreeSet<u32> =
        before.map(|registered| registered.pid).filter(|pid| !is_attacker(*pid)).collect();
    let is_well = |pid: &u32| {
        let gone = facts.gone.iter().any(|gone| gone.pid == *pid && gone.at <= at);
        !gone && facts.harms_of(*pid, at).next().is_none()
    };
    pids.iter().filter(|pid| is_well(pid)).count()
}

fn killed_during(facts: &Facts, run: &Run, until: Moment) -> Option<Moment> {
    let harms = facts.harms.get(&run.pid)?;
    // Had it been stopped before, its job could have gone elsewhere before it died.
    let [only] = &harms[..] else { return None };
    (only.kind == HarmKind::Kill && run.began <= only.at && only.at <= until).then_some(only.at)
}

fn is_fair(facts: &Facts, from: Moment, to: Moment) -> bool {
    !facts.was_away(from.minus(RECOVERY), to)
}
