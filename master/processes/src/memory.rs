//! How much memory processes hold together, what they share counted once.

use crate::table::each_process;
use std::fs;

/// The kernel's table of processes at one moment.
#[derive(Debug, Default)]
pub struct Processes {
    /// Each and its parent.
    parents: Vec<(i32, i32)>,
}

impl Processes {
    /// As they are now.
    pub fn now() -> Processes {
        let mut parents = Vec::new();
        // Without a /proc nothing is known of any.
        let _ = each_process(|pid, parent| parents.push((pid, parent)));
        Processes { parents }
    }

    /// What stands below this process, at any depth, without itself.
    pub fn below(&self, pid: u32) -> Vec<u32> {
        let mut found = vec![pid.cast_signed()];
        let mut next = 0;
        while let Some(parent) = found.get(next).copied() {
            let children = self.parents.iter().filter(|(_, its)| *its == parent).map(|(pid, _)| *pid);
            found.extend(children);
            next += 1;
        }
        found.into_iter().skip(1).map(i32::cast_unsigned).collect()
    }

    /// What a process and all below it hold.
    pub fn memory_bytes(&self, pid: u32) -> Option<u64> {
        let mut all = self.below(pid);
        all.push(pid);
        memory_bytes(&all)
    }
}

/// What these processes hold together: what several share is counted once. `None` if none of them is there.
///
/// Of one, its resident memory, which costs nothing to know. Of several, the proportional share of each (PSS), for which the
/// kernel walks through their pages.
pub fn memory_bytes(pids: &[u32]) -> Option<u64> {
    if let [pid] = pids {
        return resident_bytes(*pid);
    }
    let of_one = |pid: &u32| proportional_bytes(*pid).or_else(|| resident_bytes(*pid));
    pids.iter().filter_map(of_one).reduce(u64::saturating_add)
}

fn resident_bytes(pid: u32) -> Option<u64> {
    let statm = fs::read_to_string(format!("/proc/{pid}/statm")).ok()?;
    let pages: u64 = statm.split_ascii_whitespace().nth(1)?.parse().ok()?;
    Some(pages * rustix::param::page_size() as u64)
}

fn proportional_bytes(pid: u32) -> Option<u64> {
    let rollup = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok()?;
    let line = rollup.lines().find_map(|line| line.strip_prefix("Pss:"))?;
    let kibibytes: u64 = line.split_ascii_whitespace().next()?.parse().ok()?;
    Some(kibibytes << 10)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::{Command, Stdio};

    #[test]
    fn a_process_holds_memory_and_one_that_is_not_there_holds_none() {
        assert!(memory_bytes(&[std::process::id()]).is_some_and(|bytes| bytes > 100_000));
        assert_eq!(memory_bytes(&[u32::MAX]), None);
        assert_eq!(memory_bytes(&[]), None);
    }

    #[test]
    fn what_a_process_has_started_counts_and_what_is_shared_counts_once() {
        let mut child = Command::new("/bin/cat").stdin(Stdio::piped()).spawn().expect("there is a cat");
        let (own, its) = (std::process::id(), child.id());
        let below = Processes::now().below(own);
        assert!(below.contains(&its) && !below.contains(&own));
        let both = memory_bytes(&[own, its]).expect("both are there");
        let apart: u64 = [own, its].into_iter().filter_map(resident_bytes).sum();
        assert!(both < apart, "they share a C library");
        assert!(both > proportional_bytes(its).expect("it is there"));
        drop(child.stdin.take());
        child.wait().expect("it is ours");
    }
}
