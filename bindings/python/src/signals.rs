//! SIGTERM and SIGINT of a worker's process: the first tells the worker to leave, at once, whatever Python is doing; the second
//! SIGINT is Python's own again, so that a person can interrupt a handler.
//!
//! Python's own handlers run only between two of its instructions, and not while the worker waits for a job. So the system
//! calls this one, and what was there before comes back afterwards. In a forked child, whose signals are not for the worker,
//! it comes back too: at the first signal, or when Python has told of the fork.

use powerhose::worker::StopHandle;
use std::io;
use std::mem::MaybeUninit;
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicPtr, Ordering};

/// The signals, and what handled them before. What these point to is never freed: a signal may be looking at it.
static WATCHED: [(libc::c_int, AtomicPtr<libc::sigaction>); 2] =
    [(libc::SIGTERM, AtomicPtr::new(ptr::null_mut())), (libc::SIGINT, AtomicPtr::new(ptr::null_mut()))];
/// Whom signals tell to leave; never freed either.
static STOP: AtomicPtr<StopHandle> = AtomicPtr::new(ptr::null_mut());
/// The worker's process.
static PROCESS: AtomicI32 = AtomicI32::new(0);
/// Whether a SIGINT has come.
static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// Lets SIGTERM and SIGINT tell this worker to leave, until [`restore`].
pub(crate) fn watch(stop: StopHandle) -> io::Result<()> {
    let stop = Box::into_raw(Box::new(stop));
    if STOP.compare_exchange(ptr::null_mut(), stop, Ordering::SeqCst, Ordering::SeqCst).is_err() {
        return Err(io::Error::other("another worker of this process has the signals"));
    }
    INTERRUPTED.store(false, Ordering::SeqCst);
    PROCESS.store(process(), Ordering::SeqCst);
    for (signal, before) in &WATCHED {
        before.store(Box::into_raw(Box::new(current(*signal)?)), Ordering::SeqCst);
        handle(*signal)?;
    }
    Ok(())
}

/// What was there before handles the signals again.
pub(crate) fn restore() {
    for (signal, before) in &WATCHED {
        put_back(*signal, before);
        before.store(ptr::null_mut(), Ordering::SeqCst);
    }
    STOP.store(ptr::null_mut(), Ordering::SeqCst);
}

fn process() -> i32 {
    // SAFETY: it takes and changes nothing.
    unsafe { libc::getpid() }
}

fn current(signal: libc::c_int) -> io::Result<libc::sigaction> {
    let mut action = MaybeUninit::zeroed();
    // SAFETY: the action is written by the call if it succeeds, and may be zero if not.
    match unsafe { libc::sigaction(signal, ptr::null(), action.as_mut_ptr()) } {
        // SAFETY: it succeeded.
        0 => Ok(unsafe { action.assume_init() }),
        _ => Err(io::Error::last_os_error()),
    }
}

fn handle(signal: libc::c_int) -> io::Result<()> {
    // SAFETY: all of its fields may be zero; those that matter are set below.
    let mut action: libc::sigaction = unsafe { MaybeUninit::zeroed().assume_init() };
    action.sa_sigaction = on_signal as *const () as libc::sighandler_t;
    action.sa_flags = libc::SA_RESTART;
    // SAFETY: `on_signal` does only what a signal handler may: atomics, system calls that may be called there, and a call of
    // the handler that was there before. The action outlives the call.
    match unsafe { libc::sigaction(signal, &action, ptr::null_mut()) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

fn put_back(signal: libc::c_int, before: &AtomicPtr<libc::sigaction>) {
    let before = before.load(Ordering::SeqCst);
    if !before.is_null() {
        // SAFETY: the action came from sigaction itself, and is never freed. It fails only for signals that cannot be handled.
        let _ = unsafe { libc::sigaction(signal, before, ptr::null_mut()) };
    }
}

extern "C" fn on_signal(signal: libc::c_int) {
    let Some((_, before)) = WATCHED.iter().find(|(watched, _)| *watched == signal) else { return };
    if process() != PROCESS.load(Ordering::SeqCst) {
        put_back(signal, before);
        // SAFETY: it may be called in a handler. The signal comes once more when this returns.
        unsafe { libc::kill(process(), signal) };
        return;
    }
    let stop = STOP.load(Ordering::SeqCst);
    if !stop.is_null() {
        // SAFETY: it came from a box that is never freed. To stop takes no lock and allocates nothing.
        unsafe { &*stop }.stop();
    }
    if signal == libc::SIGINT && INTERRUPTED.swap(true, Ordering::SeqCst) {
        call(before, signal);
    }
}

/// Calls the handler that was there before, if it is one that takes only the signal's number.
fn call(before: &AtomicPtr<libc::sigaction>, signal: libc::c_int) {
    // SAFETY: it is null, or came from a box that is never freed.
    let Some(before) = (unsafe { before.load(Ordering::SeqCst).as_ref() }) else { return };
    let nobody = [libc::SIG_DFL, libc::SIG_IGN].contains(&before.sa_sigaction);
    if nobody || before.sa_flags & libc::SA_SIGINFO != 0 {
        return;
    }
    // SAFETY: it was the handler of this signal, and without SA_SIGINFO one takes its number.
    let handler: extern "C" fn(libc::c_int) = unsafe { std::mem::transmute(before.sa_sigaction) };
    handler(signal);
}
