//! What peers must prove to know.

use powerhose_protocol::{ROLE_WORKER, SharedSecret};

/// The secrets that peers must prove to know. Several of a role serve for the time in which one replaces another.
///
/// A role without a secret is closed to everybody once the other has one.
#[derive(Clone, Debug, Default)]
pub struct SharedSecrets {
    /// Any of these lets a worker in.
    pub workers: Vec<SharedSecret>,
    /// Any of these lets a client in.
    pub clients: Vec<SharedSecret>,
}

impl SharedSecrets {
    /// Whether nobody needs to prove anything.
    pub fn is_empty(&self) -> bool {
        self.workers.is_empty() && self.clients.is_empty()
    }

    pub(crate) fn of(&self, role: &str) -> &[SharedSecret] {
        if role == ROLE_WORKER { &self.workers } else { &self.clients }
    }
}
