//! What a handler gives back.

use bytes::Bytes;

/// A job's reply: bytes, and headers if there is something to say beside them.
///
/// A handler can return any of the types it is made from. A `Bytes` goes to the socket without being copied; a `Vec<u8>` too,
/// where its capacity equals its length.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reply {
    payload: Bytes,
    headers: Vec<(String, Vec<u8>)>,
}

impl Reply {
    /// A reply with these bytes and no headers. More bytes than the master's `payload_bytes_max` (64 MiB unless its
    /// operator says otherwise) fail the job with the code `reply_too_large`.
    pub fn new(payload: impl Into<Vec<u8>>) -> Reply {
        Reply::from(Bytes::from(payload.into()))
    }

    /// Adds a header for the caller. A name may stand once; 64 headers with 16 KiB in all are allowed, names up to 255
    /// bytes. A reply beyond that fails the job with the code `reply_headers`.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<Vec<u8>>) -> Reply {
        self.headers.push((name.into(), value.into()));
        self
    }

    pub(crate) fn into_parts(self) -> (Bytes, Vec<(String, Vec<u8>)>) {
        (self.payload, self.headers)
    }
}

impl From<Vec<u8>> for Reply {
    fn from(payload: Vec<u8>) -> Reply {
        Reply::new(payload)
    }
}

impl From<&[u8]> for Reply {
    fn from(payload: &[u8]) -> Reply {
        Reply::new(payload)
    }
}

impl<const LENGTH: usize> From<[u8; LENGTH]> for Reply {
    fn from(payload: [u8; LENGTH]) -> Reply {
        Reply::new(payload)
    }
}

impl<const LENGTH: usize> From<&[u8; LENGTH]> for Reply {
    fn from(payload: &[u8; LENGTH]) -> Reply {
        Reply::new(payload)
    }
}

impl From<Bytes> for Reply {
    fn from(payload: Bytes) -> Reply {
        Reply { payload, headers: Vec::new() }
    }
}

impl From<String> for Reply {
    fn from(payload: String) -> Reply {
        Reply::new(payload)
    }
}

impl From<&str> for Reply {
    fn from(payload: &str) -> Reply {
        Reply::new(payload)
    }
}

/// No bytes.
impl From<()> for Reply {
    fn from((): ()) -> Reply {
        Reply::default()
    }
}
