//! Ends the process when its handler hangs, after saying where. A thread cannot be ended; a process can, and its
//! supervisor starts another.

use powerhose_protocol::JobId;
use rustix::process::Pid;
use rustix::thread::gettid;
use signal_hook::consts::SIGURG;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// The exit status of a worker whose handler was still running a grace after its job's deadline (the pool's
/// `overrun_grace_ms`, 30 seconds unless the master says otherwise), or after nobody waited for it any longer where its pool or its
/// job asked for that. The process ends at once: no destructor runs.
pub const WATCHDOG_EXIT_STATUS: i32 = 86;

/// Frames of the handler's thread that are told.
const FRAMES_MAX: usize = 128;
/// How long the handler's thread may take to tell them. It may be inside a system call that no signal interrupts.
const CAPTURE_PATIENCE: Duration = Duration::from_millis(500);
const CAPTURE_TICK: Duration = Duration::from_millis(5);
/// How long finding names for them may take: seconds on a loaded machine, where much debug information is to be read.
const NAMING_PATIENCE: Duration = Duration::from_secs(20);

/// Where the handler's thread was, from the innermost frame out.
static FRAMES: [AtomicUsize; FRAMES_MAX] = [const { AtomicUsize::new(0) }; FRAMES_MAX];
/// How many of them there are; `usize::MAX` until they were captured.
static FRAMES_CAPTURED: AtomicUsize = AtomicUsize::new(usize::MAX);

/// The thread that runs the handlers, as the process and as the system name it.
pub(super) struct JobThread {
    handle: usize,
    id: Pid,
}

impl JobThread {
    pub(super) fn current() -> JobThread {
        JobThread { handle: this_thread(), id: gettid() }
    }

    /// This thread runs handlers from now on. Costs a system call only if another one did before.
    pub(super) fn renew(&mut self) {
        if self.handle != this_thread() {
            *self = JobThread::current();
        }
    }
}

fn this_thread() -> usize {
    // SAFETY: it has no preconditions.
    unsafe { libc::pthread_self() as usize }
}

/// A run that is longer than it may be.
pub(super) struct Overrun<'a> {
    pub(super) job: JobId,
    pub(super) attempt: u64,
    pub(super) pool: &'a str,
    pub(super) running_for: Duration,
}

/// Logs which job hangs, and where this thread does, and ends the process with [`WATCHDOG_EXIT_STATUS`].
pub(super) fn end_process(thread: &JobThread, overrun: &Overrun<'_>) -> ! {
    let Overrun { job, attempt, pool, running_for } = overrun;
    tracing::error!(%job, attempt, pool, ?running_for, "the handler hangs, the process ends");
    // Reading debug information can itself hang, if the thread was interrupted while it held the loader's lock.
    let last_resort = thread::Builder::new().spawn(|| {
        thread::sleep(NAMING_PATIENCE);
        exit();
    });
    if last_resort.is_ok() {
        let backtrace = capture(thread).map_or_else(|reason| format!("unknown: {reason}"), name_frames);
        tracing::error!("the handler hangs here:\n{backtrace}");
    }
    exit()
}

/// Ends the process at once, with [`WATCHDOG_EXIT_STATUS`].
pub(super) fn exit() -> ! {
    // SAFETY: it has no preconditions. `std::process::exit` would run the destructors of libraries that the hanging thread
    // may be in the midst of.
    unsafe { libc::_exit(WATCHDOG_EXIT_STATUS) }
}

/// Makes the thread note its frames, by a signal that does nothing to a program without a handler for it.
fn capture(thread: &JobThread) -> Result<Vec<usize>, String> {
    // SAFETY: `note_frames` does what may be done in a signal handler; see there.
    unsafe { signal_hook::low_level::register(SIGURG, note_frames) }.map_err(|error| error.to_string())?;
    let (process, thread) = (std::process::id(), thread.id.as_raw_pid());
    // SAFETY: it has no preconditions: a thread that is gone is an error, and any other of this process only notes frames.
    if unsafe { libc::syscall(libc::SYS_tgkill, process, thread, SIGURG) } != 0 {
        return Err(std::io::Error::last_os_error().to_string());
    }
    let begun_at = Instant::now();
    while begun_at.elapsed() < CAPTURE_PATIENCE {
        let captured = FRAMES_CAPTURED.load(Ordering::Acquire);
        if let Some(frames) = FRAMES.get(..captured) {
            return Ok(frames.iter().map(|frame| frame.load(Ordering::Relaxed)).collect());
        }
        thread::sleep(CAPTURE_TICK);
    }
    Err("the thread does not react to a signal".to_owned())
}

/// Runs in the signal handler: it allocates nothing and takes no lock of ours. The unwinder may take one of the loader's;
/// should the thread hold that, nothing is captured, and the process ends all the same.
fn note_frames() {
    let mut count = 0;
    // SAFETY: it is the only caller in this process of the unsynchronized half of the crate, once, and names are found
    // after it is done.
    unsafe {
        backtrace::trace_unsynchronized(|frame| {
            FRAMES[count].store(frame.ip().addr(), Ordering::Relaxed);
            count += 1;
            count < FRAMES_MAX
        });
    }
    FRAMES_CAPTURED.store(count, Ordering::Release);
}

/// The frames between the signal handler and this crate: what the handler was doing, a line for each function. With
/// reduced debug information only a frame's file tells the crate.
fn name_frames(frames: Vec<usize>) -> String {
    let lines: Vec<String> = frames.into_iter().flat_map(name_frame).collect();
    let is_signal =
        |line: &String| ["signal_hook_registry", "signal-hook-registry"].iter().any(|own| line.contains(own));
    let folder = file!().trim_end_matches("watchdog.rs");
    let is_runtime = |line: &String| line.contains("powerhose_worker::runtime") || line.contains(folder);
    // After the signal handler's own frames comes the one to which the system made it return.
    let first = lines.iter().rposition(is_signal).map_or(0, |place| place + 2);
    let told = lines.get(first..).unwrap_or_default();
    let end = told.iter().position(is_runtime).unwrap_or(told.len());
    told[..end].join("\n")
}

/// The functions at one address: several where some were inlined.
fn name_frame(address: usize) -> Vec<String> {
    let mut lines = Vec::new();
    backtrace::resolve(std::ptr::without_provenance_mut(address), |symbol| {
        let name = symbol.name().map_or_else(|| "unknown".to_owned(), |name| format!("{name:#}"));
        let place = match (symbol.filename(), symbol.lineno()) {
            (Some(file), Some(line)) => format!(" at {}:{line}", file.display()),
            _ => String::new(),
        };
        lines.push(format!("  {name}{place}"));
    });
    if lines.is_empty() {
        lines.push(format!("  {address:#x}"));
    }
    lines
}
