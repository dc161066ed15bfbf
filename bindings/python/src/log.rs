//! What master, client and worker have to say, for Python's logging.
//!
//! Their threads leave it in a queue and wake whoever empties that; so they never wait for the interpreter's lock. A queue that
//! is full takes nothing, and it is told how much was dropped.

use crossbeam_channel::{Receiver, Sender, bounded};
use pyo3::prelude::*;
use rustix::event::{EventfdFlags, eventfd};
use std::fmt::{self, Write};
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::ptr;
use std::sync::atomic::{AtomicPtr, AtomicU8, AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

/// Lines that wait for Python.
const LINES_MAX: usize = 4096;

/// Of this process. Never freed: any thread may be looking at it; and a forked child has its own.
static QUEUE: AtomicPtr<Queue> = AtomicPtr::new(ptr::null_mut());
/// Python's number of the least important level that is taken.
static LEVEL: AtomicU8 = AtomicU8::new(u8::MAX);

struct Queue {
    lines: (Sender<Line>, Receiver<Line>),
    dropped: AtomicU64,
    /// Readable while something may be in the queue.
    descriptor: OwnedFd,
}

/// Python's level, seconds since the epoch, the place in the code, and the text.
type Line = (u8, f64, &'static str, String);

impl Queue {
    fn new() -> io::Result<Queue> {
        let descriptor = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
        Ok(Queue { lines: bounded(LINES_MAX), dropped: AtomicU64::new(0), descriptor })
    }

    fn begin() -> io::Result<&'static Queue> {
        let queue: &Queue = Box::leak(Box::new(Queue::new()?));
        QUEUE.store(ptr::from_ref(queue).cast_mut(), Ordering::Release);
        Ok(queue)
    }

    fn of_this_process() -> Option<&'static Queue> {
        // SAFETY: it is null, or came from a box that is never freed.
        unsafe { QUEUE.load(Ordering::Acquire).as_ref() }
    }

    fn leave(&self, line: Line) {
        if self.lines.0.try_send(line).is_err() {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
        // It fails only where it has been told 2^64 times of what nobody took.
        let _ = rustix::io::write(&self.descriptor, &1_u64.to_ne_bytes());
    }
}

/// Takes lines of this level, of Python's numbers, and above from now on. Gives the descriptor that is readable when some wait.
#[pyfunction]
pub(crate) fn log_from(level: u8) -> io::Result<i32> {
    let queue = match Queue::of_this_process() {
        Some(queue) => queue,
        None => Queue::begin()?,
    };
    LEVEL.store(level, Ordering::Relaxed);
    // The first time only; it fails if this process has another one, which then has all there is to say.
    let _ = tracing::subscriber::set_global_default(Lines);
    tracing::callsite::rebuild_interest_cache();
    Ok(queue.descriptor.as_raw_fd())
}

/// The lines that wait, and how many were dropped since the last time.
#[pyfunction]
pub(crate) fn take_log() -> (Vec<Line>, u64) {
    let Some(queue) = Queue::of_this_process() else { return (Vec::new(), 0) };
    // The descriptor first: a line that comes between the two is told of again.
    let _ = rustix::io::read(&queue.descriptor, &mut [0; 8]);
    (queue.lines.1.try_iter().take(LINES_MAX).collect(), queue.dropped.swap(0, Ordering::Relaxed))
}

/// In a forked child: what waited is told by the parent, and a thread that is not here may have been leaving a line.
#[pyfunction]
pub(crate) fn forget_log() {
    QUEUE.store(ptr::null_mut(), Ordering::Release);
}

/// Makes lines of events. Spans are not followed.
struct Lines;

impl Subscriber for Lines {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.is_event() && python_level(*metadata.level()) >= LEVEL.load(Ordering::Relaxed)
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(match LEVEL.load(Ordering::Relaxed) {
            0..=5 => LevelFilter::TRACE,
            6..=10 => LevelFilter::DEBUG,
            11..=20 => LevelFilter::INFO,
            21..=30 => LevelFilter::WARN,
            31..=40 => LevelFilter::ERROR,
            41.. => LevelFilter::OFF,
        })
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let Some(queue) = Queue::of_this_process() else { return };
        let mut text = Text::default();
        event.record(&mut text);
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64());
        let metadata = event.metadata();
        queue.leave((python_level(*metadata.level()), now, metadata.target(), text.message + &text.fields));
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

fn python_level(level: Level) -> u8 {
    match level {
        Level::ERROR => 40,
        Level::WARN => 30,
        Level::INFO => 20,
        Level::DEBUG => 10,
        Level::TRACE => 5,
    }
}

/// An event as people read it: its message, then its fields.
#[derive(Default)]
struct Text {
    message: String,
    fields: String,
}

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        // To write to a string never fails.
        let _ = match field.name() {
            "message" => write!(self.message, "{value:?}"),
            name => write!(self.fields, " {name}={value:?}"),
        };
    }
}
