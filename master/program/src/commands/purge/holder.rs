//! Which process holds the lock of an endpoint.

use crate::exit::{Exit, Failure};
use crate::strays::{holds, lock_path, locks};
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
        let lock = Lock { path: lock_path(socket) };
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
        let named: Option<i32> = written.trim().parse().ok();
        let confirmed = named.filter(|pid| holds(&locks(), *pid, inode)).and_then(Pid::from_raw);
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
        let path = self.path.display();
        let owner = fs::symlink_metadata(&self.path).map(|found| found.uid());
        match owner {
            Ok(owner) if owner != rustix::process::geteuid().as_raw() => Failure::system(
                &format!("use the lock file {path}"),
                format_args!("{error}: it belongs to the user with uid {owner}; purge as that user (sudo)"),
            ),
            _ => Failure::system(&format!("use the lock file {path}"), error),
        }
    }
}
