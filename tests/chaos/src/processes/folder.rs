//! The folder of a run, for its sockets and logs. Another process of this program removes it when this one has ended,
//! however it ended: what is killed cannot remove anything itself.

use anyhow::Context;
use std::fs::DirBuilder;
use std::io::Read;
use std::os::unix::fs::DirBuilderExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// Removed when it is dropped.
pub(crate) struct Folder {
    path: PathBuf,
    /// Its standard input ends with this process.
    remover: Child,
}

impl Folder {
    pub(crate) fn make() -> anyhow::Result<Folder> {
        let path = std::env::temp_dir().join(format!("powerhose-chaos-{}", std::process::id()));
        let program = std::env::current_exe().context("this program has no path")?;
        DirBuilder::new()
            .mode(0o700)
            .create(&path)
            .with_context(|| format!("cannot make the folder {}", path.display()))?;
        let remover = Command::new(program)
            .arg("remover")
            .arg(&path)
            .stdin(Stdio::piped())
            // An interrupt from the terminal must not end it before it has removed anything.
            .process_group(0)
            .spawn()
            .context("cannot start the process that removes the folder")?;
        Ok(Folder { path, remover })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(self.remover.stdin.take());
        let _ = self.remover.wait();
    }
}

/// Removes the folder when standard input ends.
pub(crate) fn remove_at_end(folder: &Path) -> anyhow::Result<()> {
    std::io::stdin().lock().read_to_end(&mut Vec::new())?;
    match std::fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    }
}
