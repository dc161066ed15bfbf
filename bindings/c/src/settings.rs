//! What settings of all kinds have in common: C sets one after the other, and hears what was wrong with them when it uses them.

use crate::guard::{given, guard};
use crate::problem::Problem;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Settings, and the first thing that was wrong with one.
pub(crate) struct Settings<T>(Mutex<Set<T>>);

struct Set<T> {
    chosen: T,
    problem: Option<Problem>,
}

impl<T> Settings<T> {
    pub(crate) fn new(chosen: T) -> Settings<T> {
        Settings(Mutex::new(Set { chosen, problem: None }))
    }

    /// Changes them, unless that cannot be; what is wrong is kept for whoever uses them.
    pub(crate) fn set(&self, change: impl FnOnce(&mut T) -> Result<(), Problem>) {
        let mut set = self.lock();
        if let Err(problem) = change(&mut set.chosen) {
            set.problem.get_or_insert(problem);
        }
    }

    /// Reads them, if nothing was wrong with any.
    pub(crate) fn read<R>(&self, read: impl FnOnce(&T) -> R) -> Result<R, Problem> {
        let set = self.lock();
        match &set.problem {
            None => Ok(read(&set.chosen)),
            Some(problem) => Err(problem.clone()),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Set<T>> {
        // What is half set after a panic is as good as before.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Changes settings that C passed. NULL is changed by nothing: what they are used for says so.
pub(crate) fn set<S, T>(
    settings: Option<&S>,
    of: impl FnOnce(&S) -> &Settings<T>,
    change: impl FnOnce(&mut T) -> Result<(), Problem>,
) {
    let set = || {
        of(given(settings, "settings")?).set(change);
        Ok(())
    };
    guard(None, |_| (), set);
}
