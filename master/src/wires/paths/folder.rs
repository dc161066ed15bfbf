//! The folder of a socket, and whose is what is made in it.

use crate::wires::IpcAccess;
use rustix::fs::{Gid, Mode, OFlags, Uid, fchown, open};
use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::Path;

/// Who gets what is made in a folder.
pub(super) struct Owner {
    pub(super) user: Uid,
    pub(super) group: Gid,
}

/// Makes the folder and those above it, where they are missing, but none at the root: that is a mistyped endpoint. One that is there stays as it is: it may be shared, and its
/// owner has decided.
pub(super) fn make(folder: &Path, access: IpcAccess) -> io::Result<()> {
    if folder.as_os_str().is_empty() || folder.is_dir() {
        return Ok(());
    }
    if let Some(above) = folder.parent() {
        make_one_above(above)?;
    }
    make_one(folder)?;
    access.open_folder(folder)
}

fn make_one_above(folder: &Path) -> io::Result<()> {
    if folder.as_os_str().is_empty() || folder.is_dir() {
        return Ok(());
    }
    if let Some(above) = folder.parent() {
        make_one_above(above)?;
    }
    make_one(folder)
}

fn make_one(folder: &Path) -> io::Result<()> {
    if folder.parent() == Some(Path::new("/")) {
        let text =
            format!("there is no folder {}: make it, if the endpoint is not mistyped", folder.display());
        return Err(io::Error::new(io::ErrorKind::NotFound, text));
    }
    match DirBuilder::new().mode(IpcAccess::FOLDER_MODE).create(folder) {
        // Somebody was quicker, or something else is in the way.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && folder.is_dir() => return Ok(()),
        made => made?,
    }
    let Some(owner) = folder.parent().and_then(owner_to_be) else { return Ok(()) };
    let made = open(folder, OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC, Mode::empty())?;
    fchown(made, Some(owner.user), Some(owner.group))?;
    Ok(())
}

/// What root makes in a folder that belongs to one user alone is that user's: after a start with sudo he must not be locked
/// out. None where it stays with who made it.
pub(super) fn owner_to_be(folder: &Path) -> Option<Owner> {
    const OTHERS_WRITE: u32 = 0o022;
    if !rustix::process::geteuid().is_root() {
        return None;
    }
    let metadata = fs::metadata(folder).ok()?;
    let is_one_users = metadata.uid() != 0 && metadata.mode() & OTHERS_WRITE == 0;
    is_one_users.then(|| Owner { user: Uid::from_raw(metadata.uid()), group: Gid::from_raw(metadata.gid()) })
}
