//! How a listener names its connections.

use std::fmt;

/// A connection of a listener, for as long as the listener lives: none has the same route later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Route {
    /// Which of several listeners it belongs to, where they stand side by side.
    pub wire: u8,
    /// The connection among those of its listener.
    pub number: u64,
}

impl Route {
    /// This connection of this listener.
    pub const fn new(wire: u8, number: u64) -> Route {
        Route { wire, number }
    }
}

impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.wire, self.number)
    }
}
