//! What is to become of a master that new peers do not find. Pure.

use powerhose::Reachability;
use std::time::{Duration, Instant};

/// So long a master tries to get its only endpoint back; then it ends.
const ABSENT_MAX: Duration = Duration::from_secs(60);

/// No time between two looks counts for more: a pause of our own is no time in which the master could try.
const LOOK_MAX: Duration = Duration::from_secs(2);

/// For how long nobody has found the master.
#[derive(Debug, Default)]
pub(super) struct Absence {
    lasted: Duration,
    last_look: Option<Instant>,
}

/// What follows.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Peers find the master.
    Present,
    /// It tries to get its endpoint back.
    Waits,
    /// Another has it: there are never two masters that both believe in one endpoint.
    GivesWay(String),
    /// Nobody can be served any more, and a new start may help.
    GivesUp(String),
}

impl Absence {
    /// What a look has found; the master listens at so many endpoints.
    pub(super) fn judge(&mut self, found: &Reachability, endpoints: usize, now: Instant) -> Verdict {
        let passed = self.last_look.map_or(Duration::ZERO, |last| now.saturating_duration_since(last));
        self.last_look = Some(now);
        match found {
            Reachability::Reachable => {
                *self = Absence::default();
                Verdict::Present
            }
            Reachability::TakenOver { .. } => Verdict::GivesWay(found.to_string()),
            Reachability::Lost { .. } => {
                self.lasted += passed.min(LOOK_MAX);
                // Peers of another endpoint are served as ever.
                if self.lasted >= ABSENT_MAX && endpoints == 1 {
                    Verdict::GivesUp(found.to_string())
                } else {
                    Verdict::Waits
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lost() -> Reachability {
        Reachability::Lost { endpoint: "ipc:///x".parse().expect("one"), problem: "no".to_owned() }
    }

    /// The verdicts on these looks, a second apart.
    fn verdicts(absence: &mut Absence, begun: Instant, endpoints: usize, looks: u64) -> Vec<Verdict> {
        let at = |second| begun + Duration::from_secs(second);
        (0..looks).map(|second| absence.judge(&lost(), endpoints, at(second))).collect()
    }

    #[test]
    fn a_master_that_does_not_get_its_only_endpoint_back_gives_up() {
        let (mut absence, begun) = (Absence::default(), Instant::now());
        assert!(verdicts(&mut absence, begun, 1, 60).iter().all(|verdict| *verdict == Verdict::Waits));
        let later = begun + Duration::from_secs(60);
        assert_eq!(absence.judge(&Reachability::Reachable, 1, later), Verdict::Present);
        // The time begins anew.
        let mut again = verdicts(&mut absence, later, 1, 61);
        assert_eq!(again.pop(), Some(Verdict::GivesUp("nobody finds the master at ipc:///x: no".to_owned())));
        assert!(again.iter().all(|verdict| *verdict == Verdict::Waits));
    }

    #[test]
    fn a_pause_of_our_own_counts_as_a_look() {
        let (mut absence, begun) = (Absence::default(), Instant::now());
        assert_eq!(absence.judge(&lost(), 1, begun), Verdict::Waits);
        assert_eq!(absence.judge(&lost(), 1, begun + ABSENT_MAX * 2), Verdict::Waits);
    }

    #[test]
    fn a_master_that_is_found_elsewhere_goes_on() {
        let verdicts = verdicts(&mut Absence::default(), Instant::now(), 2, 200);
        assert!(verdicts.iter().all(|verdict| *verdict == Verdict::Waits));
    }

    #[test]
    fn a_master_whose_endpoint_another_has_gives_way_at_once() {
        let taken = Reachability::TakenOver { endpoint: "ipc:///x".parse().expect("one"), pid: Some(7) };
        let verdict = Absence::default().judge(&taken, 2, Instant::now());
        assert_eq!(verdict, Verdict::GivesWay("another master has ipc:///x (pid 7)".to_owned()));
    }
}
