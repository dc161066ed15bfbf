//! Who computes how long: the kernel's account of the threads of the client, the server and its workers.
//!
//! It tells the same whether others use the cores too or not, in which wall clocks differ.

use std::collections::{BTreeMap, HashMap};
use std::fs;

/// Nanoseconds on a core, by who they were spent by.
pub(crate) struct Account(BTreeMap<String, u64>);

impl Account {
    /// What the client in this process, this server and its workers have used until now.
    pub(crate) fn of(server: u32) -> Account {
        let mut account = BTreeMap::new();
        let mut add = |who: &str, nanoseconds| *account.entry(who.to_owned()).or_default() += nanoseconds;
        threads(std::process::id()).for_each(|(_, time)| add("client", time));
        threads(server).for_each(|(name, time)| add(part(&name), time));
        for worker in descendants(server) {
            threads(worker).for_each(|(_, time)| add("workers", time));
        }
        Account(account)
    }

    /// Microseconds of each part between another account and this one, for each of so many answers.
    pub(crate) fn since(&self, before: &Account, answers: u64) -> BTreeMap<String, f64> {
        let used = |who: &String, now: u64| now.saturating_sub(before.0.get(who).copied().unwrap_or(0));
        let each = |who: &String, now: u64| used(who, now) as f64 / 1e3 / answers.max(1) as f64;
        self.0.iter().map(|(who, now)| (who.clone(), each(who, *now))).collect()
    }
}

/// What the server's threads of this name do.
fn part(name: &str) -> &'static str {
    match name {
        _ if name.starts_with("tokio") => "web",
        _ if name.starts_with("sqlx") => "database",
        _ if name.starts_with("powerhose") => "master",
        _ => "rest",
    }
}

/// Name and nanoseconds of each thread of a process.
fn threads(process: u32) -> impl Iterator<Item = (String, u64)> {
    let folders = fs::read_dir(format!("/proc/{process}/task")).into_iter().flatten().flatten();
    folders.filter_map(|folder| {
        let name = fs::read_to_string(folder.path().join("comm")).ok()?;
        let times = fs::read_to_string(folder.path().join("schedstat")).ok()?;
        Some((name.trim().to_owned(), times.split(' ').next()?.parse().ok()?))
    })
}

/// The workers, and the processes between them and the server.
fn descendants(ancestor: u32) -> Vec<u32> {
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let processes = processes.filter_map(|folder| folder.file_name().to_str()?.parse::<u32>().ok());
    let mut parents = HashMap::new();
    for process in processes {
        let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
        // The name before it is in brackets, and may hold anything.
        let parent = stat.rsplit_once(") ").and_then(|(_, rest)| rest.split(' ').nth(1)?.parse().ok());
        parents.insert(process, parent.unwrap_or(0));
    }
    let lineage = |process: u32| std::iter::successors(Some(process), |child| parents.get(child).copied());
    let descends = |process: &u32| lineage(*process).skip(1).any(|parent| parent == ancestor);
    parents.keys().copied().filter(descends).collect()
}

/// Nanoseconds that this thread has been on a core.
pub(crate) fn of_this_thread() -> u64 {
    let times = fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    times.split(' ').next().unwrap().parse().unwrap()
}
