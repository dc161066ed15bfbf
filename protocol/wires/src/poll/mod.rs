//! What loops sleep on: one poller, one timer, one wake-up, one gate. Whatever belongs to an operating system stands in a
//! file of its own (`linux`); the others are the same everywhere.

mod gate;
mod interest;
mod linux;
mod poller;
mod wakeup;

pub use gate::{Gate, Look};
pub(crate) use interest::Interest;
pub(crate) use linux::{Seen, Signal, Timer};
pub use poller::Told;
pub(crate) use poller::{Poller, TOLD_MAX};
pub use wakeup::Wakeup;

use linux as system;
