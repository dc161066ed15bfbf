//! All that tokens are made and checked with, and the way it gets to the workers.
//!
//! It lies in an anonymous file in the server's memory: no disk, command line or environment shows it. When the secrets
//! are read anew, another file takes its place under the same path. Each job says which keyring it wants by number; a
//! worker that has an older one reads the path again.

use std::path::Path;
use std::{fs, io};

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
    /// It is not what was laid out.
    #[error("the keyring that was laid out is damaged")]
    Damaged,
}

impl Keyring {
    /// For a [`Handover`](powerhose_example_token::program::Handover).
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("a keyring has a JSON form")
    }

    /// Reads what was laid out.
    ///
    /// # Errors
    /// [`KeyringError`]
    pub fn read(path: &Path) -> Result<Keyring, KeyringError> {
        serde_json::from_slice(&fs::read(path)?).map_err(|_| KeyringError::Damaged)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use powerhose_example_token::program::Handover;

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
        let mut handover = Handover::new(&first.to_bytes()).unwrap();
        let path = handover.path();
        assert!(Keyring::read(&path).unwrap() == first);
        handover.replace(&second.to_bytes()).unwrap();
        assert!(Keyring::read(&path).unwrap() == second);
        drop(handover);
        assert!(matches!(Keyring::read(&path), Err(KeyringError::Gone(_))));
    }
}
