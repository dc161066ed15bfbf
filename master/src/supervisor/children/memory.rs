//! How much memory worker processes hold, looked at at intervals while there is a bound.

use std::collections::BTreeMap;
use std::fs;
use std::time::{Duration, Instant};

/// Between two looks at all workers.
const INTERVAL: Duration = Duration::from_secs(1);

/// Looks after a bound. The processes are those that registered, by the child that they belong to.
pub(super) struct MemoryWatch {
    bytes_max: u64,
    due: Instant,
    registered: BTreeMap<u32, u32>,
}

impl MemoryWatch {
    pub(super) fn new(bytes_max: u64, now: Instant) -> MemoryWatch {
        MemoryWatch { bytes_max, due: now + INTERVAL, registered: BTreeMap::new() }
    }

    /// When to look next.
    pub(super) fn due(&self) -> Instant {
        self.due
    }

    /// `pid` has registered and belongs to `child`.
    pub(super) fn registered(&mut self, child: u32, pid: u32) {
        self.registered.insert(child, pid);
    }

    pub(super) fn ended(&mut self, child: u32) {
        self.registered.remove(&child);
    }

    /// The children that hold too much, if it is time to look.
    pub(super) fn look(&mut self, now: Instant) -> Vec<u32> {
        if now < self.due {
            return Vec::new();
        }
        self.due = now + INTERVAL;
        let too_much = |pid: u32| resident_bytes(pid).is_some_and(|bytes| bytes > self.bytes_max);
        self.registered.iter().filter(|(_, pid)| too_much(**pid)).map(|(child, _)| *child).collect()
    }
}

/// Resident memory of a process; `None` where the system does not tell.
fn resident_bytes(pid: u32) -> Option<u64> {
    let statm = fs::read_to_string(format!("/proc/{pid}/statm")).ok()?;
    let pages: u64 = statm.split_ascii_whitespace().nth(1)?.parse().ok()?;
    Some(pages * rustix::param::page_size() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_holds_memory_and_one_that_is_not_there_holds_none() {
        assert!(resident_bytes(std::process::id()).is_some_and(|bytes| bytes > 100_000));
        assert_eq!(resident_bytes(u32::MAX), None);
    }

    #[test]
    fn what_holds_too_much_is_told_when_it_is_time_to_look() {
        let now = Instant::now();
        let mut watch = MemoryWatch::new(100_000, now);
        watch.registered(7, std::process::id());
        assert!(watch.look(now).is_empty(), "not yet");
        assert_eq!(watch.look(watch.due()), [7]);
        watch.ended(7);
        assert!(watch.look(watch.due()).is_empty());
    }
}
