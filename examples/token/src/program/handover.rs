//! Hands the keyring to the workers: an anonymous file in memory that they open through `/proc`.
//!
//! The file never touches a disk, shows in no command line and no environment, is open to the same user only
//! (the kernel asks for the right to inspect the process), cannot be changed once written, and is gone with
//! this process however it ends. A worker that replaces a dead one finds it where the first one did.

use std::fs::File;
use std::io::{self, Write as _};
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::path::PathBuf;

use rustix::fs::{MemfdFlags, Mode, SealFlags, fchmod, fcntl_add_seals, memfd_create};
use rustix::io::{DupFlags, dup3};

/// A keyring that lies ready for workers, until this is dropped.
#[derive(Debug)]
pub struct Handover {
    file: OwnedFd,
}

impl Handover {
    /// Lays a keyring's bytes out.
    ///
    /// # Errors
    /// The system gives no such file.
    pub fn new(keyring: &[u8]) -> io::Result<Self> {
        Ok(Self { file: laid_out(keyring)?.into() })
    }

    /// Puts another keyring into its place. A reader finds the old one or the new one, whole.
    ///
    /// # Errors
    /// The system gives no such file; the old keyring stays.
    pub fn replace(&mut self, keyring: &[u8]) -> io::Result<()> {
        Ok(dup3(laid_out(keyring)?, &mut self.file, DupFlags::CLOEXEC)?)
    }

    /// Where a worker finds it.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        format!("/proc/{}/fd/{}", std::process::id(), self.file.as_raw_fd()).into()
    }
}

fn laid_out(keyring: &[u8]) -> io::Result<File> {
    let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
    let mut file = File::from(memfd_create("token-keyring", flags)?);
    fchmod(&file, Mode::RUSR)?;
    file.write_all(keyring)?;
    fcntl_add_seals(&file, SealFlags::WRITE | SealFlags::GROW | SealFlags::SHRINK | SealFlags::SEAL)?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use std::fs::{self, OpenOptions};

    use super::*;

    #[test]
    fn every_reader_finds_it_nobody_changes_it_and_it_ends_with_its_owner() {
        let mut handover = Handover::new(b"first").unwrap();
        let path = handover.path();
        for _ in 0..2 {
            assert_eq!(fs::read(&path).unwrap(), b"first");
        }
        let written = OpenOptions::new().write(true).open(&path).and_then(|mut file| file.write_all(b"x"));
        assert!(written.is_err());
        handover.replace(b"second").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"second");
        drop(handover);
        assert!(fs::read(&path).is_err());
    }
}
