//! What can go wrong: the claims are refused, or the database cannot do it.

use thiserror::Error;

/// Why claims are refused. None of these has changed anything in the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Refusal {
    /// `invalid-generation`: older than one that was seen, or the account was retired.
    #[error("the generation is older than one seen before")]
    InvalidGeneration,
    /// `invalid-keysChangedAt`: older than one that was seen, missing once it was seen, or newer than the generation.
    #[error("the keys' time of change does not fit the ones seen before")]
    InvalidKeysChangedAt,
    /// `invalid-client-state`, with what is wrong with it.
    #[error("unacceptable client-state value: {}", .0.description())]
    InvalidClientState(ClientStateFault),
    /// `new-users-disabled`: nobody of this address is known, and no new users are taken.
    #[error("new users are not allowed")]
    NewUsersDisabled,
}

/// What is wrong with a client state that differs from the stored one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientStateFault {
    /// There was one, and now there is none.
    Empty,
    /// The user had it before.
    Stale,
    /// The generation is given and did not grow.
    NoGenerationChange,
    /// The keys' time of change is known and did not grow.
    NoKeysChangedAtChange,
}

impl ClientStateFault {
    /// The last words of the description in the answer, after `Unacceptable client-state value `.
    pub fn description(self) -> &'static str {
        match self {
            ClientStateFault::Empty => "empty string",
            ClientStateFault::Stale => "stale value",
            ClientStateFault::NoGenerationChange => "new value with no generation change",
            ClientStateFault::NoKeysChangedAtChange => "new value with no keys_changed_at change",
        }
    }
}

/// What the store says when it cannot do what it was asked for.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The claims are not accepted.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// No node of the service takes one more user.
    #[error("no node of the service takes one more user")]
    NoNode,
    /// A field of the request cannot be stored.
    #[error("{0}")]
    Invalid(&'static str),
    /// No such service.
    #[error("there is no service {0:?}; add it with add-service")]
    UnknownService(String),
    /// The service exists already.
    #[error("there is a service {0:?} already")]
    ServiceExists(String),
    /// The service has no such node.
    #[error("the service has no node {0:?}")]
    UnknownNode(String),
    /// The service has that node already.
    #[error("the service has a node {0:?} already; change it with update-node")]
    NodeExists(String),
    /// Nobody of that address is known.
    #[error("no user of that address is known")]
    UnknownUser,
    /// Not the URL of a database that can be used.
    #[error(
        "cannot use this database URL: {0}; sqlite:PATH or postgres://USER:PASSWORD@HOST/DATABASE is wanted"
    )]
    Url(String),
    /// A newer version of this program has changed the database.
    #[error("the database has version {found}, this program knows up to {known}: use the newer program")]
    NewerDatabase {
        /// What the database says.
        found: i64,
        /// The newest that this program knows.
        known: i64,
    },
    /// The database cannot be reached, or is too busy: the same may succeed later.
    #[error("the database does not answer")]
    Unavailable(#[source] sqlx::Error),
    /// The database refused a statement.
    #[error("the database failed")]
    Database(#[source] sqlx::Error),
}

impl StoreError {
    /// Whether the same request may succeed later, without anybody changing something.
    pub fn is_unavailable(&self) -> bool {
        matches!(self, StoreError::Unavailable(_))
    }

    /// Whether the transaction lost against another one and has to be run again.
    pub(super) fn is_conflict(&self) -> bool {
        let StoreError::Unavailable(sqlx::Error::Database(error)) = self else { return false };
        error.code().is_some_and(|code| CONFLICTS.contains(&&*code))
    }
}

/// PostgreSQL's serialization failure and deadlock. SQLite has no such: who writes has waited for the others first.
const CONFLICTS: [&str; 2] = ["40001", "40P01"];

/// PostgreSQL's classes of trouble that passes (connections, resources, an operator's intervention), and a lock not got
/// in time.
const PASSING: [&str; 4] = ["08", "53", "57", "55P03"];

/// SQLite's: busy, locked, busy with a recovery.
const SQLITE_PASSING: [&str; 3] = ["5", "6", "261"];

/// Whether a fault of this code is one that passes. PostgreSQL's codes have five characters.
fn passes(code: &str) -> bool {
    match code.len() {
        5 => CONFLICTS.contains(&code) || PASSING.iter().any(|class| code.starts_with(class)),
        _ => SQLITE_PASSING.contains(&code),
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> StoreError {
        let passes = match &error {
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed => true,
            sqlx::Error::Database(error) => error.code().is_some_and(|code| passes(&code)),
            _ => false,
        };
        if passes { StoreError::Unavailable(error) } else { StoreError::Database(error) }
    }
}

#[cfg(test)]
mod tests {
    use super::passes;

    #[test]
    fn a_fault_that_passes_is_told_from_one_that_stays() {
        for code in ["08006", "53300", "57P01", "55P03", "40001", "40P01", "5", "6"] {
            assert!(passes(code), "{code}");
        }
        for code in ["23505", "42P01", "22021", "1555", "2067", "8", "11", "13"] {
            assert!(!passes(code), "{code}");
        }
    }
}
