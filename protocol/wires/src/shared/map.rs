//! Memory that two processes have mapped: a memfd whose size is sealed, so that no access to it can fault. The only `unsafe` of
//! shared memory.
//!
//! It is seen as atomic words and as nothing else: what the other process does to them at the same time is then no undefined
//! behaviour, only another value. A forked process does not have it.

use super::ring::{Memory, Place};
use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, fcntl_get_seals, fstat, ftruncate, memfd_create};
use rustix::mm::{Advice, MapFlags, ProtFlags, madvise, mmap, munmap};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::ptr::NonNull;
use std::slice;
use std::sync::atomic::AtomicU64;

const WORD: usize = size_of::<AtomicU64>();
/// Words of the part in front of the rings, where their positions and flags are: a page.
const FRONT_WORDS: usize = 4096 / WORD;
/// Two words that different processes write are so far apart that neither waits for the other's.
const APART_WORDS: usize = 128 / WORD;
/// Words of a ring. Memory is used only where something was written.
const RING_WORDS: usize = (256 << 10) / WORD;
const WORDS: usize = FRONT_WORDS + 2 * RING_WORDS;
const BYTES: usize = WORDS * WORD;

/// What the size must be sealed with. Others may be there too.
const SEALS: SealFlags = SealFlags::SHRINK.union(SealFlags::GROW);

/// The ring in which who listens writes.
pub(super) const LISTENERS: Place = place(0);
/// The ring in which who connects writes.
pub(super) const CONNECTORS: Place = place(1);

const fn place(number: usize) -> Place {
    let front = number * 4 * APART_WORDS;
    Place {
        tail: front,
        head: front + APART_WORDS,
        sleeps: front + 2 * APART_WORDS,
        waits: front + 3 * APART_WORDS,
        begin: FRONT_WORDS + number * RING_WORDS,
        words: RING_WORDS,
    }
}

/// The memory of one connection, for as long as this lives.
#[derive(Debug)]
pub(crate) struct Map {
    words: NonNull<AtomicU64>,
}

// SAFETY: it owns the mapping, which belongs to the process and not to a thread.
unsafe impl Send for Map {}
// SAFETY: it gives nothing but atomic words.
unsafe impl Sync for Map {}

impl Map {
    /// New memory, all zero, and what another process needs to have it too.
    ///
    /// # Errors
    /// The system refuses it.
    pub(crate) fn new() -> io::Result<(Map, OwnedFd)> {
        let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
        let memory = memfd_create(c"powerhose", flags)?;
        ftruncate(&memory, BYTES as u64)?;
        fcntl_add_seals(&memory, SEALS | SealFlags::SEAL)?;
        Ok((Map::over(&memory)?, memory))
    }

    /// The memory that another process has made.
    ///
    /// # Errors
    /// Its size is not sealed, or another than it must be; the system refuses it.
    pub(crate) fn of_other(memory: &OwnedFd) -> io::Result<Map> {
        if !fcntl_get_seals(memory)?.contains(SEALS) {
            return Err(io::Error::other("its size is not sealed"));
        }
        let bytes = fstat(memory)?.st_size;
        if usize::try_from(bytes) != Ok(BYTES) {
            return Err(io::Error::other(format!("it has {bytes} bytes, it must have {BYTES}")));
        }
        Map::over(memory)
    }

    /// Maps it. It has all its bytes, and keeps them.
    fn over(memory: impl AsFd) -> io::Result<Map> {
        let access = ProtFlags::READ | ProtFlags::WRITE;
        // SAFETY: where nothing is yet the system chooses the place, so nobody's memory changes.
        let place = unsafe { mmap(std::ptr::null_mut(), BYTES, access, MapFlags::SHARED, memory, 0)? };
        let words = NonNull::new(place.cast()).ok_or(io::ErrorKind::OutOfMemory)?;
        let map = Map { words };
        // SAFETY: these bytes were just mapped, and nobody in this process loses them.
        unsafe { madvise(place, BYTES, Advice::LinuxDontFork)? };
        Ok(map)
    }
}

impl Memory for std::sync::Arc<Map> {
    fn words(&self) -> &[AtomicU64] {
        // SAFETY: so many words are mapped for as long as the map lives, at the begin of a page, so aligned; each is valid
        // whatever its bits are. The size is sealed, so none goes away. Everybody who has them, in the other process too, goes
        // through atomic accesses, or is another program, whose accesses are none of this one's.
        unsafe { slice::from_raw_parts(self.words.as_ptr(), WORDS) }
    }
}

impl Drop for Map {
    fn drop(&mut self) {
        // SAFETY: these bytes were mapped by `over`, and every borrow of them has ended with this value.
        let _ = unsafe { munmap(self.words.as_ptr().cast(), BYTES) };
    }
}
