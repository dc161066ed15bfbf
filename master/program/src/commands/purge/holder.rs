//! Which process holds the lock of an endpoint.

use crate::exit::{Exit, Failure};
use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;
use rustix::process::Pid;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// The lock file beside a socket.
pub(super) struct Lock {
    path: PathBuf,
}

/// The process that has it.
pub(super) enum Taken {
    /// We.
    Free(Held),
    HeldBy(Pid),
}

/// The lock, for as long as this value exists.
pub(super) struct Held {
    _file: File,
}

impl Lock {
    /// Nothing if there is none.
    pub(super) fn open(socket: &Path) -> Result<Option<Lock>, Failure> {
        let mut path = socket.as_os_str().to_owned();
        path.push(".lock");
        let lock = Lock { path: path.into() };
        match fs::metadata(&lock.path) {
            Ok(_) => Ok(Some(lock)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(lock.unusable(&error)),
        }
    }

    /// Takes it, or tells which process holds it.
    pub(super) fn take(&self) -> Result<Taken, Failure> {
        let file = File::open(&self.path).map_err(|error| self.unusable(&error))?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Taken::Free(Held { _file: file })),
            Err(Errno::WOULDBLOCK) => self.holder(file),
            Err(error) => Err(self.unusable(&error.into())),
        }
    }

    /// What the master wrote into the file, if the kernel says the same.
    fn holder(&self, file: File) -> Result<Taken, Failure> {
        let written = fs::read_to_string(&self.path).map_err(|error| self.unusable(&error))?;
        let inode = file.metadata().map_err(|error| self.unusable(&error))?.ino();
        let locks = fs::read_to_string("/proc/locks").unwrap_or_default();
        let named: Option<i32> = written.trim().parse().ok();
        let confirmed = named.filter(|pid| holds(&locks, *pid, inode)).and_then(Pid::from_raw);
        if let Some(pid) = confirmed {
            return Ok(Taken::HeldBy(pid));
        }
        // It may have been given up just now.
        if flock(&file, FlockOperation::NonBlockingLockExclusive).is_ok() {
            return Ok(Taken::Free(Held { _file: file }));
        }
        let (path, named) = (self.path.display(), written.trim());
        let text =
            format!("{path} is locked, but not by the process that it names ({named}), which is left alone");
        Err(Failure::new(Exit::AlreadyRunning, text))
    }

    fn unusable(&self, error: &io::Error) -> Failure {
        Failure::system(&format!("use the lock file {}", self.path.display()), error)
    }
}

/// Whether the kernel's list has a lock of this process on this file.
fn holds(locks: &str, pid: i32, inode: u64) -> bool {
    locks.lines().any(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [_, "FLOCK", _, "WRITE", holder, file, ..] = words[..] else { return false };
        holder.parse() == Ok(pid) && file.rsplit(':').next().is_some_and(|number| number.parse() == Ok(inode))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_holder_of_this_very_file_is_found() {
        let locks = "1: FLOCK  ADVISORY  WRITE 4711 08:01:9000 0 EOF\n2: POSIX  ADVISORY  WRITE 12 08:01:9000 0 EOF\n";
        assert!(holds(locks, 4711, 9000));
        assert!(!holds(locks, 4711, 9001), "another file");
        assert!(!holds(locks, 4712, 9000), "another process");
        assert!(!holds(locks, 12, 9000), "another kind of lock");
    }
}
