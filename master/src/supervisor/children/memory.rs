//! How much memory worker processes hold with all that they have started, looked at at intervals while there is a bound.

use powerhose_processes::{Processes, memory_bytes};
use std::time::{Duration, Instant};

/// Between two looks at all workers.
const INTERVAL: Duration = Duration::from_secs(1);

/// Looks after a bound.
pub(super) struct MemoryWatch {
    bytes_max: u64,
    due: Instant,
}

impl MemoryWatch {
    pub(super) fn new(bytes_max: u64, now: Instant) -> MemoryWatch {
        MemoryWatch { bytes_max, due: now + INTERVAL }
    }

    /// When to look next.
    pub(super) fn due(&self) -> Instant {
        self.due
    }

    /// The workers that hold too much, if it is time to look. Each comes with its guard: what stands below that is the worker's.
    pub(super) fn look(&mut self, now: Instant, workers: impl Iterator<Item = (u32, u32)>) -> Vec<u32> {
        if now < self.due {
            return Vec::new();
        }
        self.due = now + INTERVAL;
        let processes = Processes::now();
        let too_much =
            |guard: u32| memory_bytes(&processes.below(guard)).is_some_and(|bytes| bytes > self.bytes_max);
        workers.filter(|(_, guard)| too_much(*guard)).map(|(worker, _)| worker).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::{Command, Stdio};

    #[test]
    fn what_holds_too_much_is_told_when_it_is_time_to_look() {
        let now = Instant::now();
        let mut child = Command::new("/bin/cat").stdin(Stdio::piped()).spawn().expect("there is a cat");
        let workers = [(7, std::process::id()), (8, u32::MAX)];
        let mut watch = MemoryWatch::new(100_000, now);
        assert!(watch.look(now, workers.into_iter()).is_empty(), "not yet");
        assert_eq!(watch.look(watch.due(), workers.into_iter()), [7]);
        drop(child.stdin.take());
        child.wait().expect("it is ours");
    }
}
