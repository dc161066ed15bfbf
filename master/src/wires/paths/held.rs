//! One path on which a master listens, for as long as it does.

use super::folder;
use super::inode::Inode;
use super::lock::{LockError, LockFile};
use super::policy::{AtLock, AtSocket, Contests, Problem, Step, step};
use crate::common::Reachability;
use crate::wires::{BindError, IpcAccess};
use powerhose_protocol::Endpoint;
use rustix::fs::{CWD, RenameFlags, renameat_with};
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, connect, socket_with};
use std::fs;
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::time::Instant;

/// One look decides at most so often what is to be done next.
const STEPS_MAX: usize = 4;

/// A path whose lock a master holds.
#[derive(Debug)]
pub(crate) struct HeldPath {
    socket: PathBuf,
    access: IpcAccess,
    /// The socket that was made under this lock. As long as we listen there, no other file has this number.
    made: Option<Inode>,
    /// As of the last look at which something was not as it should be.
    reachability: Reachability,
    /// What was still lost after that look.
    noted: Option<&'static str>,
    contests: Contests,
    lock: LockFile,
}

impl HeldPath {
    /// Takes the lock of a socket's path, makes its directory if there is none, and removes the socket that an earlier
    /// master left there. Anything else that stands at the path is an error.
    pub(crate) fn take(socket: &Path, access: IpcAccess) -> Result<HeldPath, BindError> {
        let endpoint = Endpoint::Ipc(socket.to_owned()).to_string();
        let failed = |action| {
            let endpoint = endpoint.clone();
            move |source| BindError::Io { endpoint, action, source }
        };
        if let Some(directory) = socket.parent() {
            folder::make(directory, access).map_err(failed("its directory"))?;
        }
        let lock = LockFile::take(socket).map_err(|error| match error {
            LockError::Held { pid } => BindError::AlreadyRunning { endpoint: endpoint.clone(), pid },
            LockError::Foreign { path, owner } => {
                BindError::ForeignLock { endpoint: endpoint.clone(), path, owner }
            }
            LockError::Io(source) => failed("its lock file")(source),
        })?;
        let (contests, reachability) = (Contests::default(), Reachability::Reachable);
        let socket = socket.to_owned();
        let held = HeldPath { socket, access, made: None, reachability, noted: None, contests, lock };
        held.clear()?;
        Ok(held)
    }

    /// What an earlier master left behind is in the way, and is removed.
    fn clear(&self) -> Result<(), BindError> {
        let failed = |source| BindError::Io {
            endpoint: self.endpoint().to_string(),
            action: "the socket's path",
            source,
        };
        let metadata = match fs::symlink_metadata(&self.socket) {
            Ok(metadata) => metadata,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(failed(error)),
        };
        let path = self.socket.clone();
        match self.at_socket() {
            AtSocket::Nothing => Ok(()),
            _ if !metadata.file_type().is_socket() => Err(BindError::NotASocket { path }),
            _ if !is_this_users(&metadata) => Err(BindError::ForeignSocket { path, owner: metadata.uid() }),
            AtSocket::Dead => self.remove().map_err(failed),
            AtSocket::Unknown(error) => Err(failed(error)),
            AtSocket::Ours | AtSocket::Listening | AtSocket::Other => {
                Err(BindError::AddressInUse { endpoint: self.endpoint().to_string() })
            }
        }
    }

    /// The socket was made: lets in whom the access names, and nobody else.
    pub(crate) fn restrict(&mut self) -> io::Result<()> {
        let made = Inode::at(&self.socket)?;
        if let Err(error) = self.access.open_socket(&self.socket) {
            // Nobody is let in by whom it is not meant for.
            let _ = fs::remove_file(&self.socket);
            return Err(error);
        }
        self.made = Some(made);
        Ok(())
    }

    pub(crate) fn endpoint(&self) -> Endpoint {
        Endpoint::Ipc(self.socket.clone())
    }

