//! How many files this process may open, and so how many connections a master keeps. libzmq may abort the process when it
//! runs out while a peer connects.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tracing::debug;

/// Connections that have no session (yet) beside those of peers that may have one: some for each peer that connects
/// again before its old connection is known to be gone.
const CONNECTIONS_PER_PEER: usize = 2;
/// For operators, when there may be hardly any peers.
const CONNECTIONS_MIN: usize = 64;

/// How many connections a master with so many peers keeps, in a process that may open so many files. Half of them are
/// left to the program around it, and to what connects before the master can do something about it.
pub(crate) fn connections_max(peers_max: usize, open_files_max: Option<u64>) -> usize {
    let wanted = peers_max.saturating_mul(CONNECTIONS_PER_PEER).saturating_add(CONNECTIONS_MIN);
    let possible =
        open_files_max.map_or(usize::MAX, |files| usize::try_from(files / 2).unwrap_or(usize::MAX));
    wanted.min(possible)
}

/// Raises the soft limit of open files to the hard limit; gives the limit that holds then.
pub(crate) fn raise_open_files_limit() -> Option<u64> {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    match setrlimit(Resource::Nofile, raised) {
        Ok(()) => limit.maximum,
        Err(error) => {
            debug!(%error, "the limit of open files could not be raised");
            limit.current
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_that_may_open_few_files_keeps_few_connections() {
        assert_eq!(connections_max(8192, Some(1 << 20)), 2 * 8192 + 64);
        assert_eq!(connections_max(8192, Some(1024)), 512);
        assert_eq!(connections_max(usize::MAX, None), usize::MAX);
    }
}
