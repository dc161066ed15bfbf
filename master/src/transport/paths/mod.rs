//! One master on one path. A lock file beside the socket decides, because libzmq, and whoever removes the path, would take
//! it from a running master without a word. The kernel frees the lock when its holder ends, however it ends; the file itself is never
//! removed (a second lock file under the same name would be a second lock).

use super::{BindError, IpcAccess};
use powerhose_protocol::Endpoint;
use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, connect, socket_with};
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// Held for as long as the master listens on the path.
#[derive(Debug)]
pub(crate) struct PathLock {
    file: File,
    socket: PathBuf,
    access: IpcAccess,
    /// Device and inode of the socket that was made under this lock.
    made: Option<(u64, u64)>,
}

impl PathLock {
    /// Takes the lock of a socket's path, makes its directory if there is none, and removes the socket that an earlier
    /// master left there. Anything else that stands at the path is an error.
    pub(crate) fn take(socket: &Path, access: IpcAccess) -> Result<PathLock, BindError> {
        let endpoint = Endpoint::Ipc(socket.to_owned()).to_string();
        let failed = |action| {
            let endpoint = endpoint.clone();
            move |source| BindError::Io { endpoint, action, source }
        };
        if let Some(directory) = socket.parent() {
            make_folder(directory, access).map_err(failed("its directory"))?;
        }
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(lock_path(socket))
            .map_err(failed("its lock file"))?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(Errno::WOULDBLOCK) => {
                return Err(BindError::AlreadyRunning { endpoint, pid: read_pid(&mut file) });
            }
            Err(error) => return Err(failed("its lock file")(error.into())),
        }
        write_pid(&mut file).map_err(failed("its lock file"))?;
        check_what_is_there(socket).and_then(|()| clear(socket)).map_err(|problem| match problem {
            Problem::Bind(error) => error,
            Problem::Io(source) => failed("the socket's path")(source),
        })?;
        Ok(PathLock { file, socket: socket.to_owned(), access, made: None })
    }

    /// The socket was made: lets in whom the access names, and nobody else.
    pub(crate) fn restrict(&mut self) -> io::Result<()> {
        self.made = Some(inode(&self.socket)?);
        self.access.open_socket(&self.socket)
    }
}

impl Drop for PathLock {
    /// Removes the socket, unless something else stands there by now. The lock goes last, so
    /// no other master has begun to use the path.
    fn drop(&mut self) {
        if self.made.is_some() && inode(&self.socket).ok() == self.made {
            // What cannot be removed is taken over by the next master.
            let _ = fs::remove_file(&self.socket);
        }
        // Not by closing the file alone: a child that is just being started has a copy of it until it is another program.
        let _ = flock(&self.file, FlockOperation::Unlock);
    }
}

fn inode(path: &Path) -> io::Result<(u64, u64)> {
    fs::symlink_metadata(path).map(|metadata| (metadata.dev(), metadata.ino()))
}

/// One that is there stays as it is: it may be shared, and its owner has decided.
fn make_folder(folder: &Path, access: IpcAccess) -> io::Result<()> {
    if folder.as_os_str().is_empty() || folder.is_dir() {
        return Ok(());
    }
    DirBuilder::new().recursive(true).mode(IpcAccess::FOLDER_MODE).create(folder)?;
    access.open_folder(folder)
}

fn lock_path(socket: &Path) -> PathBuf {
    let mut path = socket.as_os_str().to_owned();
    path.push(".lock");
    path.into()
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

enum Problem {
    Bind(BindError),
    Io(io::Error),
}

fn check_what_is_there(socket: &Path) -> Result<(), Problem> {
    let metadata = match fs::symlink_metadata(socket) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(Problem::Io(error)),
    };
    if !metadata.file_type().is_socket() {
        return Err(Problem::Bind(BindError::NotASocket { path: socket.to_owned() }));
    }
    if metadata.uid() != rustix::process::geteuid().as_raw() {
        return Err(Problem::Bind(BindError::ForeignSocket {
            path: socket.to_owned(),
            owner: metadata.uid(),
        }));
    }
    if somebody_listens(socket).map_err(Problem::Io)? {
        let endpoint = Endpoint::Ipc(socket.to_owned()).to_string();
        return Err(Problem::Bind(BindError::AddressInUse { endpoint }));
    }
    Ok(())
}

/// A socket that nobody listens on any more is in the way.
fn clear(socket: &Path) -> Result<(), Problem> {
    match fs::remove_file(socket) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(Problem::Io(error)),
        _ => Ok(()),
    }
}

/// Whether a program without our lock listens there.
fn somebody_listens(path: &Path) -> io::Result<bool> {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)?;
    match connect(&socket, &SocketAddrUnix::new(path)?) {
        Err(Errno::CONNREFUSED | Errno::NOENT) => Ok(false),
        // Whatever else: it is not just what a process has left behind that has ended.
        _ => Ok(true),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_of_its_file_does_not_keep_a_lock() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("socket");
        let lock = PathLock::take(&path, IpcAccess::Owner).expect("a path of its own");
        assert!(matches!(PathLock::take(&path, IpcAccess::Owner), Err(BindError::AlreadyRunning { .. })));
        // As a child has it that is being started.
        let _copy = lock.file.try_clone().expect("a descriptor");
        drop(lock);
        assert!(PathLock::take(&path, IpcAccess::Owner).is_ok());
    }
}
