//! The files of secrets, and the keyring that is made of them.
//!
//! Never shows a secret: errors name the file and what is wrong with it.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use ring::rand::{SecureRandom as _, SystemRandom};

use crate::token::keyring::Keyring;
use crate::token::masters::{MASTER_CHARACTERS_MAX, MASTERS_MAX, Masters, NodeSecrets};
use crate::token::payload::{Form, hexadecimal};

/// A file may have a comment as long as a secret with each secret.
const FILE_BYTES_MAX: usize = 2 * MASTERS_MAX * MASTER_CHARACTERS_MAX;

/// Where the secrets are, and how tokens are formed.
#[derive(Debug, Clone)]
pub struct Sources {
    /// The file of masters; without one a master is made for this run.
    pub masters: Option<PathBuf>,
    /// The file of the secret that accounts are hashed with; without one it is derived from the oldest master.
    pub metrics_secret: Option<PathBuf>,
    /// Where the secret of a node comes from.
    pub node_secrets: NodeSecrets,
    /// Which claims tokens carry.
    pub form: Form,
}

impl Sources {
    /// Reads the files.
    ///
    /// # Errors
    /// Names the file and what is wrong with it; or the system has no random bytes.
    pub fn read(&self, number: u64) -> anyhow::Result<Keyring> {
        let content = match &self.masters {
            Some(path) => read(path)?,
            // It ends with this process: nobody is ever shown it.
            None => fresh_secret()?,
        };
        let masters = Masters::parse(&content, self.node_secrets).with_context(|| self.name_of_masters())?;
        let metrics_secret = match &self.metrics_secret {
            Some(path) => Masters::parse(&read(path)?, NodeSecrets::Master)
                .with_context(|| format!("file {}", path.display()))?
                .into_first(),
            None => masters.metrics_secret(),
        };
        Ok(Keyring { number, masters, metrics_secret, form: self.form.clone() })
    }

    fn name_of_masters(&self) -> String {
        self.masters.as_ref().map_or_else(String::new, |path| format!("file {}", path.display()))
    }
}

/// A file's content, refused unread where it is larger than it can sensibly be.
fn read(path: &Path) -> anyhow::Result<String> {
    let mut content = String::new();
    File::open(path)
        .and_then(|file| file.take(FILE_BYTES_MAX as u64 + 1).read_to_string(&mut content))
        .with_context(|| format!("cannot read {}", path.display()))?;
    if content.len() > FILE_BYTES_MAX {
        bail!("{} is larger than {FILE_BYTES_MAX} bytes", path.display());
    }
    Ok(content)
}

/// A new secret, in hexadecimal digits.
///
/// # Errors
/// The system has no random bytes.
pub fn fresh_secret() -> anyhow::Result<String> {
    let mut bytes = [0; 32];
    SystemRandom::new().fill(&mut bytes).ok().context("the system has no random bytes")?;
    Ok(hexadecimal(&bytes))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn sources(folder: &Path, masters: &str) -> Sources {
        let path = folder.join("masters");
        fs::write(&path, masters).unwrap();
        let form = Form::default();
        Sources { masters: Some(path), metrics_secret: None, node_secrets: NodeSecrets::Derived, form }
    }

    #[test]
    fn accounts_hash_the_same_after_a_master_was_added() {
        let folder = tempfile::tempdir().unwrap();
        let old = sources(folder.path(), &"a".repeat(32)).read(1).unwrap();
        let both = format!("{}\n{}\n", "a".repeat(32), "b".repeat(32));
        let new = sources(folder.path(), &both).read(2).unwrap();
        assert_eq!(old.metrics_secret, new.metrics_secret);
        assert!(old.masters != new.masters);
    }

    #[test]
    fn what_is_wrong_is_said_with_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let text = format!("{:#}", sources(folder.path(), "sesame").read(1).err().unwrap());
        assert!(text.contains("masters") && text.contains("line 1") && !text.contains("sesame"), "{text}");
        let missing = Sources { masters: Some("/nonexistent".into()), ..sources(folder.path(), "") };
        assert!(format!("{:#}", missing.read(1).err().unwrap()).contains("cannot read /nonexistent"));
    }
}
