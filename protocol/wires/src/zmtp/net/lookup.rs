//! A name that is being looked up, by a thread of its own: the system may take half a minute for it.

use super::Resolve;
use std::io;
use std::net::{Shutdown, SocketAddr};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, TryRecvError, sync_channel};
use std::thread;

/// Names that a process looks up at once. A look-up that nobody waits for any more goes on until the system gives it up.
const LOOKUPS_MAX: usize = 16;

static LOOKUPS: AtomicUsize = AtomicUsize::new(0);

/// Its descriptor is readable once there is an answer.
#[derive(Debug)]
pub(crate) struct Lookup {
    answered: UnixStream,
    answer: Receiver<io::Result<Vec<SocketAddr>>>,
}

impl Lookup {
    /// Begins to look up a host.
    ///
    /// # Errors
    /// Too many look-ups run, or the system gives no descriptor or thread.
    pub(crate) fn begin(host: &str, port: u16, resolve: Resolve) -> io::Result<Lookup> {
        let turn = Turn::take()?;
        let (answered, answers) = UnixStream::pair()?;
        let (sender, answer) = sync_channel(1);
        let host = host.to_owned();
        thread::Builder::new().name("powerhose-lookup".to_owned()).spawn(move || {
            let found = resolve(&host, port);
            drop(turn);
            // Whoever asked may have gone.
            let _ = sender.try_send(found);
            // Not only dropped: a child that is just being started may have a copy.
            let _ = answers.shutdown(Shutdown::Both);
        })?;
        Ok(Lookup { answered, answer })
    }

    /// The answer, if it is there.
    pub(crate) fn answer(&self) -> Option<io::Result<Vec<SocketAddr>>> {
        match self.answer.try_recv() {
            Ok(answer) => Some(answer),
            Err(TryRecvError::Empty) => None,
            Err(TryRecvError::Disconnected) => Some(Err(io::Error::other("the look-up broke off"))),
        }
    }
}

impl AsFd for Lookup {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.answered.as_fd()
    }
}

/// Counts as one of the look-ups for as long as it is there.
struct Turn;

impl Turn {
    fn take() -> io::Result<Turn> {
        let one_more = |count| (count < LOOKUPS_MAX).then_some(count + 1);
        LOOKUPS
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more)
            .map_err(|_| io::Error::other("too many names are being looked up"))?;
        Ok(Turn)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        LOOKUPS.fetch_sub(1, Ordering::Relaxed);
    }
}
