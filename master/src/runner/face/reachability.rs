//! What a runner tells of its master without asking it: whether new peers find it, how many jobs had no reply.

use super::job_runner::JobRunner;
use crate::common::{Reachability, Unanswered};
use crate::wires::paths::Outlook;

impl JobRunner {
    pub(super) fn of_master(mut self, outlook: Outlook, unanswered: Unanswered) -> JobRunner {
        self.outlook = outlook;
        self.unanswered = unanswered;
        self
    }

    /// Counts the jobs that end without a reply.
    pub fn unanswered(&self) -> Unanswered {
        self.unanswered.clone()
    }

    /// Whether new peers find a master in this process: the file of a socket can be removed while the master listens, as
    /// cleaners of temporary files do. For probes: the jobs of those that are connected go on in any case. At a client
    /// it always says [`Reachable`](Reachability::Reachable).
    pub fn reachability(&self) -> Reachability {
        self.outlook.reachability()
    }
}
