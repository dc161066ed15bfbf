//! The start of a cluster: it waits until all workers have registered, or one of them did not.

use super::ClusterError;
use crate::common::Notice;
use crate::runner::JobRunner;
use crate::supervisor::{
    SpawnError, StartFailure, Supervisor, SupervisorEvent, SupervisorSettings, WorkerCommand,
};
use crate::wires::patience::Patience;
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// What matters for the start of a cluster.
pub(super) enum Happened {
    Registered { pid: u32 },
    Failed(StartFailure),
    Late { starting: usize },
}

/// Starts the workers; what matters for the start of the cluster goes into the channel.
pub(super) fn supervise(
    command: WorkerCommand,
    settings: SupervisorSettings,
    runner: &JobRunner,
    happened: Sender<Happened>,
) -> Result<Arc<Supervisor>, SpawnError> {
    let failed = happened.clone();
    let listener = move |event: SupervisorEvent| match event {
        SupervisorEvent::Exited { exit, registered: false, .. } => {
            drop(failed.send(Happened::Failed(StartFailure::Exited(exit))));
        }
        SupervisorEvent::SpawnFailed { error, .. } => {
            drop(failed.send(Happened::Failed(StartFailure::NotSpawned(error))));
        }
        SupervisorEvent::NotRegistered { others, .. } => {
            drop(failed.send(Happened::Late { starting: others + 1 }));
        }
        SupervisorEvent::Spawned { .. }
        | SupervisorEvent::Exited { registered: true, .. }
        | SupervisorEvent::Left { .. }
        | SupervisorEvent::Waits { .. }
        | SupervisorEvent::GivenUp { .. }
        | SupervisorEvent::NotReplaced { .. }
        | SupervisorEvent::Recycled { .. }
        | SupervisorEvent::Replaced
        | SupervisorEvent::ReplacementHalted { .. }
        | SupervisorEvent::Finished => {}
    };
    // Before the first worker can register.
    runner.on_notice(move |notice| {
        if let Notice::WorkerRegistered { pid, .. } = notice {
            // Nobody listens any longer once the cluster has started.
            drop(happened.send(Happened::Registered { pid: *pid }));
        }
    });
    runner.supervise(command, settings, Box::new(listener))
}

/// The start of a cluster.
pub(super) struct Wait {
    pub(super) program: PathBuf,
    pub(super) wanted: usize,
    pub(super) within: Duration,
    pub(super) starting_max: usize,
}

impl Wait {
    pub(super) fn until_all_are_there(self, events: &Receiver<Happened>) -> Result<(), ClusterError> {
        // Each has its time from its own turn, and the supervisor tells who is late.
        let turns = self.wanted.div_ceil(self.starting_max) + 1;
        let turns = turns.try_into().unwrap_or(u32::MAX);
        let mut patience = Patience::new(self.within.saturating_mul(turns));
        let mut registered = Vec::new();
        while registered.len() < self.wanted {
            match patience.receive(events) {
                Ok(Happened::Registered { pid }) if registered.contains(&pid) => {}
                Ok(Happened::Registered { pid }) => registered.push(pid),
                Ok(Happened::Failed(failure)) => {
                    return Err(ClusterError::Worker { program: self.program, failure });
                }
                Ok(Happened::Late { starting }) => return Err(self.missing(registered.len(), starting)),
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                    let starting = self.wanted - registered.len();
                    return Err(self.missing(registered.len(), starting));
                }
            }
        }
        Ok(())
    }

    fn missing(self, registered: usize, starting: usize) -> ClusterError {
        let Wait { program, wanted, within, .. } = self;
        ClusterError::WorkersMissing { program, wanted, registered, starting, within }
    }
}
