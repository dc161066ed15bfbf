//! A stop that reaches every process, the program as well as its worker: whoever sends one so does not say that the job has
//! failed.

use super::pipes::TICK;
use powerhose::WorkerExit;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::low_level::emulate_default_handler;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// How many ticks a signal that went to both may come later to the worker than to the program.
const TICKS_LATER: u32 = 4;
/// What a shell adds to the number of the signal that ended what it ran.
const SHELL_OFFSET: i32 = 128;

/// The signals that this process has got so far.
pub(super) struct SharedSignals {
    caught: Vec<(i32, Arc<AtomicBool>)>,
}

impl SharedSignals {
    /// From now on. The worker must watch for the same signals already: they no longer end the process.
    pub(super) fn watch() -> io::Result<SharedSignals> {
        let watch = |signal| {
            let caught = Arc::new(AtomicBool::new(false));
            signal_hook::flag::register(signal, caught.clone())?;
            Ok((signal, caught))
        };
        Ok(SharedSignals { caught: [SIGTERM, SIGINT].into_iter().map(watch).collect::<io::Result<_>>()? })
    }

    /// If the program died of a signal that this process got too, this process ends by it as well, without an answer: the
    /// job is lost with its worker, and runs again where it may. Returns if it died of anything else.
    pub(super) fn end_with(&self, exit: WorkerExit) {
        let signal = signal_of(exit);
        let Some((signal, caught)) = self.caught.iter().find(|(caught, _)| Some(*caught) == signal) else {
            return;
        };
        for _ in 0..TICKS_LATER {
            if caught.load(Ordering::SeqCst) {
                // Returns only where the system refuses; then the job fails as it would have.
                let _ = emulate_default_handler(*signal);
                return;
            }
            std::thread::sleep(TICK);
        }
    }
}

/// Programs that catch a signal to tidy up, and shells whose command it ended, say so by their status.
fn signal_of(exit: WorkerExit) -> Option<i32> {
    match exit {
        WorkerExit::Signal(signal) => Some(signal),
        WorkerExit::Status(status) => Some(status - SHELL_OFFSET).filter(|signal| *signal > 0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_above_128_names_the_signal_as_in_a_shell() {
        assert_eq!(signal_of(WorkerExit::Signal(SIGTERM)), Some(SIGTERM));
        assert_eq!(signal_of(WorkerExit::Status(143)), Some(SIGTERM));
        assert_eq!(signal_of(WorkerExit::Status(1)), None);
        assert_eq!(signal_of(WorkerExit::Status(128)), None);
    }
}
