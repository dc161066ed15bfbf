//! What a look at a connection brought, and why one is over.

use crate::Violation;
use std::io;

/// What a look for bytes brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Read {
    /// Some, and there may be more.
    Full,
    /// Some, and no more.
    All,
    Nothing,
    /// The peer has ended the connection.
    End,
}

/// It is over.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Over {
    #[error("the peer has ended it")]
    Ended,
    #[error(transparent)]
    Broken(#[from] io::Error),
    #[error(transparent)]
    Violated(#[from] Violation),
    #[error("the peer does not read")]
    NotRead,
    #[error("nothing comes from the peer")]
    Silent,
}

impl Over {
    /// Nothing more is to be read either, so that it ends at once.
    pub(crate) fn is_final(&self) -> bool {
        matches!(self, Over::NotRead | Over::Violated(_))
    }
}

impl From<Over> for io::Error {
    fn from(over: Over) -> io::Error {
        let kind = match over {
            Over::Broken(error) => return error,
            Over::Ended => io::ErrorKind::UnexpectedEof,
            Over::Violated(_) => io::ErrorKind::InvalidData,
            Over::NotRead | Over::Silent => io::ErrorKind::TimedOut,
        };
        io::Error::new(kind, over.to_string())
    }
}
