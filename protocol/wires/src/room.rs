//! Memory for a payload that is still to be made.

use bytes::{Bytes, BytesMut};

/// Where a payload is to be written, so that the wire it leaves by need not copy it: all zero until then. Any wire sends any
/// room's bytes; the one that gave it sends them from where they are.
#[derive(Debug)]
pub struct Room(BytesMut);

impl Room {
    /// Of this process's own memory.
    pub fn in_memory(bytes: usize) -> Room {
        Room(BytesMut::zeroed(bytes))
    }

    /// What was written, as a payload.
    pub fn into_payload(self) -> Bytes {
        self.0.freeze()
    }
}

impl AsMut<[u8]> for Room {
    fn as_mut(&mut self) -> &mut [u8] {
        &mut self.0
    }
}
