//! Reads what workers print and hands it on, line by line. Each stream has a thread: a worker that prints much never waits
//! for one that prints little.

use super::super::output::{LineSink, WorkerLine, WorkerStream};
use powerhose_processes::Guarded;
use std::io::{self, BufRead, BufReader, Read};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// A longer line is handed on in parts.
const LINE_BYTES_MAX: usize = 64 << 10;
const READER_STACK_BYTES: usize = 128 << 10;

/// The streams that are being read.
#[derive(Clone, Default)]
pub(super) struct Lines {
    shared: Arc<Readers>,
}

#[derive(Default)]
struct Readers {
    count: Mutex<usize>,
    ended: Condvar,
}

impl Lines {
    /// Begins to read what a worker prints, as far as it has pipes for it.
    pub(super) fn read(&self, worker: &mut Guarded, slot: usize, sink: &LineSink) -> io::Result<()> {
        let pid = worker.id();
        if let Some(stdout) = worker.take_stdout() {
            self.start(stdout, (slot, pid, WorkerStream::Stdout), sink.clone())?;
        }
        if let Some(stderr) = worker.take_stderr() {
            self.start(stderr, (slot, pid, WorkerStream::Stderr), sink.clone())?;
        }
        Ok(())
    }

    fn start(
        &self,
        stream: impl Read + Send + 'static,
        (slot, pid, from): (usize, u32, WorkerStream),
        sink: LineSink,
    ) -> io::Result<()> {
        *self.shared.count() += 1;
        let reader = Reader(self.shared.clone());
        let read = move || {
            let _reader = reader;
            hand_on(BufReader::new(stream), |line| sink.take(WorkerLine { slot, pid, stream: from, line }));
        };
        let name = format!("{from}-{pid}");
        thread::Builder::new().name(name).stack_size(READER_STACK_BYTES).spawn(read).map(drop)
    }

    /// Waits until all that was printed has been handed on. What a worker left running may hold its streams open for
    /// ever: so only for this long.
    pub(super) fn wait_ended(&self, timeout: Duration) {
        let waited = self.shared.ended.wait_timeout_while(self.shared.count(), timeout, |count| *count > 0);
        drop(waited);
    }
}

impl Readers {
    fn count(&self) -> MutexGuard<'_, usize> {
        self.count.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A thread that reads. Dropped when it ends, however it does, or was never started.
struct Reader(Arc<Readers>);

impl Drop for Reader {
    fn drop(&mut self) {
        *self.0.count() -= 1;
        self.0.ended.notify_all();
    }
}

fn hand_on(mut stream: impl BufRead, mut line: impl FnMut(&[u8])) {
    let mut buffer = Vec::new();
    loop {
        buffer.clear();
        let read = (&mut stream).take(LINE_BYTES_MAX as u64).read_until(b'\n', &mut buffer);
        match read {
            Ok(0) => return,
            Ok(_) => line(buffer.strip_suffix(b"\n").unwrap_or(&buffer)),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_whole_and_endless_ones_in_parts() {
        let long = [b'x'; LINE_BYTES_MAX + 10];
        let mut text = b"one\n\ntwo\n".to_vec();
        text.extend_from_slice(&long);
        text.extend_from_slice(b"\nlast");
        let mut lines = Vec::new();
        hand_on(&text[..], |line| lines.push(line.to_vec()));
        assert_eq!(lines[..3], [b"one".to_vec(), b"".to_vec(), b"two".to_vec()]);
        assert_eq!(lines[3].len(), LINE_BYTES_MAX);
        assert_eq!(lines[4..], [vec![b'x'; 10], b"last".to_vec()]);
    }
}
