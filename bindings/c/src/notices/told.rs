//! A notice as JSON.

use powerhose::{GoneCause, Notice, WorkerExit};
use serde_json::{Value, json};

pub(super) fn notice(notice: &Notice, missed: u64) -> Value {
    let mut told = match notice {
        Notice::WorkerRegistered { worker, pid, pools } => {
            json!({ "notice": "worker_registered", "worker": worker, "pid": pid, "pools": pools })
        }
        Notice::WorkerGone { worker, pid, cause, job, answered } => json!({
            "notice": "worker_gone",
            "worker": worker,
            "pid": pid,
            "cause": self::cause(*cause),
            "exit_status": exit(*cause).and_then(status),
            "signal": exit(*cause).and_then(signal),
            "job": job.map(|job| job.to_wire()),
            "answered": answered,
        }),
        Notice::WorkerOverdue { worker, job } => {
            json!({ "notice": "worker_overdue", "worker": worker, "job": job.to_wire() })
        }
        Notice::WorkerBack { worker } => json!({ "notice": "worker_back", "worker": worker }),
        Notice::WorkerServed { worker, pid, jobs } => {
            json!({ "notice": "worker_served", "worker": worker, "pid": pid, "jobs": jobs })
        }
        Notice::ClientConnected { client } => json!({ "notice": "client_connected", "client": client }),
        Notice::ClientGone { client, cause } => {
            json!({ "notice": "client_gone", "client": client, "cause": self::cause(*cause) })
        }
        // Of a later version of the crate, which this one is compiled with anew.
        _ => json!({ "notice": "unknown" }),
    };
    if missed > 0 {
        told["missed"] = missed.into();
    }
    told
}

fn cause(cause: GoneCause) -> &'static str {
    match cause {
        GoneCause::Goodbye => "goodbye",
        GoneCause::Disconnected => "disconnected",
        GoneCause::Silent => "silent",
        GoneCause::Exited(_) => "exited",
        GoneCause::Renewed => "renewed",
        GoneCause::CutOff => "cut_off",
        _ => "unknown",
    }
}

fn exit(cause: GoneCause) -> Option<WorkerExit> {
    if let GoneCause::Exited(exit) = cause { Some(exit) } else { None }
}

fn status(exit: WorkerExit) -> Option<i32> {
    if let WorkerExit::Status(status) = exit { Some(status) } else { None }
}

fn signal(exit: WorkerExit) -> Option<i32> {
    if let WorkerExit::Signal(signal) = exit { Some(signal) } else { None }
}
