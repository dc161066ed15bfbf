//! A client of a master in another process: a pure machine, and the loop that runs it.

mod event_loop;
#[cfg_attr(not(test), deny(clippy::disallowed_methods))]
mod machine;
mod outcome;

pub(crate) use event_loop::{ClientLoop, Greeted};
pub(crate) use machine::{ClientMachine, ClientSettings};
