//! What workers print, line by line. Only data; `children/lines.rs` reads it.

use std::fmt;
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
