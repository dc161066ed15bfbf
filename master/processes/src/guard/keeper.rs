//! What a guard does, from its birth to its end: system calls only, without memory, locks or anything that could panic.

use super::{END_ALL, shed};
use crate::table::{adopt_orphans, end_descendants};
use rustix::fd::BorrowedFd;
use rustix::io::Errno;
use rustix::process::{
    Pid, Resource, Rlimit, Signal, WaitId, WaitIdOptions, WaitOptions, WaitStatus, chdir, getpid, getppid,
    getrlimit, kill_process, kill_process_group, set_parent_process_death_signal, setrlimit, wait, waitid,
};
use std::io;
use std::mem::MaybeUninit;

/// The name of guards in lists of processes; the kernel keeps fifteen bytes. It has not the program's name in it: who ends all
/// that has (`pkill -9 powerhose`) is to leave those that end the rest.
pub(super) const NAME: &std::ffi::CStr = c"worker-guard";

/// What a guard's parent may send for the program.
pub(super) const PASSED_ON: [Signal; 6] =
    [Signal::TERM, Signal::INT, Signal::HUP, Signal::QUIT, Signal::USR1, Signal::USR2];

/// The calling process, a child of `parent` that has just been forked, becomes a guard: it does not return. What it was to do
/// goes on in a child of its own, where this returns. The child's number is told through `told`.
pub(super) fn divide(parent: Pid, told: Option<BorrowedFd<'_>>) -> io::Result<()> {
    let mask = block(&all_signals())?;
    set_parent_process_death_signal(Some(END_ALL))?;
    // Did the parent end before the signal was armed?
    if getppid() != Some(parent) {
        return Err(Errno::SRCH.into());
    }
    // A system that knows nothing of it (a sandbox) leaves us the process group and the children.
    let _ = adopt_orphans();
    // Ignored, as some parents have it, it keeps us and the program from knowing how children end.
    // SAFETY: sets what a signal means; no handler is involved.
    unsafe { libc::signal(libc::SIGCHLD, libc::SIG_DFL) };
    // The program may look for it at once; it gets a name of its own when it is executed.
    let _ = rustix::thread::set_name(NAME);
    let guard = getpid();
    // SAFETY: this process has one thread, and both sides go on with system calls only.
    match unsafe { libc::fork() } {
        -1 => Err(io::Error::last_os_error()),
        0 => {
            set_parent_process_death_signal(Some(Signal::KILL))?;
            set_mask(&mask)?;
            if getppid() == Some(guard) { Ok(()) } else { Err(Errno::SRCH.into()) }
        }
        program => match Pid::from_raw(program) {
            Some(program) => Keeper { parent, program }.keep(told),
            None => exit(0),
        },
    }
}

/// A guard.
struct Keeper {
    parent: Pid,
    program: Pid,
}

impl Keeper {
    fn keep(&self, told: Option<BorrowedFd<'_>>) -> ! {
        if let Some(told) = told {
            let _ = rustix::io::write(told, &self.program.as_raw_pid().to_ne_bytes());
        }
        // Neither a signal for our parent's group nor its folder is ours.
        let _ = rustix::process::setpgid(None, None);
        let _ = chdir(c"/");
        close_all();
        shed::memory();
        loop {
            if getppid() != Some(self.parent) {
                self.end_all();
            }
            match next_signal(&all_signals()) {
                Some((libc::SIGCHLD, _)) => self.reap(),
                Some((signal, sender)) if sender == Some(self.parent.as_raw_pid()) => self.obey(signal),
                Some(_) | None => {}
            }
        }
    }

    fn obey(&self, signal: i32) {
        if signal == END_ALL.as_raw() {
            self.end_all();
        }
        if let Some(signal) = PASSED_ON.into_iter().find(|passed_on| passed_on.as_raw() == signal) {
            // It is our child, and was not waited for.
            let _ = kill_process(self.program, signal);
        }
    }

