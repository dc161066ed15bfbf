//! Which file it is, whatever it is called.

use std::fs::{self, File, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// A file's device and number. No other file has them as long as somebody has it open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Inode {
    device: u64,
    pub(super) number: u64,
}

impl Inode {
    /// Of what stands at this path, also if that is a link.
    pub(super) fn at(path: &Path) -> io::Result<Inode> {
        Ok(Inode::of(&fs::symlink_metadata(path)?))
    }

    pub(super) fn of_file(file: &File) -> io::Result<Inode> {
        Ok(Inode::of(&file.metadata()?))
    }

    pub(super) fn of(metadata: &Metadata) -> Inode {
        Inode { device: metadata.dev(), number: metadata.ino() }
    }
}
