//! One master on one path. A lock file beside the socket decides, because libzmq, and whoever removes the path, would take
//! it from a running master without a word.
//!
//! `held` is a path with its lock. Once a second a master looks whether others still find it there; if not, `policy` says how it gets
//! its path back. `lock` is the lock file, `folder` what is made around it.

mod folder;
mod held;
mod inode;
mod lock;
mod policy;

pub(crate) use held::HeldPath;

use crate::common::Reachability;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tracing::{error, info, warn};

/// How often it is looked whether others still find the master.
const LOOK_AFTER: Duration = Duration::from_secs(1);
/// How often the log says again that they do not.
const SAY_AGAIN_AFTER: Duration = Duration::from_secs(60);

/// The paths of a master. They go when this value goes, also where an [`Outlook`] is left.
#[derive(Debug, Default)]
pub(crate) struct HeldPaths {
    paths: Arc<Mutex<Vec<HeldPath>>>,
    look_at: Option<Instant>,
    said: Option<Instant>,
}

/// What others than the master's loop see of its paths.
#[derive(Clone, Debug, Default)]
pub(crate) struct Outlook {
    paths: Arc<Mutex<Vec<HeldPath>>>,
}

impl HeldPaths {
    pub(crate) fn of(paths: Vec<HeldPath>, now: Instant) -> HeldPaths {
        let look_at = (!paths.is_empty()).then(|| now + LOOK_AFTER);
        HeldPaths { paths: Arc::new(Mutex::new(paths)), look_at, said: None }
    }

    pub(crate) fn outlook(&self) -> Outlook {
        Outlook { paths: self.paths.clone() }
    }

    /// When to look next.
    pub(crate) fn next_look(&self) -> Option<Instant> {
        self.look_at
    }

    /// If it is time, looks whether others find the master, and gets back what was lost; `listen` makes a socket at a path.
    pub(crate) fn look(&mut self, now: Instant, mut listen: impl FnMut(&Path) -> io::Result<()>) {
        if self.look_at.is_none_or(|at| at > now) {
            return;
        }
        self.look_at = Some(now + LOOK_AFTER);
        let mut paths = self.paths.lock().unwrap_or_else(PoisonError::into_inner);
        for path in &mut *paths {
            let found = path.loss();
            if found.is_none() && *path.reachability() == Reachability::Reachable {
                continue;
            }
            if let Some(because) = found.filter(|_| path.noted() != found) {
                warn!(endpoint = %path.endpoint(), because, "the master has lost its endpoint");
            }
            let before = path.regain(now, &mut listen);
            let has_changed = *path.reachability() != before || (found.is_some() && path.noted().is_none());
            let is_due = self.said.is_none_or(|said| now.saturating_duration_since(said) >= SAY_AGAIN_AFTER);
            if has_changed || (is_due && *path.reachability() != Reachability::Reachable) {
                self.said = Some(now);
                say(path);
            }
        }
    }
}

impl Drop for HeldPaths {
    fn drop(&mut self) {
        locked(&self.paths).clear();
    }
}

impl Outlook {
    /// As it is just now: what the master's loop has not noticed yet is seen as well.
    pub(crate) fn reachability(&self) -> Reachability {
        let paths = locked(&self.paths);
        let known = paths.iter().map(HeldPath::reachability).find(|known| **known != Reachability::Reachable);
        if let Some(known) = known {
            return known.clone();
        }
        let lost = paths.iter().find_map(|path| Some((path.endpoint(), path.loss()?)));
        match lost {
            Some((endpoint, problem)) => Reachability::Lost { endpoint, problem: problem.to_owned() },
            None => Reachability::Reachable,
        }
    }
}

fn locked(paths: &Mutex<Vec<HeldPath>>) -> MutexGuard<'_, Vec<HeldPath>> {
    paths.lock().unwrap_or_else(PoisonError::into_inner)
}

fn say(path: &HeldPath) {
    match path.reachability() {
        Reachability::Reachable => {
            info!(endpoint = %path.endpoint(), "the master listens at its endpoint again")
        }
        Reachability::Lost { endpoint, problem } => {
            warn!(%endpoint, problem, "the endpoint cannot be had back yet; it is tried every second");
        }
        Reachability::TakenOver { endpoint, pid } => {
            error!(%endpoint, pid, "another master has the endpoint");
        }
    }
}