    /// What others find there, by two looks at the file system.
    pub(super) fn loss(&self) -> Option<&'static str> {
        match Inode::at(&self.socket) {
            Ok(found) if Some(found) != self.made => Some("something else stands at its path"),
            Err(_) => Some("its socket's file is gone"),
            Ok(_) if !self.lock.is_at(&self.socket) => Some("its lock file is gone"),
            Ok(_) => None,
        }
    }

    /// As of the last [`regain`](HeldPath::regain).
    pub(super) fn reachability(&self) -> &Reachability {
        &self.reachability
    }

    /// What was still lost after the last [`regain`](HeldPath::regain).
    pub(super) fn noted(&self) -> Option<&'static str> {
        self.noted
    }

    /// Gets back what was lost, if that is possible now; `listen` makes a socket at the path. Gives what was before.
    pub(super) fn regain(
        &mut self,
        now: Instant,
        mut listen: impl FnMut(&Path) -> io::Result<()>,
    ) -> Reachability {
        let mut reachability = self.lost(Problem::Contested.to_string());
        for _ in 0..STEPS_MAX {
            let done = match step(self.regain_lock(), self.at_socket(), &mut self.contests, now) {
                Step::Stay => {
                    reachability = Reachability::Reachable;
                    break;
                }
                Step::Listen => listen(&self.socket).and_then(|()| self.restrict()),
                Step::Remove => self.remove(),
                Step::MoveAside => self.move_aside(),
                Step::Wait(problem) => Err(io::Error::other(problem)),
                Step::GiveWay { pid } => {
                    reachability = Reachability::TakenOver { endpoint: self.endpoint(), pid };
                    break;
                }
            };
            if let Err(error) = done {
                reachability = self.lost(error.to_string());
                break;
            }
        }
        self.noted = self.loss();
        std::mem::replace(&mut self.reachability, reachability)
    }

    fn lost(&self, problem: String) -> Reachability {
        Reachability::Lost { endpoint: self.endpoint(), problem }
    }

    /// The lock that others find there, if it can be had. The one that we hold goes only when there is another.
    fn regain_lock(&mut self) -> AtLock {
        if self.lock.is_at(&self.socket) {
            return AtLock::Ours;
        }
        let made = self.socket.parent().map_or(Ok(()), |folder| folder::make(folder, self.access));
        if let Err(error) = made {
            return AtLock::Unusable(format!("its directory: {error}"));
        }
        match LockFile::take(&self.socket) {
            Ok(lock) => {
                self.lock = lock;
                AtLock::Ours
            }
            Err(LockError::Held { pid }) => AtLock::Held { pid },
            Err(LockError::Foreign { path, owner }) => {
                AtLock::Unusable(format!("{} belongs to another user (uid {owner})", path.display()))
            }
            Err(LockError::Io(error)) => AtLock::Unusable(format!("its lock file: {error}")),
        }
    }

    fn at_socket(&self) -> AtSocket {
        let metadata = match fs::symlink_metadata(&self.socket) {
            Ok(metadata) => metadata,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return AtSocket::Nothing,
            Err(error) => return AtSocket::Unknown(error),
        };
        if self.made == Some(Inode::of(&metadata)) {
            return AtSocket::Ours;
        }
        if !metadata.file_type().is_socket() {
            return AtSocket::Other;
        }
        match somebody_listens(&self.socket) {
            Ok(true) => AtSocket::Listening,
            Ok(false) if is_this_users(&metadata) => AtSocket::Dead,
            Ok(false) => AtSocket::Other,
            Err(error) => AtSocket::Unknown(error),
        }
    }

    fn remove(&self) -> io::Result<()> {
        match fs::remove_file(&self.socket) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// Nothing that is there already is overwritten.
    fn move_aside(&self) -> io::Result<()> {
        let mut aside = self.socket.as_os_str().to_owned();
        aside.push(format!(".displaced-{}", Inode::at(&self.socket)?.number));
        match renameat_with(CWD, &self.socket, CWD, Path::new(&aside), RenameFlags::NOREPLACE) {
            Err(Errno::NOENT) | Ok(()) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

impl Drop for HeldPath {
    /// Removes the socket, unless something else stands there by now. The lock goes last, so
    /// no other master has begun to use the path.
    fn drop(&mut self) {
        if self.made.is_some() && Inode::at(&self.socket).ok() == self.made {
            // What cannot be removed is taken over by the next master.
            let _ = fs::remove_file(&self.socket);
        }
    }
}

fn is_this_users(metadata: &fs::Metadata) -> bool {
    metadata.uid() == rustix::process::geteuid().as_raw()
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
