//! What a loop sleeps on: one poller (epoll), one timer (timerfd).

mod poller;
mod timer;

pub use poller::Told;
pub(crate) use poller::{Interest, Poller, Seen, TOLD_MAX};
pub(crate) use timer::Timer;