    /// Children have ended: the program, or orphans that it has left to us.
    fn reap(&self) {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        if let Ok(Some(_)) = waitid(WaitId::Pid(self.program), options) {
            self.end_all();
        }
        while let Ok(Some((pid, status))) = wait(WaitOptions::NOHANG) {
            // It has ended just now.
            if pid == self.program {
                end_descendants(|_, _| {});
                end_as(status);
            }
        }
    }

    /// The program ends if it has not, and all that it has started; then this process, as the program did.
    fn end_all(&self) -> ! {
        // Those that stayed together first: they go at once.
        let _ = kill_process_group(self.program, Signal::KILL);
        let _ = kill_process(self.program, Signal::KILL);
        let mut ended = None;
        end_descendants(|pid, status| {
            if pid == self.program {
                ended = Some(status);
            }
        });
        match ended {
            Some(status) => end_as(status),
            None => exit(0),
        }
    }
}

/// This process ends as another one did.
pub(super) fn end_as(status: WaitStatus) -> ! {
    if let Some(signal) = status.terminating_signal() {
        // One core is enough.
        let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
        let _ = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable);
        // SAFETY: what the signal does by default.
        unsafe { libc::signal(signal, libc::SIG_DFL) };
        // SAFETY: a set that is filled before it is used, and a signal to ourselves.
        unsafe {
            let mut set = MaybeUninit::uninit();
            libc::sigemptyset(set.as_mut_ptr());
            libc::sigprocmask(libc::SIG_SETMASK, set.as_ptr(), std::ptr::null_mut());
            libc::kill(libc::getpid(), signal);
        }
    }
    exit(status.exit_status().unwrap_or(libc::EXIT_FAILURE))
}

/// Without what a process does when it ends of its own accord: most of that is our parent's.
pub(super) fn exit(status: i32) -> ! {
    // SAFETY: ends this process.
    unsafe { libc::_exit(status) }
}

pub(super) fn all_signals() -> libc::sigset_t {
    let mut set = MaybeUninit::uninit();
    // SAFETY: fills the set.
    unsafe {
        libc::sigfillset(set.as_mut_ptr());
        set.assume_init()
    }
}

/// Signals of this set wait until they are taken. What was blocked before.
pub(super) fn block(set: &libc::sigset_t) -> io::Result<libc::sigset_t> {
    let mut before = MaybeUninit::uninit();
    // SAFETY: both point to sets; the second is filled if the call succeeds.
    unsafe {
        match libc::sigprocmask(libc::SIG_BLOCK, set, before.as_mut_ptr()) {
            0 => Ok(before.assume_init()),
            _ => Err(io::Error::last_os_error()),
        }
    }
}

pub(super) fn set_mask(set: &libc::sigset_t) -> io::Result<()> {
    // SAFETY: points to a set.
    match unsafe { libc::sigprocmask(libc::SIG_SETMASK, set, std::ptr::null_mut()) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Sleeps until a signal of this set comes: which, and from which process, if one has sent it.
pub(super) fn next_signal(set: &libc::sigset_t) -> Option<(i32, Option<i32>)> {
    let mut info = MaybeUninit::<libc::siginfo_t>::uninit();
    // SAFETY: both point to what they should; the second is filled if the call succeeds.
    unsafe {
        let signal = libc::sigwaitinfo(set, info.as_mut_ptr());
        if signal < 0 {
            return None;
        }
        let info = info.assume_init();
        // What processes send has a code of 0 or below.
        Some((signal, (info.si_code <= 0).then(|| info.si_pid())))
    }
}

/// Closes every descriptor: connections of our parent, and what it waits for until our program begins.
fn close_all() {
    // SAFETY: takes numbers. Nothing in this process uses a descriptor that was open before.
    if unsafe { libc::syscall(libc::SYS_close_range, 0, libc::c_uint::MAX, 0) } == 0 {
        return;
    }
    // Kernels before 5.9.
    let most = getrlimit(Resource::Nofile).current.unwrap_or(1 << 20);
    for descriptor in 0..i32::try_from(most).unwrap_or(1 << 20) {
        // SAFETY: as above.
        unsafe { libc::close(descriptor) };
    }
}
