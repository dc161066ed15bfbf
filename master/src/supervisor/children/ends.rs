//! When processes end: seen through a descriptor a process (pidfd), which costs no thread. Where there is none (kernels
//! before 5.3, a filter of system calls, no descriptors left) a thread waits for the one process.
//!
//! Nothing is reaped here. An end is told once.

use super::super::shared::{Mailbox, Message, Remains};
use rustix::event::{Timespec, epoll};
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, WaitId, WaitIdOptions, pidfd_open, waitid};
use std::collections::BTreeMap;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::thread;
use std::time::Duration;

/// What a thread that waits needs: it only calls the system and sends a message.
const THREAD_STACK_BYTES: usize = 64 * 1024;
/// Descriptors that one look tells of. The next look tells of others.
const EVENTS_MAX: usize = 64;
/// Stands for the mailbox among the process ids.
const MAILBOX: u64 = 0;

/// The processes whose end is to be told.
pub(super) struct Ends {
    epoll: OwnedFd,
    descriptors: BTreeMap<u32, OwnedFd>,
    mailbox: Mailbox,
    way: Way,
}

/// How the end of a process is noticed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// By a descriptor, as far as the system gives one.
    Descriptor,
    /// By a thread a process.
    #[cfg(test)]
    Thread,
}

impl Ends {
    /// Of no process so far. Sleeps end also when something comes into this mailbox.
    pub(super) fn new(mailbox: Mailbox) -> io::Result<Ends> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        look_at(&epoll, mailbox.as_fd(), MAILBOX)?;
        Ok(Ends { epoll, descriptors: BTreeMap::new(), mailbox, way: Way::Descriptor })
    }

    /// The end of this child is told from now on.
    pub(super) fn watch(&mut self, pid: u32) -> io::Result<()> {
        match self.descriptor(pid) {
            Ok(descriptor) => {
                self.descriptors.insert(pid, descriptor);
                Ok(())
            }
            Err(_) => wait_on_thread(pid, self.mailbox.clone()),
        }
    }

    fn descriptor(&self, pid: u32) -> io::Result<OwnedFd> {
        match self.way {
            Way::Descriptor => {
                let descriptor = pidfd_open(as_pid(pid), PidfdFlags::empty())?;
                look_at(&self.epoll, descriptor.as_fd(), pid.into())?;
                Ok(descriptor)
            }
            #[cfg(test)]
            Way::Thread => Err(Errno::NOSYS.into()),
        }
    }

    /// This process is of no interest any more.
    pub(super) fn forget(&mut self, pid: u32) {
        if let Some(descriptor) = self.descriptors.remove(&pid) {
            // Closing is not enough: a process that is just being made may have a copy until its program begins.
            let _ = epoll::delete(&self.epoll, &descriptor);
        }
    }

    /// Sleeps until a process ends, something comes into the mailbox, or for this long. Tells which have ended.
    pub(super) fn sleep(&mut self, wait: Option<Duration>) -> Vec<(u32, Remains)> {
        // Rounded up to the millisecond: to wake before the time would only mean to sleep again.
        let wait = wait.map(|wait| {
            let millis = u64::try_from(wait.as_micros().div_ceil(1000)).unwrap_or(u64::MAX);
            Timespec::try_from(Duration::from_millis(millis))
                .unwrap_or(Timespec { tv_sec: i64::from(i32::MAX), tv_nsec: 0 })
        });
        let mut events = [MaybeUninit::uninit(); EVENTS_MAX];
        // An interrupted call is a wake-up like any other.
        let Ok((events, _)) = epoll::wait(&self.epoll, &mut events, wait.as_ref()) else { return Vec::new() };
        let tokens: Vec<u64> = events.iter().map(|event| event.data.u64()).collect();
        let pids = tokens.into_iter().filter_map(|token| u32::try_from(token).ok());
        pids.filter(|pid| u64::from(*pid) != MAILBOX).filter_map(|pid| self.ended(pid)).collect()
    }

    fn ended(&mut self, pid: u32) -> Option<(u32, Remains)> {
        self.descriptors.contains_key(&pid).then(|| self.forget(pid))?;
        match look_for(pid, WaitIdOptions::NOHANG) {
            Some(remains) => Some((pid, remains)),
            // A debugger has it first. Its parent is told when that one lets go.
            None => {
                let waited = wait_on_thread(pid, self.mailbox.clone());
                waited.is_err().then_some((pid, Remains::Zombie))
            }
        }
    }
}

