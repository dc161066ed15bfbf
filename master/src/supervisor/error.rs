//! Why a worker program cannot be started. Only data; nothing here acts.

use rustix::io::Errno;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

/// A worker program cannot be started. No process of it runs.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SpawnError {
    /// There is no such file, also not in the folders of `PATH` where the name has no slash.
    #[error("worker program `{}` not found", program.display())]
    NotFound {
        /// What was given.
        program: PathBuf,
    },
    /// It is a folder, or this user may not execute it.
    #[error("worker program `{}` is not executable", program.display())]
    NotExecutable {
        /// What was found.
        program: PathBuf,
    },
    /// The system refused.
    #[error("worker program `{}` cannot be started", program.display())]
    Io {
        /// What was to be started.
        program: PathBuf,
        /// Why not.
        source: Arc<io::Error>,
    },
}

impl SpawnError {
    /// Whether the cause lies in the machine's present state (no memory, no processes, no descriptors left, or the
    /// file is being written), not in the program: such a start is tried again for ever.
    pub fn is_transient(&self) -> bool {
        let SpawnError::Io { source, .. } = self else { return false };
        matches!(
            Errno::from_io_error(source),
            Some(Errno::AGAIN | Errno::NOMEM | Errno::MFILE | Errno::NFILE | Errno::TXTBSY)
        )
    }
}
