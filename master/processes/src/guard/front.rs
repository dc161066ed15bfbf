//! A guard above this very process: for a program that somebody has started without one.
//!
//! Three processes then stand where one stood. The first keeps the number that the starter knows, passes signals on and ends as
//! the third does, in which the program goes on; the guard is between them. So whichever of the first and the third is killed,
//! the guard is left to end what the program has started.

use super::keeper::{NAME, PASSED_ON, block, divide, end_as, exit, next_signal, set_mask};
use crate::table::name_of;
use rustix::process::{Pid, Signal, WaitOptions, getpid, getppid, kill_process, waitpid};
use std::io;
use std::mem::MaybeUninit;

/// Whether a guard has started this process.
pub fn is_guarded() -> bool {
    let mut buffer = [0; 32];
    getppid().and_then(|parent| name_of(parent, &mut buffer)).is_some_and(|name| name == NAME.to_bytes())
}

/// Goes on in a new process behind a guard, where this returns. The calling one only waits.
///
/// # Errors
/// The system refuses; then this is the same process as before.
///
/// # Safety
/// This process has no other thread.
pub unsafe fn go_on_guarded() -> io::Result<()> {
    let set = watched();
    let mask = block(&set)?;
    let front = getpid();
    // SAFETY: the caller says that there is no other thread.
    match unsafe { libc::fork() } {
        -1 => {
            let error = io::Error::last_os_error();
            set_mask(&mask)?;
            Err(error)
        }
        0 => {
            set_mask(&mask)?;
            let name = rustix::thread::name();
            match divide(front, None) {
                Ok(()) => {
                    // Only how it is listed: it goes on without.
                    let _ = name.and_then(|name| rustix::thread::set_name(&name));
                    Ok(())
                }
                // Who started us is to be told that it does not run.
                Err(_) => exit(libc::EXIT_FAILURE),
            }
        }
        guard => match Pid::from_raw(guard) {
            Some(guard) => wait_in_front(guard, &set),
            None => exit(libc::EXIT_FAILURE),
        },
    }
}

fn wait_in_front(guard: Pid, set: &libc::sigset_t) -> ! {
    loop {
        match next_signal(set) {
            Some((libc::SIGCHLD, _)) => {
                if let Ok(Some((_, status))) = waitpid(Some(guard), WaitOptions::NOHANG) {
                    end_as(status);
                }
            }
            // What the terminal sends reaches the program too.
            Some((signal, Some(_))) => {
                if let Some(signal) = Signal::from_named_raw(signal) {
                    let _ = kill_process(guard, signal);
                }
            }
            Some((_, None)) | None => {}
        }
    }
}

fn watched() -> libc::sigset_t {
    let mut set = MaybeUninit::uninit();
    // SAFETY: fills the set, then adds to it.
    unsafe {
        libc::sigemptyset(set.as_mut_ptr());
        libc::sigaddset(set.as_mut_ptr(), libc::SIGCHLD);
        for signal in PASSED_ON {
            libc::sigaddset(set.as_mut_ptr(), signal.as_raw());
        }
        set.assume_init()
    }
}
