//! Masters that have lost their endpoint: they hold a lock file that is not, or no longer, where others look for it.
//!
//! The kernel's list of locks names the processes, and `/proc` what files they have open. Where there is neither, none is found.

use rustix::process::Pid;
use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// What the kernel puts behind the name of a file that was removed.
const REMOVED: &str = " (deleted)";

/// The masters that hold a lock file of this socket, but not the one that stands beside it now.
pub(crate) fn strays(socket: &Path) -> Vec<Pid> {
    let now = fs::metadata(lock_path(socket)).ok().map(|found| (found.dev(), found.ino()));
    holders_of(socket, |found| Some((found.dev(), found.ino())) != now)
}

/// The masters that hold a lock file of this socket, wherever that is.
pub(crate) fn holders(socket: &Path) -> Vec<Pid> {
    holders_of(socket, |_| true)
}

fn holders_of(socket: &Path, counts: impl Fn(&Metadata) -> bool) -> Vec<Pid> {
    let lock = resolved(&lock_path(socket));
    let locks = locks();
    let is_one = |process: &i32| {
        let mut files = fs::read_dir(format!("/proc/{process}/fd")).into_iter().flatten().flatten();
        files.any(|file| {
            let is_lock = fs::read_link(file.path()).is_ok_and(|name| is_named(&name, &lock));
            is_lock
                && fs::metadata(file.path())
                    .is_ok_and(|found| counts(&found) && holds(&locks, *process, found.ino()))
        })
    };
    let mut processes: Vec<i32> = locks.lines().filter_map(flock).map(|(holder, _)| holder).collect();
    processes.sort_unstable();
    processes.dedup();
    processes.into_iter().filter(is_one).filter_map(Pid::from_raw).collect()
}

/// The lock file of a socket.
pub(crate) fn lock_path(socket: &Path) -> PathBuf {
    let mut path = socket.as_os_str().to_owned();
    path.push(".lock");
    path.into()
}

/// The kernel's list of locks; empty where it has none.
pub(crate) fn locks() -> String {
    fs::read_to_string("/proc/locks").unwrap_or_default()
}

/// Whether the kernel's list has a lock of this process on this file.
pub(crate) fn holds(locks: &str, pid: i32, inode: u64) -> bool {
    locks.lines().filter_map(flock).any(|lock| lock == (pid, inode))
}

/// Who has the lock of which file, if the line is of such a lock.
fn flock(line: &str) -> Option<(i32, u64)> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let [_, "FLOCK", _, "WRITE", holder, file, ..] = words[..] else { return None };
    Some((holder.parse().ok()?, file.rsplit(':').next()?.parse().ok()?))
}

fn is_named(name: &Path, lock: &Path) -> bool {
    let bytes = name.as_os_str().as_encoded_bytes();
    let name = bytes.strip_suffix(REMOVED.as_bytes()).unwrap_or(bytes);
    name == lock.as_os_str().as_encoded_bytes()
}

/// Without links, as far as the path exists.
fn resolved(path: &Path) -> PathBuf {
    let there = path.ancestors().skip(1).find_map(|above| Some((above, fs::canonicalize(above).ok()?)));
    match there {
        Some((above, found)) => {
            path.strip_prefix(above).map_or_else(|_| path.to_owned(), |rest| found.join(rest))
        }
        None => path.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_holder_of_this_very_file_is_found() {
        let locks = "1: FLOCK  ADVISORY  WRITE 4711 08:01:9000 0 EOF\n2: POSIX  ADVISORY  WRITE 12 08:01:9000 0 EOF\n";
        assert!(holds(locks, 4711, 9000));
        assert!(!holds(locks, 4711, 9001), "another file");
        assert!(!holds(locks, 4712, 9000), "another process");
        assert!(!holds(locks, 12, 9000), "another kind of lock");
    }

    #[test]
    fn a_lock_file_that_was_removed_is_still_known_by_its_name() {
        let lock = Path::new("/run/x/m.ipc.lock");
        assert!(is_named(Path::new("/run/x/m.ipc.lock (deleted)"), lock));
        assert!(is_named(lock, lock));
        assert!(!is_named(Path::new("/run/x/other.lock (deleted)"), lock));
    }
}
