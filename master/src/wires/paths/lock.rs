//! The lock file beside a socket. The kernel frees the lock when its holder ends, however it ends; the file itself is never
//! removed (a second lock file under the same name would be a second lock).

use super::folder::owner_to_be;
use super::inode::Inode;
use rustix::fs::{FlockOperation, OFlags, fchown, flock};
use rustix::io::Errno;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// How often the file may vanish while it is being locked.
const TRIES_MAX: usize = 16;

/// A lock that is held.
#[derive(Debug)]
pub(super) struct LockFile {
    file: File,
    inode: Inode,
}

/// Why the lock is not ours.
#[derive(Debug)]
pub(super) enum LockError {
    /// Another process has it; the id is what it wrote into the file.
    Held {
        pid: Option<u32>,
    },
    /// This belongs to another user, who lets us not in.
    Foreign {
        path: PathBuf,
        owner: u32,
    },
    Io(io::Error),
}

impl LockFile {
    /// Takes the lock of a socket's path, whose folder is there.
    pub(super) fn take(socket: &Path) -> Result<LockFile, LockError> {
        let path = lock_path(socket);
        for _ in 0..TRIES_MAX {
            let mut file = open(&path).map_err(|error| refused(&path, error))?;
            match flock(&file, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => {}
                Err(Errno::WOULDBLOCK) => return Err(LockError::Held { pid: read_pid(&mut file) }),
                Err(error) => return Err(LockError::Io(error.into())),
            }
            let inode = Inode::of_file(&file).map_err(LockError::Io)?;
            // It may have been removed before it was locked: then it keeps nobody off.
            if Inode::at(&path).ok() == Some(inode) {
                write_pid(&mut file).map_err(LockError::Io)?;
                return Ok(LockFile { file, inode });
            }
        }
        Err(LockError::Io(io::Error::other("it is removed again and again")))
    }

    /// Whether it is the one that others find there.
    pub(super) fn is_at(&self, socket: &Path) -> bool {
        Inode::at(&lock_path(socket)).ok() == Some(self.inode)
    }

    #[cfg(test)]
    pub(super) fn file(&self) -> &File {
        &self.file
    }
}

impl Drop for LockFile {
    /// Not by closing the file alone: a child that is just being started has a copy of it until it is another program.
    fn drop(&mut self) {
        let _ = flock(&self.file, FlockOperation::Unlock);
    }
}

fn lock_path(socket: &Path) -> PathBuf {
    let mut path = socket.as_os_str().to_owned();
    path.push(".lock");
    path.into()
}

/// Never through a link: who owns the folder must not have us write elsewhere.
fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).mode(0o600).custom_flags(OFlags::NOFOLLOW.bits() as i32);
    for _ in 0..TRIES_MAX {
        match options.create_new(false).open(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            opened => return opened,
        }
        match options.create_new(true).open(path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
            Ok(file) => {
                hand_over(&file, path)?;
                return Ok(file);
            }
        }
    }
    Err(io::Error::other("it comes and goes"))
}

/// A start with sudo must not lock the user out of his own folder.
fn hand_over(file: &File, path: &Path) -> io::Result<()> {
    if let Some(owner) = path.parent().and_then(owner_to_be) {
        fchown(file, Some(owner.user), Some(owner.group))?;
    }
    Ok(())
}

/// Names who owns what may not be opened.
fn refused(path: &Path, error: io::Error) -> LockError {
    if error.kind() != io::ErrorKind::PermissionDenied {
        return LockError::Io(error);
    }
    // The file, or the first folder above it that can be looked at: it lets nobody else in.
    let found = path.ancestors().find_map(|path| Some((path, fs::symlink_metadata(path).ok()?)));
    match found {
        Some((path, metadata)) if metadata.uid() != rustix::process::geteuid().as_raw() => {
            LockError::Foreign { path: path.to_owned(), owner: metadata.uid() }
        }
        _ => LockError::Io(error),
    }
}

fn read_pid(file: &mut File) -> Option<u32> {
    let mut text = String::new();
    file.take(32).read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

fn write_pid(file: &mut File) -> io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
    writeln!(file, "{}", std::process::id())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_of_its_file_does_not_keep_a_lock() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("socket");
        let lock = LockFile::take(&path).expect("a path of its own");
        assert!(
            matches!(LockFile::take(&path), Err(LockError::Held { pid }) if pid == Some(std::process::id()))
        );
        // As a child has it that is being started.
        let _copy = lock.file().try_clone().expect("a descriptor");
        drop(lock);
        assert!(LockFile::take(&path).is_ok());
    }

    #[test]
    fn a_lock_whose_file_was_removed_is_not_where_others_look() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("socket");
        let lock = LockFile::take(&path).expect("a path of its own");
        assert!(lock.is_at(&path));
        fs::remove_file(lock_path(&path)).expect("it is there");
        assert!(!lock.is_at(&path));
        let _other = LockFile::take(&path).expect("nobody holds the new file");
        assert!(!lock.is_at(&path));
    }

    #[test]
    fn a_link_is_not_followed() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let (path, precious) = (folder.path().join("socket"), folder.path().join("precious"));
        fs::write(&precious, "text").expect("a file");
        std::os::unix::fs::symlink(&precious, lock_path(&path)).expect("a link");
        assert!(matches!(LockFile::take(&path), Err(LockError::Io(_))));
        assert_eq!(fs::read(&precious).expect("it is there"), b"text");
    }
}
