//! What can go wrong, by the names under which it is asked for and counted.

use crate::options::Mode;
use clap::ValueEnum;
use std::fmt;

/// A kind of fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, ValueEnum)]
pub(crate) enum Fault {
    /// kill -9 of a worker.
    WorkerKill,
    /// SIGSTOP of a worker, and SIGCONT later: soon, or after it was given up.
    WorkerStop,
    /// SIGTERM to a worker: it leaves in good order.
    WorkerDrain,
    /// A handler that does not return.
    HandlerHang,
    /// A handler that panics.
    HandlerPanic,
    /// A handler that ends its process.
    HandlerExit,
    /// A handler that aborts its process.
    HandlerAbort,
    /// kill -9 of the master, and its restart.
    MasterKill,
    /// SIGSTOP of the master, and SIGCONT 10 s later (less in a short run).
    MasterPause,
    /// kill -9 of a client.
    ClientKill,
    /// SIGSTOP of a client, and SIGCONT later.
    ClientStop,
    /// Hundreds of peers that register and vanish.
    Registrations,
    /// Peers that send what the protocol does not allow.
    Garbage,
    /// Connections that say nothing, or stop in the middle of a word.
    HalfOpen,
}

impl Fault {
    /// Those that can be applied to such a master.
    pub(crate) fn all(mode: Mode) -> Vec<Fault> {
        let possible = |fault: &Fault| match (fault, mode) {
            // With an embedded master its callers would die.
            (Fault::MasterKill, Mode::Embedded) => false,
            _ => true,
        };
        Fault::value_variants().iter().copied().filter(possible).collect()
    }

    /// How often it comes beside the others, once each has come.
    pub(crate) fn weight(self) -> u64 {
        match self {
            Fault::WorkerKill => 30,
            Fault::WorkerStop => 8,
            Fault::WorkerDrain | Fault::HandlerPanic => 6,
            Fault::HandlerHang | Fault::HandlerExit | Fault::HandlerAbort => 2,
            Fault::ClientKill | Fault::ClientStop | Fault::Garbage | Fault::HalfOpen => 4,
            Fault::Registrations => 3,
            Fault::MasterKill => 3,
            Fault::MasterPause => 1,
        }
    }

    /// Whether it is done to a worker's process.
    pub(crate) fn is_of_worker(self) -> bool {
        matches!(self, Fault::WorkerKill | Fault::WorkerStop | Fault::WorkerDrain)
    }

    /// Whether another fault of the master must be over before it.
    pub(crate) fn is_of_master(self) -> bool {
        matches!(self, Fault::MasterKill | Fault::MasterPause)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.to_possible_value().as_ref().map_or("", |value| value.get_name()))
    }
}
