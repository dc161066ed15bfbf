//! Signals, as what they ask for.

use super::Happening;
use crossbeam_channel::Sender;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGTTIN, SIGTTOU};
use signal_hook::iterator::Signals;
use std::io;
use std::thread;

/// What a signal asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Signal {
    /// SIGTERM, SIGINT: end; the second time at once.
    End,
    /// SIGHUP: replace all workers.
    Replace,
    /// SIGTTIN: one worker more.
    More,
    /// SIGTTOU: one worker fewer.
    Fewer,
}

/// From now on signals are happenings, for as long as the process lives.
pub(super) fn watch(happenings: Sender<Happening>) -> io::Result<()> {
    let mut signals = Signals::new([SIGTERM, SIGINT, SIGHUP, SIGTTIN, SIGTTOU])?;
    let listen = move || {
        for signal in signals.forever() {
            let asked = match signal {
                SIGHUP => Signal::Replace,
                SIGTTIN => Signal::More,
                SIGTTOU => Signal::Fewer,
                _ => Signal::End,
            };
            if happenings.send(Happening::Signal(asked)).is_err() {
                return;
            }
        }
    };
    thread::Builder::new().name("signals".to_owned()).spawn(listen).map(drop)
}
