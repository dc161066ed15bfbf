//! Whether new peers find a master.

use powerhose_protocol::Endpoint;
use std::fmt;

/// Whether new peers find a master where it listens. Those that are connected stay in any case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reachability {
    /// They do, at every endpoint.
    Reachable,
    /// The master has lost the path of this endpoint, and tries to get it back every second.
    Lost {
        /// Where nobody finds it.
        endpoint: Endpoint,
        /// What is in the way, or what was found.
        problem: String,
    },
    /// Another master has the path of this endpoint by now. This one gets it back only when that one has ended.
    TakenOver {
        /// Where the other is found.
        endpoint: Endpoint,
        /// The other's process id, where it is known.
        pid: Option<u32>,
    },
}

impl fmt::Display for Reachability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reachability::Reachable => f.write_str("new peers find the master"),
            Reachability::Lost { endpoint, problem } => {
                write!(f, "nobody finds the master at {endpoint}: {problem}")
            }
            Reachability::TakenOver { endpoint, pid: Some(pid) } => {
                write!(f, "another master has {endpoint} (pid {pid})")
            }
            Reachability::TakenOver { endpoint, pid: None } => write!(f, "another master has {endpoint}"),
        }
    }
}
