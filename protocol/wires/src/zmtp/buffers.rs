//! Memory for large frames that is used again: to get so much of the system and to give it back costs more than to fill it.

use bytes::Bytes;
use std::sync::{Arc, Mutex, PoisonError};

/// Buffers that are kept while nobody uses them.
const KEPT_MAX: usize = 8;
/// Bytes of one that is kept, and of all of them.
const KEPT_BYTES_MAX: usize = 8 << 20;
/// A buffer may be so many times as large as what is put into it.
const TOO_LARGE: usize = 4;

/// The buffers of one socket that are free. Its copies share them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Buffers(Arc<Mutex<Vec<Vec<u8>>>>);

impl Buffers {
    /// An empty one that holds so many bytes, or as many as may be trusted to come.
    pub(crate) fn take(&self, bytes: usize, trusted: usize) -> Vec<u8> {
        let fits = |buffer: &Vec<u8>| (bytes..=bytes.saturating_mul(TOO_LARGE)).contains(&buffer.capacity());
        let mut free = self.free();
        match free.iter().position(fits) {
            Some(place) => free.swap_remove(place),
            None => {
                let mut buffer = Vec::new();
                buffer.reserve_exact(bytes.min(trusted));
                buffer
            }
        }
    }

    /// Bytes that give their memory back when nobody needs them any more.
    pub(crate) fn lend(&self, bytes: Vec<u8>) -> Bytes {
        Bytes::from_owner(Lent { bytes, home: self.clone() })
    }

    fn give_back(&self, mut buffer: Vec<u8>) {
        buffer.clear();
        let mut free = self.free();
        let kept: usize = free.iter().map(Vec::capacity).sum();
        if free.len() < KEPT_MAX && kept.saturating_add(buffer.capacity()) <= KEPT_BYTES_MAX {
            free.push(buffer);
        }
    }

    fn free(&self) -> std::sync::MutexGuard<'_, Vec<Vec<u8>>> {
        // Nothing can break between lock and unlock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Lent {
    bytes: Vec<u8>,
    home: Buffers,
}

impl AsRef<[u8]> for Lent {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        self.home.give_back(std::mem::take(&mut self.bytes));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRUSTED: usize = 1 << 20;

    #[test]
    fn what_is_dropped_is_used_again() {
        let buffers = Buffers::default();
        let mut buffer = buffers.take(100_000, TRUSTED);
        buffer.extend_from_slice(b"first");
        let place = buffer.as_ptr();
        let bytes = buffers.lend(buffer);
        let other = bytes.clone();
        let meanwhile = buffers.take(100_000, TRUSTED);
        assert_ne!(meanwhile.as_ptr(), place, "it is in use");
        drop(bytes);
        assert_eq!(other, &b"first"[..]);
        drop(other);
        assert_eq!(buffers.take(200_000, TRUSTED).capacity(), 200_000, "it is too small");
        assert_eq!(buffers.take(10_000, TRUSTED).capacity(), 10_000, "it is too large");
        let again = buffers.take(90_000, TRUSTED);
        assert_eq!((again.as_ptr(), again.len()), (place, 0));
    }

    #[test]
    fn few_are_kept_and_none_that_is_very_large() {
        let buffers = Buffers::default();
        let many: Vec<_> = (0..2 * KEPT_MAX).map(|_| buffers.lend(buffers.take(1000, TRUSTED))).collect();
        drop(many);
        assert_eq!(buffers.free().len(), KEPT_MAX);
        buffers.free().clear();
        drop(buffers.lend(Vec::with_capacity(KEPT_BYTES_MAX + 1)));
        assert!(buffers.free().is_empty());
    }

    #[test]
    fn no_more_memory_is_taken_than_can_be_trusted_to_be_filled() {
        assert_eq!(Buffers::default().take(1 << 30, TRUSTED).capacity(), TRUSTED);
    }
}
