//! Master secrets, and the secret of a node that comes from them.
//!
//! Never shows a secret: `Debug` and errors leave the text out.

use std::fmt;

use hkdf::Hkdf;
use powerhose_example_token::derive::derive;
use powerhose_example_token::secret::Secret;
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use thiserror::Error;

/// Characters a master must have at least: the secret of a node has as many.
pub const MASTER_CHARACTERS_MIN: usize = 32;
/// Characters a master may have: more is surely some other file.
pub const MASTER_CHARACTERS_MAX: usize = 1024;
/// Masters one file may hold: each one is tried on every foreign token.
pub const MASTERS_MAX: usize = 16;

const METRICS_SECRET: &[u8] = b"powerhose/token-server/metrics/v1";
const NODE_SECRET: &[u8] = b"services.mozilla.com/mozsvc/v1/node_secret/";

/// Where the secret of a node comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum NodeSecrets {
    /// Derived from the master for each node, as mozsvc does: a node cannot make tokens for another.
    Derived,
    /// The master itself for every node, as syncstorage-rs does.
    Master,
}

/// Why a file of masters is refused.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum MastersError {
    /// Shorter or longer than a master may be.
    #[error(
        "line {line}: the secret has {characters} characters, {MASTER_CHARACTERS_MIN} to \
         {MASTER_CHARACTERS_MAX} are wanted"
    )]
    Length {
        /// Counted from 1.
        line: usize,
        /// Characters it has.
        characters: usize,
    },
    /// A character that is neither printable ASCII nor at an end of the line.
    #[error("line {line}: a secret is printable ASCII without blanks")]
    Character {
        /// Counted from 1.
        line: usize,
    },
    /// Nothing but blank lines and comments.
    #[error("there is no secret: one a line is wanted; blank lines and those that start with # are ignored")]
    None,
    /// More than [`MASTERS_MAX`].
    #[error("there are more than {MASTERS_MAX} secrets")]
    TooMany,
}

/// Master secrets, oldest first. Never empty.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Masters {
    masters: Vec<String>,
    node_secrets: NodeSecrets,
}

impl Masters {
    /// Reads a file's content: one master a line. The last one signs, all of them verify.
    ///
    /// # Errors
    /// [`MastersError`], with the line where there is one.
    pub fn parse(content: &str, node_secrets: NodeSecrets) -> Result<Masters, MastersError> {
        let mut masters = Vec::new();
        for (index, line) in content.lines().enumerate() {
            let (line, master) = (index + 1, line.trim());
            if master.is_empty() || master.starts_with('#') {
                continue;
            }
            if !master.bytes().all(|byte| byte.is_ascii_graphic()) {
                return Err(MastersError::Character { line });
            }
            if !(MASTER_CHARACTERS_MIN..=MASTER_CHARACTERS_MAX).contains(&master.len()) {
                return Err(MastersError::Length { line, characters: master.len() });
            }
            masters.push(master.to_owned());
        }
        match masters.len() {
            0 => Err(MastersError::None),
            count if count > MASTERS_MAX => Err(MastersError::TooMany),
            _ => Ok(Masters { masters, node_secrets }),
        }
    }

    /// The secrets of a node, the one that signs first.
    #[must_use]
    pub fn of_node(&self, node: &str) -> Vec<Secret> {
        let newest_first = self.masters.iter().rev();
        newest_first.map(|master| Secret::new(self.of_master(master, node).as_bytes())).collect()
    }

    /// The oldest master.
    #[must_use]
    pub fn into_first(self) -> String {
        self.masters.into_iter().next().expect("there is always a master")
    }

    /// What accounts are hashed with for metrics, where nothing else is said. It comes from the oldest master, so that
    /// a new one does not make all accounts look new.
    #[must_use]
    pub fn metrics_secret(&self) -> String {
        let oldest = self.masters.first().expect("there is always a master");
        hex::encode(derive(oldest.as_bytes(), None, &[METRICS_SECRET]))
    }

    /// The text of a node's secret that comes from one master.
    fn of_master(&self, master: &str, node: &str) -> String {
        match self.node_secrets {
            NodeSecrets::Derived => node_secret(master, node),
            NodeSecrets::Master => master.to_owned(),
        }
    }
}

impl fmt::Debug for Masters {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Masters({} hidden)", self.masters.len())
    }
}

/// What mozsvc's `DerivedSecrets` gives for a node: hexadecimal text, as long as the master's.
fn node_secret(master: &str, node: &str) -> String {
    let mut bytes = vec![0; master.len() / 2];
    Hkdf::<Sha256>::new(None, master.as_bytes())
        .expand_multi_info(&[NODE_SECRET, node.as_bytes()], &mut bytes)
        .expect("HKDF-SHA256 gives up to 8160 bytes, and a master has at most 1024");
    hex::encode(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MASTER: &str = "00112233445566778899aabbccddeeff";

    #[test]
    fn a_node_has_the_secret_that_mozsvc_derives() {
        assert_eq!(node_secret(MASTER, "https://n1.example.com"), "4047f6a0863328decde621b05b4cf8a2");
        let masters = Masters::parse(MASTER, NodeSecrets::Master).unwrap();
        assert_eq!(masters.of_master(MASTER, "https://n1.example.com"), MASTER);
    }

    #[test]
    fn a_file_holds_a_master_a_line() {
        let content = format!("# old\n{MASTER}\r\n\n  {}\n", "f".repeat(64));
        let masters = Masters::parse(&content, NodeSecrets::Derived).unwrap();
        assert_eq!(masters.masters, [MASTER.to_owned(), "f".repeat(64)]);
        assert_eq!(format!("{masters:?}"), "Masters(2 hidden)");
    }

    #[test]
    fn what_is_no_master_is_refused_by_its_line_and_not_shown() {
        let refusal = |content: &str| Masters::parse(content, NodeSecrets::Derived).unwrap_err();
        assert_eq!(refusal("\nsesame"), MastersError::Length { line: 2, characters: 6 });
        assert_eq!(refusal(&"x".repeat(1025)), MastersError::Length { line: 1, characters: 1025 });
        assert_eq!(refusal(&format!("{MASTER} {MASTER}")), MastersError::Character { line: 1 });
        assert_eq!(refusal("# nothing\n"), MastersError::None);
        assert_eq!(refusal(&format!("{MASTER}\n").repeat(17)), MastersError::TooMany);
        assert!(!format!("{:?} {}", refusal("sesame"), refusal("sesame")).contains("sesame"));
    }
}
