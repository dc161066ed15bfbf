//! What a process holds: memory and open files.

use anyhow::Context;
use std::fs;

/// What a process holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Weight {
    /// Resident memory.
    pub(crate) bytes: u64,
    /// Open files.
    pub(crate) files: u64,
}

impl Weight {
    /// Of a process of this user.
    pub(crate) fn of(process: u32) -> anyhow::Result<Weight> {
        let status = format!("/proc/{process}/status");
        let status = fs::read_to_string(&status).with_context(|| format!("cannot read {status}"))?;
        let folder = format!("/proc/{process}/fd");
        let files = fs::read_dir(&folder).with_context(|| format!("cannot read {folder}"))?.count() as u64;
        Ok(Weight { bytes: resident_bytes(&status).context("the system does not tell VmRSS")?, files })
    }
}

fn resident_bytes(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}

/// Has all threads of this process share one heap: each thread's own would keep pieces of what it once held, and look as
/// if it still were.
pub(crate) fn share_heap() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: it has no preconditions; where it is refused, nothing changes.
    unsafe {
        libc::mallopt(libc::M_ARENA_MAX, 1);
    }
}

/// Gives freed memory back to the system, so that what is left is what is held. Only glibc keeps it otherwise.
pub(crate) fn trim() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: it has no preconditions.
    unsafe {
        libc::malloc_trim(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_resident_size_is_read_from_the_status() {
        assert_eq!(resident_bytes("Name:\tx\nVmRSS:\t    9000 kB\nThreads:\t1\n"), Some(9_216_000));
        assert_eq!(resident_bytes("Name:\tx\n"), None);
    }

    #[test]
    fn this_process_weighs_something() {
        let weight = Weight::of(std::process::id()).expect("its own files can be read");
        assert!(weight.bytes > 0 && weight.files > 2);
    }
}
