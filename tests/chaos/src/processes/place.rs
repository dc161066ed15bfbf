//! The place of a worker among the workers of its run: the first that no living one has. A lock holds it, and goes with the process,
//! however that ends.

use anyhow::Context;
use rustix::fs::{FlockOperation, flock};
use rustix::io::{FdFlags, fcntl_setfd};
use std::fs::OpenOptions;
use std::mem::ManuallyDrop;
use std::path::Path;

/// More than there can be workers.
const PLACES_MAX: usize = 1024;

/// Takes a place for the rest of this process's life, also if it executes another program.
pub(crate) fn take_place(folder: &Path) -> anyhow::Result<usize> {
    for place in 0..PLACES_MAX {
        let path = folder.join(format!("place-{place}"));
        let file = OpenOptions::new().create(true).append(true).open(&path);
        let file = file.with_context(|| format!("cannot make {}", path.display()))?;
        if flock(&file, FlockOperation::NonBlockingLockExclusive).is_ok() {
            fcntl_setfd(&file, FdFlags::empty()).context("the lock cannot be kept")?;
            // Never closed: the lock would go with it.
            let _ = ManuallyDrop::new(file);
            return Ok(place);
        }
    }
    anyhow::bail!("all {PLACES_MAX} places are taken")
}
