//! What the log says of workers' lives: at INFO what an operator may want to see, at WARN what an operator should look at.

use super::super::event::SupervisorEvent;
use crate::common::WorkerExit;
use std::fmt;
use tracing::{error, info, warn};

/// Under which name a filter finds these lines, wherever they are written.
const TARGET: &str = "powerhose::supervisor";

/// Logs an event.
pub(super) fn write(event: &SupervisorEvent) {
    match event {
        SupervisorEvent::Spawned { slot, pid } => info!(target: TARGET, slot, pid, "worker process started"),
        SupervisorEvent::SpawnFailed { slot, error } => {
            warn!(target: TARGET, slot, error = error as &dyn std::error::Error, "worker process could not be started");
        }
        SupervisorEvent::Exited { .. } => write_end(event),
        SupervisorEvent::Left { slot, pid } => {
            info!(target: TARGET, slot, pid, "worker left after its jobs; the next one starts at once");
        }
        SupervisorEvent::Waits { slot, wait, short_lives } => {
            info!(target: TARGET, slot, ?wait, short_lives, "the next worker process waits: the one before lived too short");
        }
        SupervisorEvent::NotRegistered { slot, pid, within, others } => {
            warn!(
                target: TARGET,
                slot,
                pid,
                ?within,
                others_starting = others,
                "worker process did not register in time and is killed"
            );
        }
        SupervisorEvent::GivenUp { slot, failure, failures } => {
            error!(target: TARGET, slot, failures, %failure, "worker program keeps failing to start; not started again");
        }
        SupervisorEvent::NotReplaced { slot, failure, failures } => {
            error!(target: TARGET, slot, failures, %failure, "new worker process keeps failing to start; the old one works on");
        }
        SupervisorEvent::Recycled { slot, pid, wear } => {
            info!(target: TARGET, slot, pid, reason = %wear, "worker process is recycled");
        }
        SupervisorEvent::Replaced => info!(target: TARGET, "all worker processes have been replaced"),
        SupervisorEvent::ReplacementHalted { slot, working } => {
            let left = if *working == 0 { "no worker is left" } else { "the old ones work on" };
            error!(
                target: TARGET,
                slot,
                working,
                "replacement of worker processes halted: new ones do not start or end early; {left}"
            );
        }
        SupervisorEvent::Finished => info!(target: TARGET, "all worker processes have ended"),
    }
}

/// Logs the end of a process.
fn write_end(event: &SupervisorEvent) {
    let SupervisorEvent::Exited { slot, pid, exit, registered, asked, uptime } = event else { return };
    let (exit, uptime_ms) = (Exit(*exit), uptime.as_millis() as u64);
    if *asked {
        info!(target: TARGET, slot, pid, %exit, uptime_ms, "worker process ended, as asked");
    } else if exit.is_success() {
        // It said goodbye to its master, or has nothing to complain of: an order to stop, an end of its own.
        info!(target: TARGET, slot, pid, %exit, registered, uptime_ms, "worker process ended of its own accord");
    } else {
        warn!(target: TARGET, slot, pid, %exit, registered, uptime_ms, "worker process ended");
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
