//! Which of the two servers that clients know is followed where they differ.

use clap::ValueEnum;

/// Mozilla had two Token Servers that answer a few requests differently.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Behaviour {
    /// The one in Python, tokenserver 1.6.1.
    Original,
    /// The one that clients of today meet, syncstorage-rs 0.23.
    #[default]
    Successor,
}
