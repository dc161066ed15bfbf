//! A wire that is a few lists, for tests of whatever stands on wires: a [`Router`] and its [`Dealer`]s, in one process. They wake
//! each other as those with sockets do.

mod dealer;
mod router;
mod state;

pub use dealer::Dealer;
pub use router::Router;

use state::Shared;
use std::io;

/// Where a router and dealers of one process meet.
#[derive(Clone, Default)]
pub struct Place(Shared);

impl Place {
    /// Where nobody is yet.
    pub fn new() -> Place {
        Place::default()
    }

    /// Listens here, in the place of the one before.
    ///
    /// # Errors
    /// The system has no descriptor left.
    pub fn listen(&self) -> io::Result<Router> {
        Router::at(self.0.clone())
    }

    /// Connects to whoever listens here, whenever that is.
    ///
    /// # Errors
    /// The system has no descriptor left.
    pub fn connect(&self) -> io::Result<Dealer> {
        Dealer::to(self.0.clone())
    }
}
