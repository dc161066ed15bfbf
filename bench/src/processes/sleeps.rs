//! How often the threads of processes go to sleep: each sleep ends with a wake-up, which somebody pays for.

use anyhow::Context;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Voluntary switches of the threads of this process and its children since some moment. A thread that gave the processor away
/// without sleeping is not counted, nor one that has ended since.
pub(crate) struct SleepCount {
    processes: Vec<u32>,
    before: BTreeMap<PathBuf, u64>,
}

impl SleepCount {
    /// Begins to count: this process, and those with these ids.
    pub(crate) fn start(children: &[u32]) -> anyhow::Result<SleepCount> {
        let processes: Vec<u32> = children.iter().copied().chain([std::process::id()]).collect();
        Ok(SleepCount { before: by_thread(&processes)?, processes })
    }

    pub(crate) fn elapsed(&self) -> anyhow::Result<u64> {
        let now = by_thread(&self.processes)?;
        let since = |(thread, sleeps): (&PathBuf, &u64)| sleeps - self.before.get(thread).unwrap_or(&0);
        Ok(now.iter().map(since).sum())
    }
}

fn by_thread(processes: &[u32]) -> anyhow::Result<BTreeMap<PathBuf, u64>> {
    let mut threads = BTreeMap::new();
    for pid in processes {
        let tasks = format!("/proc/{pid}/task");
        for task in std::fs::read_dir(&tasks).with_context(|| format!("cannot read {tasks}"))? {
            let task = task?.path();
            // It may have ended since.
            if let Some(sleeps) = of_thread(&task) {
                threads.insert(task, sleeps);
            }
        }
    }
    Ok(threads)
}

fn of_thread(task: &Path) -> Option<u64> {
    parse(&std::fs::read_to_string(task.join("status")).ok()?)
}

fn parse(status: &str) -> Option<u64> {
    status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"))?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_sleep_is_counted() {
        let count = SleepCount::start(&[]).expect("this process is there");
        std::thread::sleep(Duration::from_millis(1));
        assert!(count.elapsed().expect("this process is there") > 0);
    }

    #[test]
    fn switches_that_others_force_are_not_meant() {
        let status = "Threads:\t3\nvoluntary_ctxt_switches:\t17\nnonvoluntary_ctxt_switches:\t4\n";
        assert_eq!(parse(status), Some(17));
    }
}
