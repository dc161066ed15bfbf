//! Every mistake that can be built into the dispatcher is found, and by a check that it concerns: a check that never
//! fired proves nothing.

use powerhose::mutations::{Mutation, switch};
use powerhose_simulation::{Check, Plan, Report, explore};

/// More worlds than the best hidden mistake needs by far.
const SEEDS: u64 = 2000;

/// What can find a mistake. Nothing that merely breaks down counts.
fn finders(mutation: Mutation) -> &'static [Check] {
    match mutation {
        Mutation::ForgetToFence => &[Check::EndsOnce, Check::Justified, Check::OwnReply],
        Mutation::ForgetToFreeCredit => &[Check::Idle],
        Mutation::ForgetToExpire => &[Check::InTime, Check::WakesUp],
        Mutation::ChargeTheWrongJob => &[Check::ChargedRight, Check::AttemptsMax],
        Mutation::ForgetToCharge => &[Check::AttemptsMax],
        Mutation::DispatchAfterQuiet => &[Check::Quieted],
        Mutation::IgnoreSession => &[Check::OwnReply, Check::EndsOnce, Check::GoneForAReason],
        Mutation::RepeatOnce => &[Check::Once],
        Mutation::CompanyForOnce => &[Check::Alone],
        Mutation::ForgetCancel => &[Check::Cancelled],
        Mutation::ForgetRecall => &[Check::Recalled],
        Mutation::KeepJobsOfGoneClient => &[Check::NoDeadJobs, Check::Cancelled],
        Mutation::ForgetTurns => &[Check::Fair],
        Mutation::WrongCall => &[Check::EndsOnce, Check::OwnReply, Check::Justified],
        Mutation::DeliverLateReply => &[Check::EndsOnce],
        Mutation::ExceedQueueBound => &[Check::Bounds],
        Mutation::TrustSuspects => &[Check::Suspects],
        Mutation::TrustOverdue => &[Check::Overdue],
        Mutation::CrowdLongRuns => &[Check::Occupied],
        Mutation::CrowdWorkers => &[Check::Spread],
        Mutation::ForgetSilence => &[Check::Silence],
        Mutation::BlameForPause => &[Check::GoneForAReason],
        Mutation::BelieveEverybody => &[Check::Proved],
        Mutation::ForgetToReturn => &[Check::Justified],
        Mutation::RepeatSession => &[Check::NewSession],
    }
}

/// How a mistake was found.
struct Found {
    runs: u64,
    report: Report,
}

#[test]
fn every_mistake_is_found_by_what_it_concerns() {
    std::panic::set_hook(Box::new(|_| {}));
    let found: Vec<_> = Mutation::ALL.iter().map(|mutation| (mutation, find(*mutation))).collect();
    let _ = std::panic::take_hook();
    for (mutation, found) in &found {
        println!("{:<22} {}", format!("{mutation:?}"), told(found.as_ref()));
    }
    let survivors: Vec<_> = found.iter().filter(|(_, found)| found.is_none()).map(|(name, _)| name).collect();
    assert!(survivors.is_empty(), "these survive, or are found by accident only: {survivors:?}");
}

/// The first world in which a check finds the mistake that it concerns.
fn find(mutation: Mutation) -> Option<Found> {
    let (mut first_seed, mut runs) = (1, 0);
    while runs < SEEDS {
        let plan = Plan { first_seed, seeds: SEEDS - runs, events: 500 };
        let (_, further, failure) = explore(&plan, || switch(Some(mutation)), || true);
        runs += further;
        let report = failure?;
        first_seed = report.seed + 1;
        if report.violation.as_ref().is_some_and(|violation| finders(mutation).contains(&violation.check)) {
            return Some(Found { runs, report });
        }
    }
    None
}

fn told(found: Option<&Found>) -> String {
    match found {
        Some(Found { runs, report }) => {
            let violation = report.violation.as_ref().expect("it was found");
            format!("after {runs:>4} runs, seed {:>4}: {violation}", report.seed)
        }
        None => "survives".to_owned(),
    }
}
