//! What the log says of workers' lives: at INFO what an operator may want to see, at WARN what an operator should look at.

use super::super::event::SupervisorEvent;
use crate::common::WorkerExit;
use std::fmt;
use tracing::{error, info, warn};

/// Logs an event.
pub(super) fn write(event: &SupervisorEvent) {
    match event {
        SupervisorEvent::Spawned { slot, pid } => info!(slot, pid, "worker process started"),
        SupervisorEvent::SpawnFailed { slot, error } => {
            warn!(slot, error = error as &dyn std::error::Error, "worker process could not be started");
        }
        SupervisorEvent::Exited { .. } => write_end(event),
        SupervisorEvent::Left { slot, pid } => {
            info!(slot, pid, "worker left after its jobs; the next one starts at once");
        }
        SupervisorEvent::Waits { slot, wait, short_lives } => {
            info!(slot, ?wait, short_lives, "the next worker process waits: the one before lived too short");
        }
        SupervisorEvent::NotRegistered { slot, pid, within, others } => {
            warn!(
                slot,
                pid,
                ?within,
                others_starting = others,
                "worker process did not register in time and is killed"
            );
        }
        SupervisorEvent::GivenUp { slot, failure, failures } => {
            error!(slot, failures, %failure, "worker program keeps failing to start; not started again");
        }
        SupervisorEvent::NotReplaced { slot, failure, failures } => {
            error!(slot, failures, %failure, "new worker process keeps failing to start; the old one works on");
        }
        SupervisorEvent::Recycled { slot, pid, wear } => {
            info!(slot, pid, reason = %wear, "worker process is recycled");
        }
        SupervisorEvent::Replaced => info!("all worker processes are replaced"),
        SupervisorEvent::ReplacementHalted { slot } => {
            error!(
                slot,
                "replacement of worker processes halted: new ones do not start; the old ones work on"
            );
        }
        SupervisorEvent::Finished => info!("all worker processes have ended"),
    }
}

/// Logs the end of a process.
fn write_end(event: &SupervisorEvent) {
    let SupervisorEvent::Exited { slot, pid, exit, registered, asked, uptime } = event else { return };
    let exit = Exit(*exit);
    if *asked {
        info!(slot, pid, %exit, ?uptime, "worker process ended, as asked");
    } else if exit.is_success() {
        // It said goodbye to its master, or has nothing to complain of: an order to stop, an end of its own.
        info!(slot, pid, %exit, registered, ?uptime, "worker process ended of its own accord");
    } else {
        warn!(slot, pid, %exit, registered, ?uptime, "worker process ended");
    }
}

struct Exit(Option<WorkerExit>);

impl Exit {
    fn is_success(&self) -> bool {
        matches!(self.0, Some(WorkerExit::Status(0)))
    }
}

impl fmt::Display for Exit {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(exit) => exit.fmt(formatter),
            None => formatter.write_str("unknown exit"),
        }
    }
}
