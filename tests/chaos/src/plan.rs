//! Which fault comes when: determined by the seed, before anything runs.

use crate::fault::Fault;
use powerhose_harness::Draws;
use std::time::Duration;

/// One fault to be applied.
#[derive(Clone)]
pub(crate) struct Planned {
    /// From the beginning of the faults.
    pub(crate) at: Duration,
    pub(crate) fault: Fault,
    /// Decides all that the fault leaves open: whom it meets, how long it lasts.
    pub(crate) random: Draws,
}

/// The least number of mean gaps that a run must have room for so that every fault is sure to come.
const ROUNDS_MIN: u32 = 2;

/// Every fault once in a drawn order, then faults by their weight, until the time is over.
pub(crate) fn plan(seed: u64, length: Duration, every: Duration, faults: &[Fault]) -> Vec<Planned> {
    let mut random = Draws::of_part(seed, 1);
    let mut first = faults.to_vec();
    random.shuffle(&mut first);
    let mut first = first.into_iter();
    let mut planned = Vec::new();
    let mut at = Duration::ZERO;
    loop {
        let fraction = random.between(100, 1900) as u32;
        at += every * fraction / 1000;
        let Some(fault) = first.next().or_else(|| by_weight(&mut random, faults)) else { break };
        if at >= length {
            break;
        }
        planned.push(Planned { at, fault, random: Draws::new(random.number()) });
    }
    planned
}

/// Whether a run of this length is long enough for every fault to come.
pub(crate) fn is_complete(length: Duration, every: Duration, faults: &[Fault]) -> bool {
    every * ROUNDS_MIN * faults.len() as u32 <= length
}

fn by_weight(random: &mut Draws, faults: &[Fault]) -> Option<Fault> {
    let total: u64 = faults.iter().map(|fault| fault.weight()).sum();
    let mut drawn = random.below(total.max(1));
    faults.iter().copied().find(|fault| {
        let found = drawn < fault.weight();
        drawn = drawn.saturating_sub(fault.weight());
        found
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::Mode;

    const EVERY: Duration = Duration::from_millis(400);

    #[test]
    fn a_seed_determines_the_plan() {
        let faults = Fault::all(Mode::Remote);
        let drawn = |seed| {
            let planned = plan(seed, Duration::from_secs(60), EVERY, &faults);
            planned.into_iter().map(|one| (one.at, one.fault)).collect::<Vec<_>>()
        };
        assert_eq!(drawn(7), drawn(7));
        assert_ne!(drawn(7), drawn(8));
    }

    #[test]
    fn every_fault_comes_in_a_run_that_is_long_enough() {
        let faults = Fault::all(Mode::Remote);
        let length = EVERY * 2 * faults.len() as u32;
        assert!(is_complete(length, EVERY, &faults));
        for seed in 0..200 {
            let planned = plan(seed, length, EVERY, &faults);
            assert!(faults.iter().all(|fault| planned.iter().any(|one| one.fault == *fault)), "seed {seed}");
        }
    }
}