/// What is left of the process; nothing is said while it lives.
fn look_for(pid: u32, more: WaitIdOptions) -> Option<Remains> {
    loop {
        match waitid(WaitId::Pid(as_pid(pid)), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT | more) {
            Ok(status) => return status.map(|_| Remains::Zombie),
            Err(Errno::INTR) => {}
            Err(_) => return Some(Remains::Nothing),
        }
    }
}

/// Starts the thread that blocks until the process has ended.
fn wait_on_thread(pid: u32, mailbox: Mailbox) -> io::Result<()> {
    let wait = move || {
        let remains = look_for(pid, WaitIdOptions::empty()).unwrap_or(Remains::Zombie);
        mailbox.send(Message::Ended { pid, remains });
    };
    thread::Builder::new().name(format!("wait-{pid}")).stack_size(THREAD_STACK_BYTES).spawn(wait).map(drop)
}

fn look_at(epoll: &OwnedFd, descriptor: BorrowedFd<'_>, token: u64) -> io::Result<()> {
    Ok(epoll::add(epoll, descriptor, epoll::EventData::new_u64(token), epoll::EventFlags::IN)?)
}

pub(super) fn as_pid(pid: u32) -> Pid {
    i32::try_from(pid).ok().and_then(Pid::from_raw).expect("a child's process id is positive")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::supervisor::shared::{Messages, mailbox};
    use std::process::{Child, Command, Stdio};

    const WAYS: [Way; 2] = [Way::Descriptor, Way::Thread];

    fn ends(way: Way) -> (Ends, Messages) {
        let (mailbox, messages) = mailbox().expect("a descriptor");
        let ends = Ends::new(mailbox).expect("a descriptor");
        (Ends { way, ..ends }, messages)
    }

    /// It ends when its standard input does.
    fn child() -> Child {
        Command::new("/bin/cat").stdin(Stdio::piped()).stdout(Stdio::null()).spawn().expect("there is a cat")
    }

    /// The next end, by whatever way it is told.
    fn next(ends: &mut Ends, messages: &Messages) -> (u32, Remains) {
        loop {
            if let Some(ended) = messages.sleep(|| ends.sleep(None)).pop() {
                return ended;
            }
            if let Some(Message::Ended { pid, remains }) = messages.take() {
                return (pid, remains);
            }
        }
    }

    #[test]
    fn the_end_of_each_process_is_told_once_and_leaves_a_zombie() {
        for way in WAYS {
            let (mut ends, messages) = ends(way);
            let mut children = [child(), child()];
            for child in &children {
                ends.watch(child.id()).expect("it can be waited for");
            }
            for child in &mut children {
                assert!(ends.sleep(Some(Duration::ZERO)).is_empty(), "{way:?}");
                drop(child.stdin.take());
                assert_eq!(next(&mut ends, &messages), (child.id(), Remains::Zombie), "{way:?}");
                assert!(child.wait().expect("nobody reaped it").success());
            }
            assert!(ends.sleep(Some(Duration::ZERO)).is_empty() && messages.take().is_none(), "{way:?}");
        }
    }

    #[test]
    fn a_process_that_was_reaped_elsewhere_leaves_nothing() {
        for way in WAYS {
            let (mut ends, messages) = ends(way);
            let mut child = child();
            ends.watch(child.id()).expect("it can be waited for");
            drop(child.stdin.take());
            child.wait().expect("it ends");
            let (pid, remains) = next(&mut ends, &messages);
            assert_eq!(pid, child.id(), "{way:?}");
            // A thread may have seen the zombie before it was reaped.
            assert!(remains == Remains::Nothing || way == Way::Thread, "{remains:?}");
        }
    }

    #[test]
    fn a_process_of_no_interest_is_not_told_of() {
        let (mut ends, messages) = ends(Way::Descriptor);
        let (mut dull, mut other) = (child(), child());
        for child in [&dull, &other] {
            ends.watch(child.id()).expect("it can be waited for");
        }
        ends.forget(dull.id());
        drop(dull.stdin.take());
        dull.wait().expect("it ends");
        drop(other.stdin.take());
        assert_eq!(next(&mut ends, &messages).0, other.id());
        other.wait().expect("it ends");
    }
}
