//! The endpoint where nobody names one: a socket that is private to the user.

use powerhose_protocol::{Endpoint, EndpointError};
use rustix::fs::{Mode, mkdir};
use rustix::io::Errno;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::{fs, io};

const FOLDER: &str = "powerhose";
const SOCKET: &str = "master.ipc";

/// Why there is no default endpoint.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DefaultEndpointError {
    /// The path of the socket cannot be one.
    #[error("the default endpoint cannot be used: {0}")]
    Endpoint(#[from] EndpointError),
    /// Others could put a socket of theirs there.
    #[error("others can get into {}: remove it, or name an endpoint (--endpoint)", folder.display())]
    Open {
        /// The folder.
        folder: PathBuf,
    },
    /// The folder cannot be made.
    #[error("cannot make the folder {}: {source}", folder.display())]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// Where the `powerhose` program's master listens and its commands connect, where no flag names an endpoint:
/// `$XDG_RUNTIME_DIR/powerhose/master.ipc`; without that variable `/run/powerhose/master.ipc` for root, and for others a
/// socket in a folder among the temporary files that no other user can enter.
///
/// # Errors
/// See [`DefaultEndpointError`].
pub fn default_endpoint() -> Result<Endpoint, DefaultEndpointError> {
    Ok(Endpoint::ipc(default_folder()?.join(SOCKET))?)
}

fn default_folder() -> Result<PathBuf, DefaultEndpointError> {
    let runtime = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
    if let Some(runtime) = runtime.filter(|folder| folder.is_absolute() && is_ours(folder)) {
        return Ok(runtime.join(FOLDER));
    }
    let user = rustix::process::geteuid();
    if user.is_root() {
        return Ok(Path::new("/run").join(FOLDER));
    }
    let folder = std::env::temp_dir().join(format!("{FOLDER}-{}", user.as_raw()));
    private(&folder)?;
    Ok(folder)
}

/// Makes the folder if it is not there. Where every user can write, another may have made it first.
fn private(folder: &Path) -> Result<(), DefaultEndpointError> {
    match mkdir(folder, Mode::RWXU) {
        Ok(()) | Err(Errno::EXIST) => {}
        Err(error) => {
            return Err(DefaultEndpointError::Folder { folder: folder.to_owned(), source: error.into() });
        }
    }
    let private = fs::symlink_metadata(folder)
        .is_ok_and(|found| found.is_dir() && is_ours(folder) && found.mode() & 0o077 == 0);
    if private { Ok(()) } else { Err(DefaultEndpointError::Open { folder: folder.to_owned() }) }
}

fn is_ours(folder: &Path) -> bool {
    fs::symlink_metadata(folder).is_ok_and(|found| found.uid() == rustix::process::geteuid().as_raw())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_folder_that_others_can_enter_is_refused() {
        let parent = tempfile::tempdir().expect("a folder");
        let folder = parent.path().join("p");
        private(&folder).expect("it is made");
        private(&folder).expect("it is still ours alone");
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).expect("it is ours");
        let failure = private(&folder).expect_err("others can enter");
        assert!(failure.to_string().contains("others can get into"), "{failure}");
        let link = parent.path().join("link");
        std::os::unix::fs::symlink(parent.path(), &link).expect("a link");
        private(&link).expect_err("a link leads somewhere else");
    }
}
