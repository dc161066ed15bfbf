//! What workers print, line by line. Only data; `children/lines.rs` reads it.

use rustix::io::{retry_on_intr, write};
use std::fmt;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;

/// A line that a worker printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WorkerLine<'a> {
    /// The worker's slot, from 0.
    pub slot: usize,
    /// Its process id.
    pub pid: u32,
    /// Where it printed it.
    pub stream: WorkerStream,
    /// The bytes, without their end of line. A longer line than 64 KiB comes in parts.
    pub line: &'a [u8],
}

/// Where a worker prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WorkerStream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

impl fmt::Display for WorkerStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            WorkerStream::Stdout => "stdout",
            WorkerStream::Stderr => "stderr",
        })
    }
}

/// Takes lines from any number of threads at once. Equal only to its clones.
#[derive(Clone)]
pub(super) struct LineSink(Arc<Sink>);

type Sink = dyn Fn(WorkerLine<'_>) + Send + Sync;

impl LineSink {
    pub(super) fn new(sink: impl Fn(WorkerLine<'_>) + Send + Sync + 'static) -> LineSink {
        LineSink(Arc::new(sink))
    }

    pub(super) fn take(&self, line: WorkerLine<'_>) {
        (self.0)(line);
    }
}

impl PartialEq for LineSink {
    fn eq(&self, other: &LineSink) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for LineSink {}

impl fmt::Debug for LineSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LineSink")
    }
}

/// Prints a line where its worker printed it, with the worker's name before it.
///
/// Past the locks of this process's own streams: who holds one while he waits for a reply would wait for ever for a worker
/// that prints much.
pub(super) fn print_named(line: WorkerLine<'_>) {
    let mut text = format!("worker-{} | ", line.slot).into_bytes();
    text.extend_from_slice(line.line);
    text.push(b'\n');
    match line.stream {
        WorkerStream::Stdout => write_whole(io::stdout().as_fd(), &text),
        WorkerStream::Stderr => write_whole(io::stderr().as_fd(), &text),
    }
}

/// Most often with one call, so that lines stay whole.
fn write_whole(stream: BorrowedFd<'_>, mut text: &[u8]) {
    while !text.is_empty() {
        match retry_on_intr(|| write(stream, text)) {
            Ok(written) => text = &text[written..],
            // If nobody reads it, there is nobody to tell.
            Err(_) => return,
        }
    }
}
