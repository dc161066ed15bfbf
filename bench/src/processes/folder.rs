//! The folder for the sockets of a run. Another process of this program removes it when this one has ended, however it
//! ended: what is killed cannot remove anything itself.

use super::Child;
use anyhow::Context;
use std::fs::DirBuilder;
use std::io::Read;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

struct Folder {
    path: PathBuf,
    // Its standard input ends with this process.
    _remover: Child,
}

/// Where a master can listen; no other of this run listens there.
pub(crate) fn socket_endpoint() -> anyhow::Result<String> {
    static FOLDER: Mutex<Option<Folder>> = Mutex::new(None);
    static LAST: AtomicU64 = AtomicU64::new(0);
    let mut folder = FOLDER.lock().unwrap_or_else(PoisonError::into_inner);
    let folder = match &mut *folder {
        Some(folder) => folder,
        none => none.insert(Folder::make()?),
    };
    let number = LAST.fetch_add(1, Ordering::Relaxed);
    Ok(format!("ipc://{}/{number}.ipc", folder.path.display()))
}

impl Folder {
    fn make() -> anyhow::Result<Folder> {
        let path = std::env::temp_dir().join(format!("powerhose-bench-{}", std::process::id()));
        let text = path.to_str().context("the path of the folder for temporary files is not UTF-8")?;
        // Before the folder: there is no moment at which it would be left behind.
        let mut remover = Child::start(&["remover", text])?;
        remover.answer()?;
        DirBuilder::new()
            .mode(0o700)
            .create(&path)
            .with_context(|| format!("cannot make the folder {}", path.display()))?;
        Ok(Folder { path, _remover: remover })
    }
}

/// Removes the folder when standard input ends.
pub(crate) fn remove_at_end(folder: &Path) -> anyhow::Result<()> {
    println!("{}", folder.display());
    std::io::stdin().lock().read_to_end(&mut Vec::new())?;
    match std::fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    }
}
