//! The files of secrets, and the keyring that is made of them.
//!
//! Never shows a secret: errors name the file and what is wrong with it.

use std::path::Path;

use anyhow::Context as _;
use powerhose_example_token::program::read;
use ring::rand::{SecureRandom as _, SystemRandom};

use super::options::ServeOptions;
use crate::behaviour::Behaviour;
use crate::token::keyring::Keyring;
use crate::token::masters::{MASTER_CHARACTERS_MAX, MASTERS_MAX, Masters, NodeSecrets};
use crate::token::payload::Form;

/// A file may have a comment as long as a secret with each secret.
const FILE_BYTES_MAX: usize = 2 * MASTERS_MAX * MASTER_CHARACTERS_MAX;

impl ServeOptions {
    /// Reads the files of secrets; without one a master is made for this run.
    ///
    /// # Errors
    /// Names the file and what is wrong with it; or the system has no random bytes.
    pub fn keyring(&self, number: u64) -> anyhow::Result<Keyring> {
        let masters = match &self.secrets_file {
            Some(path) => read_masters(path, self.node_secrets)?,
            // It ends with this process: nobody is ever shown it.
            None => Masters::parse(&fresh_secret()?, self.node_secrets)?,
        };
        let metrics_secret = match &self.metrics_secret_file {
            Some(path) => read_masters(path, NodeSecrets::Master)?.into_first(),
            // Of the oldest master.
            None => masters.metrics_secret(),
        };
        let origin = match self.behaviour {
            Behaviour::Original => None,
            // So that a node's measurements tell the two servers apart.
            Behaviour::Successor => Some("rust".to_owned()),
        };
        let form = Form { origin, sealed: self.sealed.clone() };
        Ok(Keyring { number, masters, metrics_secret, form })
    }
}

fn read_masters(path: &Path, node_secrets: NodeSecrets) -> anyhow::Result<Masters> {
    let content = String::from_utf8(read(path, FILE_BYTES_MAX)?);
    let content = content.with_context(|| format!("{} is no text", path.display()))?;
    Masters::parse(&content, node_secrets).with_context(|| format!("file {}", path.display()))
}

/// A new secret, in hexadecimal digits.
///
/// # Errors
/// The system has no random bytes.
pub fn fresh_secret() -> anyhow::Result<String> {
    let mut bytes = [0; 32];
    SystemRandom::new().fill(&mut bytes).context("the system has no random bytes")?;
    Ok(hex::encode(bytes))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use clap::{Args as _, FromArgMatches as _};

    use super::*;

    fn keyring(masters: &Path) -> anyhow::Result<Keyring> {
        let command = ServeOptions::augment_args(clap::Command::new("serve"));
        let matches = command.get_matches_from(["serve".as_ref(), "--secrets-file".as_ref(), masters]);
        ServeOptions::from_arg_matches(&matches).unwrap().keyring(1)
    }

    #[test]
    fn accounts_hash_the_same_after_a_master_was_added() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("masters");
        fs::write(&path, "a".repeat(32)).unwrap();
        let old = keyring(&path).unwrap();
        fs::write(&path, format!("{}\n{}\n", "a".repeat(32), "b".repeat(32))).unwrap();
        let new = keyring(&path).unwrap();
        assert_eq!(old.metrics_secret, new.metrics_secret);
        assert!(old.masters != new.masters);
    }

    #[test]
    fn what_is_wrong_is_said_with_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("masters");
        fs::write(&path, "sesame").unwrap();
        let text = format!("{:#}", keyring(&path).err().unwrap());
        assert!(text.contains("masters") && text.contains("line 1") && !text.contains("sesame"), "{text}");
        let missing = keyring(Path::new("/nonexistent")).err().unwrap();
        assert!(format!("{missing:#}").contains("cannot read /nonexistent"));
    }
}
