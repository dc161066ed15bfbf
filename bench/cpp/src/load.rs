//! What is measured. `peer.cpp` has the same.

use clap::ValueEnum;

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Load {
    /// 64 bytes, one caller, one call at a time, one worker: the median in microseconds
    W1,
    /// 64 bytes, 64 in flight, handed over and taken by one thread: jobs a second
    W2,
    /// The same, in order, by what runs many
    Many,
    /// 88 µs of a core, 64 in flight: jobs a second
    W3,
    /// 1 MiB, 8 in flight: jobs a second
    W4,
}

impl Load {
    pub(crate) const ALL: [Load; 5] = [Load::W1, Load::W2, Load::Many, Load::W3, Load::W4];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Load::W1 => "w1",
            Load::W2 => "w2",
            Load::Many => "many",
            Load::W3 => "w3",
            Load::W4 => "w4",
        }
    }

    pub(crate) fn payload_bytes(self) -> usize {
        if self == Load::W4 { 1 << 20 } else { 64 }
    }

    pub(crate) fn in_flight(self) -> usize {
        match self {
            Load::W1 => 1,
            Load::W2 | Load::Many | Load::W3 => 64,
            Load::W4 => 8,
        }
    }

    pub(crate) fn workers(self) -> usize {
        if self == Load::W1 { 1 } else { 2 }
    }
}
