//! Who may connect to an `ipc://` endpoint: file permissions.

use rustix::fs::{Gid, chown};
use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// Who, besides root, may connect to a master over `ipc://`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum IpcAccess {
    /// This user's processes. A folder that is made for the socket has mode 0700, the socket 0600.
    #[default]
    Owner,
    /// Also the members of the group with this number; this user must be one of them, or root. A folder that is made
    /// for the socket has mode 0710, the socket 0660. A folder that is there stays as it is.
    Group(u32),
}

impl IpcAccess {
    /// The mode that a folder for the socket is made with. It is opened to the group when the group owns it.
    pub(super) const FOLDER_MODE: u32 = 0o700;

    /// Opens a folder that was made for the socket.
    pub(super) fn open_folder(self, folder: &Path) -> io::Result<()> {
        self.open(folder, 0o710)
    }

    /// Opens the socket, or closes it to all but its owner.
    pub(super) fn open_socket(self, socket: &Path) -> io::Result<()> {
        match self {
            IpcAccess::Owner => fs::set_permissions(socket, Permissions::from_mode(0o600)),
            IpcAccess::Group(_) => self.open(socket, 0o660),
        }
    }

    fn open(self, path: &Path, mode: u32) -> io::Result<()> {
        let IpcAccess::Group(group) = self else { return Ok(()) };
        chown(path, None, Some(Gid::from_raw(group)))?;
        fs::set_permissions(path, Permissions::from_mode(mode))
    }
}
