//! Where a thread sleeps until a descriptor is readable, while another thread may tell it not to look for a while.

use super::interest::Interest;
use super::system::Selector;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

const DESCRIPTOR: u64 = 0;

/// See the module.
#[derive(Debug)]
pub struct Gate {
    selector: Selector,
    descriptor: OwnedFd,
}

/// Whether a [`Gate`] looks at its descriptor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// Who sleeps wakes when it is readable.
    Yes,
    /// Who sleeps sleeps on.
    No,
}

impl Gate {
    /// Over this descriptor, at which it looks.
    ///
    /// # Errors
    /// The system has no descriptor left.
    pub fn over(descriptor: impl AsFd) -> io::Result<Gate> {
        let descriptor = descriptor.as_fd().try_clone_to_owned()?;
        let selector = Selector::new()?;
        selector.add(descriptor.as_fd(), DESCRIPTOR, Interest::Reading)?;
        Ok(Gate { selector, descriptor })
    }

    /// Sleeps until the descriptor is readable and looked at, or for this long. May wake for nothing.
    pub fn sleep(&self, at_most: Option<Duration>) {
        self.selector.look(at_most, |_| {});
    }

    /// Whether it looks at the descriptor until it is told otherwise.
    pub fn look(&self, look: Look) {
        let interest = match look {
            Look::Yes => Interest::Reading,
            Look::No => Interest::Nothing,
        };
        // The descriptor was added when the gate was made: only an unresponsive kernel refuses.
        let _ = self.selector.modify(self.descriptor.as_fd(), DESCRIPTOR, interest);
    }
}
