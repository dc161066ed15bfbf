//! All that tokens are made and checked with, and the way it gets to the workers.
//!
//! It lies in an anonymous file in the server's memory: no disk, command line or environment shows it. When the secrets
//! are read anew, another file takes its place under the same path. Each job says which keyring it wants by number; a
//! worker that has an older one reads the path again.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::path::{Path, PathBuf};

use rustix::fs::{MemfdFlags, Mode, SealFlags, fchmod, fcntl_add_seals, memfd_create};
use rustix::io::{DupFlags, dup3};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::masters::Masters;
use super::payload::Form;

/// Secrets, and how tokens are formed. Without `Debug`: this is all there is to hide.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Keyring {
    /// Counted up whenever the secrets are read anew.
    pub number: u64,
    /// What nodes' secrets come from.
    pub masters: Masters,
    /// What accounts and devices are hashed with, for metrics.
    pub metrics_secret: String,
    /// Which claims tokens carry.
    pub form: Form,
}

/// Why a worker has no keyring.
#[derive(Debug, Error)]
pub enum KeyringError {
    /// The file is not there: the server that laid it out has ended.
    #[error("cannot read the keyring; has the server that laid it out ended? ({0})")]
    Gone(#[from] io::Error),
    /// It is not what [`Handover`] wrote.
    #[error("the keyring that was laid out is damaged")]
    Damaged,
}

impl Keyring {
    /// Reads what lies at a [`Handover::path`].
    ///
    /// # Errors
    /// [`KeyringError`]
    pub fn read(path: &Path) -> Result<Keyring, KeyringError> {
        serde_json::from_slice(&fs::read(path)?).map_err(|_| KeyringError::Damaged)
    }
}

/// A keyring that lies ready for workers, until this is dropped.
#[derive(Debug)]
pub struct Handover {
    file: OwnedFd,
}

impl Handover {
    /// Lays the keyring out.
    ///
    /// # Errors
    /// The system gives no such file.
    pub fn new(keyring: &Keyring) -> io::Result<Handover> {
        Ok(Handover { file: laid_out(keyring)?.into() })
    }

    /// Puts another keyring into its place. A reader finds the old one or the new one, whole.
    ///
    /// # Errors
    /// The system gives no such file; the old keyring stays.
    pub fn replace(&mut self, keyring: &Keyring) -> io::Result<()> {
        Ok(dup3(laid_out(keyring)?, &mut self.file, DupFlags::CLOEXEC)?)
    }

    /// Where a worker finds it.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        format!("/proc/{}/fd/{}", std::process::id(), self.file.as_raw_fd()).into()
    }
}

fn laid_out(keyring: &Keyring) -> io::Result<File> {
    let mut file =
        File::from(memfd_create("token-server-keyring", MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING)?);
    fchmod(&file, Mode::RUSR)?;
    file.write_all(&serde_json::to_vec(keyring)?)?;
    fcntl_add_seals(&file, SealFlags::WRITE | SealFlags::GROW | SealFlags::SHRINK | SealFlags::SEAL)?;
    Ok(file)
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::masters::NodeSecrets;
    use super::*;

    pub(crate) fn keyring(masters: &str) -> Keyring {
        Keyring {
            number: 1,
            masters: Masters::parse(masters, NodeSecrets::Derived).unwrap(),
            metrics_secret: "metrics".to_owned(),
            form: Form::default(),
        }
    }

    #[test]
    fn a_replaced_keyring_is_found_where_the_first_one_lay() {
        let first = keyring(&"a".repeat(32));
        let second = Keyring { number: 2, ..keyring(&"b".repeat(32)) };
        let mut handover = Handover::new(&first).unwrap();
        let path = handover.path();
        assert!(Keyring::read(&path).unwrap() == first);
        handover.replace(&second).unwrap();
        assert!(Keyring::read(&path).unwrap() == second);
        drop(handover);
        assert!(matches!(Keyring::read(&path), Err(KeyringError::Gone(_))));
    }
}
