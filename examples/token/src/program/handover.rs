//! Hands the keyring to the workers: an anonymous file in memory that they open through `/proc`.
//!
//! The file never touches a disk, shows in no command line and no environment, is open to the same user only
//! (the kernel asks for the right to inspect the process), cannot be changed once written, and is gone with
//! this process however it ends. A worker that replaces a dead one finds it where the first one did.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::os::fd::AsRawFd as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use rustix::fs::{MemfdFlags, Mode, SealFlags, fchmod, fcntl_add_seals, memfd_create};

use crate::keyring::Keyring;

/// A keyring that lies ready for workers, until this is dropped.
#[derive(Debug)]
pub struct Handover {
    file: File,
}

impl Handover {
    /// Lays the keyring out.
    ///
    /// # Errors
    /// The system gives no such file.
    pub fn new(keyring: &Keyring) -> io::Result<Self> {
        let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
        let mut file = File::from(memfd_create("token-keyring", flags)?);
        fchmod(&file, Mode::RUSR)?;
        file.write_all(&keyring.to_bytes())?;
        fcntl_add_seals(&file, SealFlags::WRITE | SealFlags::GROW | SealFlags::SHRINK | SealFlags::SEAL)?;
        Ok(Self { file })
    }

    /// Where a worker finds it.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        format!("/proc/{}/fd/{}", std::process::id(), self.file.as_raw_fd()).into()
    }
}

/// Reads what lies at a [`Handover::path`].
pub(crate) fn read(path: &Path) -> anyhow::Result<Keyring> {
    let bytes = fs::read(path).context("cannot read the keyring; has the program that laid it out ended?")?;
    Ok(Keyring::from_bytes(&bytes)?)
}

#[cfg(test)]
mod tests {
    use std::fs::OpenOptions;
    use std::time::Duration;

    use serde_json::json;

    use super::*;
    use crate::claims::Lifetimes;
    use crate::random::SystemSource;
    use crate::secret::Secret;

    fn keyring() -> Keyring {
        Keyring::new(vec![Secret::new(b"secret")], vec![], Lifetimes::default()).unwrap()
    }

    #[test]
    fn every_reader_finds_it_nobody_changes_it_and_it_ends_with_its_owner() {
        let handover = Handover::new(&keyring()).unwrap();
        let path = handover.path();
        let token = keyring().sign(json!({}), None, &SystemSource::new(), Duration::ZERO).unwrap().token;
        for _ in 0..2 {
            assert!(read(&path).unwrap().verify(&token, Duration::ZERO).is_ok());
        }
        let written = OpenOptions::new().write(true).open(&path).and_then(|mut file| file.write_all(b"x"));
        assert!(written.is_err());
        drop(handover);
        assert!(read(&path).is_err());
    }
}
