//! Whether new peers find the master of a runner.

use super::job_runner::JobRunner;
use crate::common::Reachability;
use crate::wires::paths::Outlook;

impl JobRunner {
    pub(super) fn with_outlook(mut self, outlook: Outlook) -> JobRunner {
        self.outlook = outlook;
        self
    }

    /// Whether new peers find a master in this process: the file of a socket can be removed while the master listens, as
    /// cleaners of temporary files do. For probes: the jobs of those that are connected go on in any case. At a client
    /// it always says [`Reachable`](Reachability::Reachable).
    pub fn reachability(&self) -> Reachability {
        self.outlook.reachability()
    }
}
