//! A job's or a reply's headers: names and their values, owned, and shared when cloned.

use bytes::Bytes;
use powerhose_protocol::limits::{HEADER_NAME_BYTES_MAX, HEADERS_BYTES_MAX, HEADERS_MAX};
use powerhose_protocol::{Bytes as Bin, MessageHeaders, NamedValues};
use std::fmt;
use std::sync::Arc;

/// Names and their values, in the order in which they were set. A name stands once.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Headers(Option<Arc<Vec<Entry>>>);

type Entry = (Box<str>, Bytes);

impl Headers {
    /// Sets a header; a value that stood under the name is replaced.
    pub fn set(&mut self, name: &str, value: impl AsRef<[u8]>) {
        let entries = Arc::make_mut(self.0.get_or_insert_default());
        let value = Bytes::copy_from_slice(value.as_ref());
        match entries.iter_mut().find(|(key, _)| **key == *name) {
            Some((_, standing)) => *standing = value,
            None => entries.push((name.into(), value)),
        }
    }

    /// The value under this name.
    pub fn find(&self, name: &str) -> Option<&[u8]> {
        self.iter().find(|(key, _)| *key == name).map(|(_, value)| value)
    }

    /// Names and values, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.0.iter().flat_map(|entries| entries.iter()).map(|(name, value)| (&**name, &**value))
    }

    /// Bytes of all names and values.
    pub(crate) fn byte_count(&self) -> usize {
        let Some(entries) = &self.0 else { return 0 };
        entries.iter().map(|(name, value)| name.len() + value.len()).sum()
    }

    /// What in them is over the protocol's bounds.
    pub(crate) fn over_bound(&self) -> Option<&'static str> {
        self.0.as_ref()?;
        if self.iter().count() > HEADERS_MAX {
            Some("a job has at most 64 headers")
        } else if self.iter().any(|(name, _)| name.len() > HEADER_NAME_BYTES_MAX) {
            Some("a header's name has at most 255 bytes")
        } else if self.byte_count() > HEADERS_BYTES_MAX {
            Some("the headers of a job have at most 16,384 bytes in all")
        } else {
            None
        }
    }

    pub(crate) fn from_wire(headers: &MessageHeaders<'_>) -> Headers {
        if headers.0.is_empty() {
            return Headers(None);
        }
        let own = |(name, value): &(&str, Bin<'_>)| (Box::from(*name), Bytes::copy_from_slice(value.0));
        Headers(Some(Arc::new(headers.0.iter().map(own).collect())))
    }

    pub(crate) fn to_wire(&self) -> MessageHeaders<'_> {
        NamedValues(self.iter().map(|(name, value)| (name, Bin(value))).collect())
    }
}

impl fmt::Debug for Headers {
    /// Names only: values may be secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter().map(|(name, _)| name)).finish()
    }
}
