//! What the service does while new peers, its own new workers among them, do not find the master.

use super::absence::Verdict;
use super::{Phase, Service, worse};
use crate::exit::Exit;
use powerhose::Reachability;
use std::time::Instant;
use tracing::{error, info, warn};

impl Service {
    /// Replaces all workers, as soon as new ones find the master.
    pub(super) fn replace(&mut self) {
        let Some(supervisor) = &self.supervisor else {
            return info!("there are no workers here to be replaced");
        };
        // New ones would not find the master, and those that there are would be missing.
        self.replaces_later = self.is_lost();
        if self.replaces_later {
            return warn!("workers are replaced once the master has its endpoint back");
        }
        info!("replacing the workers, one after the other");
        supervisor.replace_all();
    }

    /// Whether new workers would not find the master.
    pub(super) fn is_lost(&self) -> bool {
        self.runner.as_ref().is_some_and(|runner| runner.reachability() != Reachability::Reachable)
    }

    /// Ends where the endpoint is lost for good; there are never two masters that both believe in one.
    pub(super) fn look_whether_peers_find_us(&mut self) {
        let Some(runner) = &self.runner else { return };
        let (found, endpoints) = (runner.reachability(), runner.endpoints().len());
        match self.absence.judge(&found, endpoints, Instant::now()) {
            Verdict::Present if std::mem::take(&mut self.replaces_later) => self.replace(),
            Verdict::Present | Verdict::Waits => {}
            Verdict::GivesWay(why) | Verdict::GivesUp(why) if self.phase == Phase::Running => {
                error!(why, "the endpoint is lost for good, and the master ends");
                self.exit = worse(self.exit, Exit::EndpointLost);
                self.drain();
            }
            Verdict::GivesWay(_) | Verdict::GivesUp(_) => {}
        }
    }
}
