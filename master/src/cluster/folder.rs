//! A folder for one cluster's socket, for this user only. The cluster removes it at its end. If its process was killed, the
//! next cluster that starts removes it.

use super::ClusterError;
use ring::rand::{SecureRandom, SystemRandom};
use rustix::fs::{FlockOperation, flock};
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

const PREFIX: &str = "powerhose-cluster-";
const LOCK: &str = "in-use";

/// Exists for as long as this value.
#[derive(Debug)]
pub(super) struct PrivateFolder {
    path: PathBuf,
    /// Locked, so that others see that the folder is in use.
    _lock: File,
}

impl PrivateFolder {
    /// Makes one in `$XDG_RUNTIME_DIR`, or else among the temporary files.
    pub(super) fn make() -> Result<PrivateFolder, ClusterError> {
        let parent = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from).filter(|folder| folder.is_dir());
        let parent = parent.unwrap_or_else(std::env::temp_dir);
        remove_abandoned(&parent);
        make_in(&parent).map_err(|source| ClusterError::Folder { parent, source })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for PrivateFolder {
    fn drop(&mut self) {
        // What cannot be removed now is removed by the next cluster.
        let _ = fs::remove_dir_all(&self.path);
    }
}

fn make_in(parent: &Path) -> io::Result<PrivateFolder> {
    let mut random = [0; 8];
    SystemRandom::new()
        .fill(&mut random)
        .map_err(|_| io::Error::other("the system has no random numbers"))?;
    let path = parent.join(format!("{PREFIX}{:016x}", u64::from_ne_bytes(random)));
    DirBuilder::new().mode(0o700).create(&path)?;
    let lock = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path.join(LOCK))?;
    flock(&lock, FlockOperation::NonBlockingLockExclusive)?;
    Ok(PrivateFolder { path, _lock: lock })
}

/// Removes folders of this user's clusters that ended without doing so.
fn remove_abandoned(parent: &Path) {
    let Ok(entries) = fs::read_dir(parent) else { return };
    for entry in entries.flatten() {
        if entry.file_name().to_string_lossy().starts_with(PREFIX) && is_abandoned(&entry.path()) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

fn is_abandoned(path: &Path) -> bool {
    let ours = fs::symlink_metadata(path)
        .is_ok_and(|folder| folder.is_dir() && folder.uid() == rustix::process::geteuid().as_raw());
    // One without a lock file is being made at this moment.
    ours && File::open(path.join(LOCK))
        .is_ok_and(|lock| flock(&lock, FlockOperation::NonBlockingLockExclusive).is_ok())
}
