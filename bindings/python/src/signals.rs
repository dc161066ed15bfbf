//! SIGTERM and SIGINT of a worker's process: the first tells the worker to leave, at once, whatever Python is doing; the second
//! SIGINT is Python's own again, so that a person can interrupt a handler.
//!
//! Python's own handlers run only between two of its instructions, and not while the worker waits for a job. So the system
//! calls this one, and what was there before comes back afterwards.

use powerhose::worker::StopHandle;
use std::io;
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicPtr, Ordering};
use std::sync::{Mutex, PoisonError};

/// Whom signals tell to leave. What it points to is never freed: a signal may be looking at it.
static STOP: AtomicPtr<StopHandle> = AtomicPtr::new(ptr::null_mut());
/// Whether a SIGINT has come.
static INTERRUPTED: AtomicBool = AtomicBool::new(false);
/// What handled SIGINT before; null if nobody did.
static BEFORE: AtomicPtr<libc::c_void> = AtomicPtr::new(ptr::null_mut());
/// What comes back at the end.
static SAVED: Mutex<Vec<(libc::c_int, libc::sigaction)>> = Mutex::new(Vec::new());

/// Lets SIGTERM and SIGINT tell this worker to leave, until [`restore`].
pub(crate) fn watch(stop: StopHandle) -> io::Result<()> {
    let mut saved = SAVED.lock().unwrap_or_else(PoisonError::into_inner);
    if !saved.is_empty() {
        return Err(io::Error::other("another worker of this process has the signals"));
    }
    INTERRUPTED.store(false, Ordering::SeqCst);
    STOP.store(Box::into_raw(Box::new(stop)), Ordering::SeqCst);
    for signal in [libc::SIGTERM, libc::SIGINT] {
        let before = replace(signal)?;
        if signal == libc::SIGINT {
            BEFORE.store(plain_handler(&before), Ordering::SeqCst);
        }
        saved.push((signal, before));
    }
    Ok(())
}

/// What was there before handles the signals again. In a forked child, too, whose signals are not for the worker.
pub(crate) fn restore() {
    let mut saved = SAVED.lock().unwrap_or_else(PoisonError::into_inner);
    for (signal, before) in saved.drain(..) {
        // SAFETY: the action comes from sigaction itself.
        let _ = unsafe { libc::sigaction(signal, &before, ptr::null_mut()) };
    }
    STOP.store(ptr::null_mut(), Ordering::SeqCst);
}

fn replace(signal: libc::c_int) -> io::Result<libc::sigaction> {
    // SAFETY: all of its fields may be zero; those that matter are set below.
    let (mut action, mut before): (libc::sigaction, libc::sigaction) = unsafe { std::mem::zeroed() };
    action.sa_sigaction = on_signal as *const () as libc::sighandler_t;
    action.sa_flags = libc::SA_RESTART;
    // SAFETY: `on_signal` does only what a signal handler may: atomics, one write to a descriptor, and a call of the handler
    // that was there before. Both actions outlive the call.
    match unsafe { libc::sigaction(signal, &action, &mut before) } {
        0 => Ok(before),
        _ => Err(io::Error::last_os_error()),
    }
}

/// The handler of an action, if it is one that takes only the signal's number.
fn plain_handler(action: &libc::sigaction) -> *mut libc::c_void {
    let default = [libc::SIG_DFL, libc::SIG_IGN].contains(&action.sa_sigaction);
    if default || action.sa_flags & libc::SA_SIGINFO != 0 {
        return ptr::null_mut();
    }
    action.sa_sigaction as *mut libc::c_void
}

extern "C" fn on_signal(signal: libc::c_int) {
    let stop = STOP.load(Ordering::SeqCst);
    if !stop.is_null() {
        // SAFETY: it came from a box that is never freed.
        unsafe { &*stop }.stop();
    }
    if signal != libc::SIGINT || !INTERRUPTED.swap(true, Ordering::SeqCst) {
        return;
    }
    let before = BEFORE.load(Ordering::SeqCst);
    if !before.is_null() {
        // SAFETY: it was the handler of this signal, and one that takes its number.
        let before: extern "C" fn(libc::c_int) = unsafe { std::mem::transmute(before) };
        before(signal);
    }
}
