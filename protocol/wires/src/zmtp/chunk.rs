//! What was read in one go: a buffer that all connections of a socket share, because only one is read at a time.

/// Bytes that one look at a connection reads at most, unless they belong to a large frame.
const CHUNK_BYTES: usize = 64 << 10;

#[derive(Debug)]
pub(crate) struct Chunk {
    bytes: Vec<u8>,
    /// So many of them have been used.
    at: usize,
}

impl Chunk {
    pub(crate) fn new() -> Chunk {
        Chunk { bytes: Vec::with_capacity(CHUNK_BYTES), at: 0 }
    }

    /// Where the next bytes are read to. All that were there have been used.
    pub(crate) fn room(&mut self) -> &mut Vec<u8> {
        self.clear();
        &mut self.bytes
    }

    /// Puts bytes before those that were read.
    pub(crate) fn prepend(&mut self, mut bytes: Vec<u8>) {
        bytes.extend_from_slice(self.unused());
        self.clear();
        self.bytes.extend_from_slice(&bytes);
    }

    /// Puts bytes behind those that are there.
    pub(crate) fn extend(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    pub(crate) fn unused(&self) -> &[u8] {
        &self.bytes[self.at..]
    }

    /// Uses up so many bytes, which are there.
    pub(crate) fn skip(&mut self, bytes: usize) {
        self.at += bytes;
        debug_assert!(self.at <= self.bytes.len());
    }

    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
        self.at = 0;
        if self.bytes.capacity() > 2 * CHUNK_BYTES {
            *self = Chunk::new();
        }
    }
}
