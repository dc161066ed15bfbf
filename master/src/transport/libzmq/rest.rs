//! Where a loop rests: over its sockets and its wake-up together.

use crate::transport::sleeper::Sleeper;
use crate::transport::wakeup::Wakeup;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;
use std::time::Instant;

/// What it sleeps over first: the wake-up, and the socket with the messages. Each look for messages finds theirs.
const EXPECTED: u64 = 0b11;

/// See the module. It must not outlive the sockets.
pub(crate) struct Rest {
    sleeper: Sleeper,
    wakeup: Arc<Wakeup>,
}

/// What ended a sleep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Told {
    /// Nothing but time, messages or the wake-up.
    Nothing,
    /// One of the sockets that tell of connections.
    Hints,
}

impl Rest {
    /// Over the socket with the messages, and those that tell of connections.
    pub(crate) fn over(
        messages: &zmq::Socket,
        hints: &[&zmq::Socket],
        wakeup: Arc<Wakeup>,
    ) -> io::Result<Rest> {
        let mut descriptors = vec![wakeup.as_fd()];
        for socket in [messages].iter().chain(hints) {
            let descriptor = socket.get_fd()?;
            // SAFETY: the descriptor is the socket's own and open as long as it; it is only handed to epoll here.
            descriptors.push(unsafe { BorrowedFd::borrow_raw(descriptor) });
        }
        Ok(Rest { sleeper: Sleeper::over(&descriptors)?, wakeup })
    }

    /// Sleeps until a socket may have something to read, somebody uses the wake-up, or it is `until`.
    pub(crate) fn sleep(&self, until: Option<Instant>) -> Told {
        let readable = self.sleeper.sleep(until);
        self.wakeup.awake();
        self.wakeup.drain();
        if readable & !EXPECTED == 0 { Told::Nothing } else { Told::Hints }
    }
}

impl AsFd for Rest {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.sleeper.as_fd()
    }
}
