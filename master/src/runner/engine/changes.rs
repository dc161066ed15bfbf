//! How often something has happened to workers or clients: what those wait for who wait for workers.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Counts what happens. One for each runner, however many wait and however often.
#[derive(Default)]
pub(crate) struct Changes {
    count: Mutex<u64>,
    another: Condvar,
}

impl Changes {
    /// Something has happened.
    pub(crate) fn note(&self) {
        *self.lock() += 1;
        self.another.notify_all();
    }

    /// How much has happened so far.
    pub(crate) fn count(&self) -> u64 {
        *self.lock()
    }

    /// Blocks until more has happened than was `seen`, but no longer than this.
    pub(crate) fn wait_for_another(&self, seen: u64, timeout: Duration) {
        let waited = self.another.wait_timeout_while(self.lock(), timeout, |count| *count == seen);
        drop(waited.unwrap_or_else(PoisonError::into_inner));
    }

    fn lock(&self) -> MutexGuard<'_, u64> {
        // A number is whole, whoever panicked.
        self.count.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runner::engine::link::{Command, Link};
    use powerhose_wires::Wakeup;
    use std::sync::Arc;

    #[test]
    fn however_often_changes_are_asked_for_the_loop_has_one_subscriber() {
        let (commands, asked) = crossbeam_channel::unbounded();
        let wakeup = Arc::new(Wakeup::new().expect("an eventfd"));
        let link = Link::new(commands, wakeup, Duration::from_secs(5));
        let seen = [(); 3].map(|()| link.changes().count());
        assert_eq!(seen, [0; 3]);
        let told: Vec<Command> = asked.try_iter().collect();
        assert!(matches!(told.as_slice(), [Command::Subscribe(_)]));
    }

    #[test]
    fn what_has_happened_since_it_was_counted_is_not_waited_for() {
        let changes = Changes::default();
        let seen = changes.count();
        changes.note();
        changes.wait_for_another(seen, Duration::from_secs(3600));
        assert_eq!(changes.count(), 1);
        changes.wait_for_another(1, Duration::ZERO);
    }
}
