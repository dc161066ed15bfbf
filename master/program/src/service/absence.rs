//! What is to become of a master that new peers do not find. Pure.

use powerhose::Reachability;
use std::time::{Duration, Instant};

/// So long a master tries to get its only endpoint back; then it ends.
const ABSENT_MAX: Duration = Duration::from_secs(60);

/// Since when nobody finds the master.
#[derive(Debug, Default)]
pub(super) struct Absence {
    since: Option<Instant>,
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
        match found {
            Reachability::Reachable => {
                self.since = None;
                Verdict::Present
            }
            Reachability::TakenOver { .. } => Verdict::GivesWay(found.to_string()),
            Reachability::Lost { .. } => {
                let since = *self.since.get_or_insert(now);
                let is_over = now.saturating_duration_since(since) >= ABSENT_MAX;
                // Peers of another endpoint are served as ever.
                if is_over && endpoints == 1 { Verdict::GivesUp(found.to_string()) } else { Verdict::Waits }
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

    #[test]
    fn a_master_that_does_not_get_its_only_endpoint_back_gives_up() {
        let (mut absence, begun) = (Absence::default(), Instant::now());
        let mut at = |seconds, found| absence.judge(&found, 1, begun + Duration::from_secs(seconds));
        assert_eq!(at(0, lost()), Verdict::Waits);
        assert_eq!(at(59, lost()), Verdict::Waits);
        assert_eq!(at(60, Reachability::Reachable), Verdict::Present);
        assert_eq!(at(61, lost()), Verdict::Waits, "the time begins anew");
        assert_eq!(at(121, lost()), Verdict::GivesUp("nobody finds the master at ipc:///x: no".to_owned()));
    }

    #[test]
    fn a_master_that_is_found_elsewhere_goes_on() {
        let (mut absence, begun) = (Absence::default(), Instant::now());
        assert_eq!(absence.judge(&lost(), 2, begun), Verdict::Waits);
        assert_eq!(absence.judge(&lost(), 2, begun + ABSENT_MAX * 2), Verdict::Waits);
    }

    #[test]
    fn a_master_whose_endpoint_another_has_gives_way_at_once() {
        let taken = Reachability::TakenOver { endpoint: "ipc:///x".parse().expect("one"), pid: Some(7) };
        let verdict = Absence::default().judge(&taken, 2, Instant::now());
        assert_eq!(verdict, Verdict::GivesWay("another master has ipc:///x (pid 7)".to_owned()));
    }
}
