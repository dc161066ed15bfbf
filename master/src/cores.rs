//! How many workers a machine can keep busy. Only asks the system; never decides for a user who named a number.

use std::num::NonZeroUsize;
use std::thread::available_parallelism;

/// The cores that this process may use: at least 1.
///
/// On Linux these are the cores of the CPU affinity (`taskset`, a cpuset), and no more than the cgroup's CPU quota
/// allows, rounded down: a container limited to 2.5 CPUs of a large machine counts as 2. Where the system does not
/// tell, the answer is 1. Asked anew on each call, as quotas change.
pub fn cores() -> usize {
    available_parallelism().map_or(1, NonZeroUsize::get)
}

#[cfg(test)]
mod tests {
    use super::cores;

    #[test]
    fn there_is_at_least_one_core() {
        assert!(cores() >= 1);
    }
}
