//! `powerhose purge`: ends the master that holds an endpoint, and removes what it left behind.
//!
//! The lock file beside the socket names the process; the kernel says whether that process really holds the lock of exactly
//! this file. Only then does the command signal it. It never removes a lock file: a second file under the same name would be a
//! second lock.

mod holder;

use crate::exit::{Exit, Failure, Outcome};
use crate::options::common::CommonOptions;
use crate::options::values::duration;
use crate::print;
use crate::strays::{holders, strays};
use clap::Args;
use holder::{Held, Lock, Taken};
use powerhose_protocol::Endpoint;
use rustix::process::{Pid, Signal, kill_process};
use std::fs;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::Path;
use std::time::Duration;

const LOOK_AGAIN_AFTER: Duration = Duration::from_millis(20);
/// How long the kernel may take with a process that was killed.
const KILLED_WITHIN: Duration = Duration::from_secs(5);

/// Flags of `purge`.
#[derive(Args, Debug)]
pub(crate) struct PurgeOptions {
    /// How long the master may take to end by itself before it is killed. Its jobs have so long to finish.
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "5s")]
    within: Duration,
}

/// Ends it, if there is one.
pub(super) fn purge(common: &CommonOptions, options: &PurgeOptions) -> Outcome {
    let endpoint = common.endpoint()?;
    let parsed = endpoint.parse::<Endpoint>().map_err(|error| Failure::new(Exit::Usage, error))?;
    let Some(socket) = parsed.path() else {
        return Err(Failure::new(
            Exit::Usage,
            format_args!(
                "{endpoint}: purge is for ipc:// endpoints; a TCP port is free when its master ends"
            ),
        ));
    };
    let ended = end_strays(socket, options.within)?;
    let Some(lock) = Lock::open(socket)? else {
        let found = if ended { "nothing left behind" } else { "no master was ever there" };
        return print::text(&format!("{endpoint}: {found}"));
    };
    // Held while we clean up: nobody begins to listen meanwhile.
    let _held = match lock.take()? {
        Taken::Free(held) => held,
        Taken::HeldBy(pid) => end(&lock, pid, options.within)?,
    };
    let removed = remove_socket(socket)?;
    print::text(&format!(
        "{endpoint}: {}",
        if removed { "removed the socket" } else { "nothing left behind" }
    ))
}

/// Ends the masters that believe in this endpoint although its lock file was removed. Whether there were any.
fn end_strays(socket: &Path, within: Duration) -> Result<bool, Failure> {
    let found = strays(socket);
    for pid in &found {
        let text = format!("ending the master with pid {}, whose lock file was removed", pid.as_raw_pid());
        print::text(&text)?;
        end_stray(socket, *pid, within)?;
    }
    Ok(!found.is_empty())
}

fn end_stray(socket: &Path, pid: Pid, within: Duration) -> Result<(), Failure> {
    for (signal, within) in [(Signal::TERM, within), (Signal::KILL, KILLED_WITHIN)] {
        kill_process(pid, signal).map_err(|error| Failure::system("end the master", error))?;
        for _ in 0..=within.as_millis().div_ceil(LOOK_AGAIN_AFTER.as_millis()) {
            // It may get the endpoint back while it ends.
            if !holders(socket).contains(&pid) {
                return Ok(());
            }
            std::thread::sleep(LOOK_AGAIN_AFTER);
        }
    }
    Err(Failure::new(Exit::System, format_args!("the master with pid {} does not end", pid.as_raw_pid())))
}

/// Ends the process that holds the lock; at the end we hold it.
fn end(lock: &Lock, pid: Pid, within: Duration) -> Result<Held, Failure> {
    print::text(&format!("ending the master with pid {}", pid.as_raw_pid()))?;
    for (signal, within) in [(Signal::TERM, within), (Signal::KILL, KILLED_WITHIN)] {
        kill_process(pid, signal).map_err(|error| Failure::system("end the master", error))?;
        // Counted in looks: a pause of our own is no time that the master had.
        for _ in 0..=within.as_millis().div_ceil(LOOK_AGAIN_AFTER.as_millis()) {
            match lock.take()? {
                Taken::Free(held) => return Ok(held),
                Taken::HeldBy(holder) if holder == pid => std::thread::sleep(LOOK_AGAIN_AFTER),
                Taken::HeldBy(_) => {
                    return Err(Failure::new(
                        Exit::AlreadyRunning,
                        "another master has taken its place just now",
                    ));
                }
            }
        }
    }
    Err(Failure::new(Exit::System, format_args!("the master with pid {} does not end", pid.as_raw_pid())))
}

/// Only a socket, and only ours.
fn remove_socket(socket: &Path) -> Result<bool, Failure> {
    let Ok(found) = fs::symlink_metadata(socket) else { return Ok(false) };
    if !found.file_type().is_socket() || found.uid() != rustix::process::geteuid().as_raw() {
        let text = format!("{} is no socket of this user, and is left as it is", socket.display());
        return Err(Failure::new(Exit::Bind, text));
    }
    fs::remove_file(socket)
        .map(|()| true)
        .map_err(|error| Failure::system(&format!("remove {}", socket.display()), error))
}
