//! The kernel's table of processes, read from `/proc` without memory of one's own: a process that has just been forked from
//! one with many threads must not allocate.

use rustix::fd::{AsFd, OwnedFd};
use rustix::fs::{CWD, Mode, OFlags, RawDir, open, openat};
use rustix::io::Errno;
use rustix::process::{
    Pid, Signal, WaitOptions, WaitStatus, getpid, kill_process, set_child_subreaper, wait,
};
use rustix::thread::nanosleep;
use std::io;
use std::mem::MaybeUninit;

/// Entries of a folder that are read at once.
const ENTRIES_BYTES: usize = 4096;
/// The beginning of a `stat`: number, name (at most 64 bytes), state, parent.
const STAT_BYTES: usize = 256;
/// Descendants that one look finds. The next look finds others.
const DESCENDANTS_MAX: usize = 1024;
/// Between two looks for processes that were killed and have not yet gone.
const PAUSE: rustix::fs::Timespec = rustix::fs::Timespec { tv_sec: 0, tv_nsec: 2_000_000 };
/// So many looks, then what is left is the kernel's: it was killed, and ends as soon as a disk or a device lets go of it.
const LOOKS_MAX: usize = 500;

/// From now on orphans below this process become its children, for as long as it lives.
///
/// # Errors
/// The system knows nothing of it.
pub(crate) fn adopt_orphans() -> io::Result<()> {
    // Any number but 0 switches it on.
    Ok(set_child_subreaper(Some(getpid()))?)
}

/// SIGKILL to this process and to what stands below it at the moment, wherever it has gone. Orphans do not stand below what has
/// started them.
pub fn kill_tree(pid: u32) {
    let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) else { return };
    let _ = kill_process(pid, Signal::STOP);
    kill_below(pid);
    let _ = kill_process(pid, Signal::KILL);
}

/// Kills all that this process has started, with all that that has started, and reaps it; tells who was reaped. Allocates
/// nothing. One call of the system if there is nothing.
pub(crate) fn end_descendants(mut reaped: impl FnMut(Pid, WaitStatus)) {
    for _ in 0..LOOKS_MAX {
        loop {
            match wait(WaitOptions::NOHANG) {
                Ok(Some((pid, status))) => reaped(pid, status),
                Ok(None) => break,
                Err(Errno::INTR) => {}
                Err(_) => return,
            }
        }
        kill_below(getpid());
        let _ = nanosleep(&PAUSE);
    }
}

/// SIGKILL to all descendants. They are stopped first: what stands still starts nothing, and keeps what it has started below it
/// until all are found.
fn kill_below(top: Pid) {
    let mut found = [0; DESCENDANTS_MAX];
    found[0] = top.as_raw_pid();
    let (mut before, mut count) = (0, 1);
    while before < count {
        before = count;
        let _ = each_process(|pid, parent| {
            if !found[..count].contains(&parent) || found[..count].contains(&pid) {
                return;
            }
            let Some(place) = found.get_mut(count) else { return };
            *place = pid;
            count += 1;
            tell(pid, Signal::STOP);
        });
    }
    found[1..count].iter().for_each(|pid| tell(*pid, Signal::KILL));
}

fn tell(pid: i32, signal: Signal) {
    if let Some(pid) = Pid::from_raw(pid) {
        // It may have gone.
        let _ = kill_process(pid, signal);
    }
}

/// Names each process and its parent, by number.
pub(crate) fn each_process(mut visit: impl FnMut(i32, i32)) -> io::Result<()> {
    let folder = open(c"/proc", OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
    let mut buffer = [MaybeUninit::uninit(); ENTRIES_BYTES];
    let mut entries = RawDir::new(folder.as_fd(), &mut buffer);
    while let Some(entry) = entries.next() {
        let name = entry?;
        let Some(pid) = number(name.file_name().to_bytes()) else { continue };
        // It may have gone meanwhile.
        if let Some(parent) = parent_of(&folder, name.file_name().to_bytes()) {
            visit(pid, parent);
        }
    }
    Ok(())
}

fn parent_of(folder: &OwnedFd, name: &[u8]) -> Option<i32> {
    let mut path = [0; 32];
    let end = name.len() + b"/stat".len();
    path.get_mut(..name.len())?.copy_from_slice(name);
    path.get_mut(name.len()..end)?.copy_from_slice(b"/stat");
    let file = openat(folder, &path[..end], OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty()).ok()?;
    let mut stat = [0; STAT_BYTES];
    let read = rustix::io::read(&file, &mut stat[..]).ok()?;
    parent_in(&stat[..read])
}

/// The parent in a `stat`. The name before it may have anything in it, also parentheses.
fn parent_in(stat: &[u8]) -> Option<i32> {
    let name_end = stat.iter().rposition(|byte| *byte == b')')?;
    let mut fields = stat[name_end + 1..].split(|byte| *byte == b' ').filter(|field| !field.is_empty());
    let _state = fields.next()?;
    number(fields.next()?)
}

fn number(digits: &[u8]) -> Option<i32> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0_i32, |number, digit| {
        let digit = digit.is_ascii_digit().then(|| i32::from(digit - b'0'))?;
        number.checked_mul(10)?.checked_add(digit)
    })
}

/// The name that the kernel has for a process.
pub(crate) fn name_of(pid: Pid, buffer: &mut [u8; 32]) -> Option<&[u8]> {
    let path = format!("/proc/{}/comm", pid.as_raw_pid());
    let file = openat(CWD, path, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty()).ok()?;
    let read = rustix::io::read(&file, &mut buffer[..]).ok()?;
    buffer[..read].strip_suffix(b"\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_this_process_and_its_parent() {
        let mut parent = None;
        each_process(|pid, its| {
            if pid == getpid().as_raw_pid() {
                parent = Some(its);
            }
        })
        .expect("there is a /proc");
        assert_eq!(parent, rustix::process::getppid().map(Pid::as_raw_pid));
    }

    #[test]
    fn a_name_may_hold_what_ends_names() {
        assert_eq!(parent_in(b"12 (a) b) S 7 12 12 0"), Some(7));
        assert_eq!(parent_in(b"12 (a"), None);
        assert_eq!(parent_in(b"12 (a) R"), None);
        assert_eq!(number(b"99999999999"), None);
        assert_eq!(number(b""), None);
        assert_eq!(number(b"self"), None);
    }
}
