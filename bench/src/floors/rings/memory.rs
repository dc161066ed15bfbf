//! Memory that two processes share.

use rustix::fs::{MemfdFlags, ftruncate, memfd_create};
use rustix::mm::{MapFlags, ProtFlags, mmap, munmap};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU32, AtomicU64};

/// Mapped as long as it exists.
#[derive(Debug)]
pub(super) struct Memory {
    start: NonNull<u8>,
    bytes: usize,
}

// SAFETY: it owns its mapping, and what is done with what lies in it is unsafe by itself.
unsafe impl Send for Memory {}
// SAFETY: see above.
unsafe impl Sync for Memory {}

impl Memory {
    /// Zeroes, and where a child process finds them while the descriptor is open.
    pub(super) fn create(bytes: usize) -> anyhow::Result<(Memory, OwnedFd, PathBuf)> {
        let file = memfd_create("powerhose-bench", MemfdFlags::CLOEXEC)?;
        ftruncate(&file, bytes as u64)?;
        let path = format!("/proc/{}/fd/{}", std::process::id(), file.as_raw_fd());
        Ok((Memory::map(&file, bytes)?, file, path.into()))
    }

    /// What another process has created.
    pub(super) fn open(path: &Path, bytes: usize) -> anyhow::Result<Memory> {
        let file = std::fs::File::options().read(true).write(true).open(path)?;
        Memory::map(&file, bytes)
    }

    fn map(file: impl AsFd, bytes: usize) -> anyhow::Result<Memory> {
        let access = ProtFlags::READ | ProtFlags::WRITE;
        // SAFETY: the system chooses the place, so nothing is there; the file is as long as the mapping and never shortened.
        let start = unsafe { mmap(std::ptr::null_mut(), bytes, access, MapFlags::SHARED, file, 0)? };
        let start = NonNull::new(start.cast()).ok_or_else(|| anyhow::anyhow!("mapped at no place"))?;
        Ok(Memory { start, bytes })
    }

    /// A number that both processes read and write.
    pub(super) fn number(&self, at: usize) -> &AtomicU64 {
        assert!(at.is_multiple_of(8) && at + 8 <= self.bytes);
        // SAFETY: it is within the mapping, aligned, and zeroes are a number.
        unsafe { &*self.start.as_ptr().add(at).cast() }
    }

    /// The same, of half the size.
    pub(super) fn flag(&self, at: usize) -> &AtomicU32 {
        assert!(at.is_multiple_of(4) && at + 4 <= self.bytes);
        // SAFETY: as above.
        unsafe { &*self.start.as_ptr().add(at).cast() }
    }

    /// Copies these bytes to there.
    ///
    /// # Safety
    /// Nobody else reads or writes there meanwhile.
    pub(super) unsafe fn write(&self, at: usize, bytes: &[u8]) {
        assert!(at + bytes.len() <= self.bytes);
        // SAFETY: it is within the mapping, and nobody else is there, as the caller says.
        unsafe { self.start.as_ptr().add(at).copy_from_nonoverlapping(bytes.as_ptr(), bytes.len()) };
    }

    /// So many bytes from there.
    ///
    /// # Safety
    /// Nobody writes there while they are borrowed.
    pub(super) unsafe fn read(&self, at: usize, length: usize) -> &[u8] {
        assert!(at + length <= self.bytes);
        // SAFETY: it is within the mapping, and nobody writes there, as the caller says.
        unsafe { std::slice::from_raw_parts(self.start.as_ptr().add(at), length) }
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        // SAFETY: nothing of the mapping is borrowed any longer. That it cannot be unmapped would change nothing.
        let _ = unsafe { munmap(self.start.as_ptr().cast(), self.bytes) };
    }
}
