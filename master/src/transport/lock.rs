//! One master on one path. A lock file beside the socket decides, because libzmq would take the path from a running
//! master without a word. The kernel frees the lock when its holder ends, however it ends; the file itself is never
//! removed (a second lock file under the same name would be a second lock).

use super::BindError;
use powerhose_protocol::Endpoint;
use rustix::fs::{FlockOperation, flock};
use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// Held for as long as the master listens on the path.
#[derive(Debug)]
pub(crate) struct PathLock {
    _file: File,
    socket: PathBuf,
}

impl PathLock {
    /// Takes the lock of a socket's path, makes its directory if there is none (for this user only), and makes sure
    /// that what stands at the path is a socket nobody listens on.
    pub(crate) fn take(socket: &Path) -> Result<PathLock, BindError> {
        let endpoint = Endpoint::Ipc(socket.to_owned()).to_string();
        let failed = |action| {
            let endpoint = endpoint.clone();
            move |source| BindError::Io { endpoint, action, source }
        };
        if let Some(directory) = socket.parent() {
            DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(directory)
                .map_err(failed("its directory"))?;
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
            Err(rustix::io::Errno::WOULDBLOCK) => {
                return Err(BindError::AlreadyRunning { endpoint, pid: read_pid(&mut file) });
            }
            Err(error) => return Err(failed("its lock file")(error.into())),
        }
        write_pid(&mut file).map_err(failed("its lock file"))?;
        check_what_is_there(socket).map_err(|problem| match problem {
            Problem::Bind(error) => error,
            Problem::Io(source) => failed("the socket's path")(source),
        })?;
        Ok(PathLock { _file: file, socket: socket.to_owned() })
    }

    /// Lets nobody but this user in.
    pub(crate) fn restrict(&self) -> io::Result<()> {
        fs::set_permissions(&self.socket, Permissions::from_mode(0o600))
    }
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
    Ok(())
}
