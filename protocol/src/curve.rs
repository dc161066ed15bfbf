//! Keys of CurveZMQ, for endpoints on which libzmq itself encrypts and authenticates. Pure: what a key is and how it is
//! written; the cryptography is libzmq's.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// Environment variable that names the file of the CURVE keys with which a worker connects to its master.
pub const CURVE_FILE_VARIABLE: &str = "POWERHOSE_CURVE_FILE";

const KEY_BYTES: usize = 32;
const KEY_CHARACTERS: usize = 40;
/// The alphabet of ZeroMQ's RFC 32.
const Z85: &[u8; 85] =
    b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#";

/// A key of 32 bytes, written as 40 characters of Z85. Whether it is public or secret is its owner's to know; it is
/// never shown by `Debug`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct CurveKey([u8; KEY_BYTES]);

/// Somebody's own keys.
#[derive(Clone, Debug)]
pub struct CurveKeyPair {
    /// What others know of it.
    pub public: CurveKey,
    /// What nobody else knows.
    pub secret: CurveKey,
}

/// What a worker or a client needs to connect to a master's encrypted endpoint.
#[derive(Clone, Debug)]
pub struct CurveClient {
    /// The master's public key: only a master that holds the secret one is believed.
    pub server: CurveKey,
    /// Its own keys; the public one is on the master's list.
    pub own: CurveKeyPair,
}

/// What a master needs for encrypted endpoints.
#[derive(Clone, Debug)]
pub struct CurveServer {
    /// Its own keys.
    pub own: CurveKeyPair,
    /// The public keys of those who may connect; nobody else may.
    pub allowed: Vec<CurveKey>,
}

/// Why there are no keys.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CurveError {
    /// The text is no key. It is not repeated here, as it may be a secret one.
    #[error("a CURVE key has {KEY_CHARACTERS} characters of Z85, as `curve_keygen` prints it")]
    NoKey,
    /// The file cannot be read.
    #[error("cannot read the CURVE keys from {}: {reason}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// A line of the file is none of those it may have.
    #[error("{}, line {line}: {problem}", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// From 1.
        line: usize,
        /// What is wrong, and what would be right.
        problem: String,
    },
    /// The file lacks a line.
    #[error("{} has no line `{name} KEY`", path.display())]
    Missing {
        /// The file.
        path: PathBuf,
        /// The line's first word.
        name: &'static str,
    },
}

impl CurveKey {
    /// The key of these bytes.
    pub fn new(bytes: [u8; KEY_BYTES]) -> CurveKey {
        CurveKey(bytes)
    }

    /// Its bytes.
    pub fn as_bytes(&self) -> &[u8; KEY_BYTES] {
        &self.0
    }

    /// As Z85.
    pub fn to_z85(&self) -> String {
        let mut text = String::with_capacity(KEY_CHARACTERS);
        for chunk in self.0.as_chunks::<4>().0 {
            let number = u32::from_be_bytes(*chunk);
            for power in (0..5).rev() {
                text.push(char::from(Z85[(number / 85u32.pow(power) % 85) as usize]));
            }
        }
        text
    }
}

impl FromStr for CurveKey {
    type Err = CurveError;

    fn from_str(text: &str) -> Result<CurveKey, CurveError> {
        let text = text.as_bytes();
        if text.len() != KEY_CHARACTERS {
            return Err(CurveError::NoKey);
        }
        let mut key = [0; KEY_BYTES];
        for (place, chunk) in text.chunks_exact(5).enumerate() {
            let mut number: u64 = 0;
            for character in chunk {
                let digit = Z85.iter().position(|digit| digit == character).ok_or(CurveError::NoKey)?;
                number = number * 85 + digit as u64;
            }
            let number = u32::try_from(number).map_err(|_| CurveError::NoKey)?;
            key[place * 4..place * 4 + 4].copy_from_slice(&number.to_be_bytes());
        }
        Ok(CurveKey(key))
    }
}

impl fmt::Debug for CurveKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CurveKey(..)")
    }
}

impl CurveClient {
    /// The keys in a file of three lines, `server KEY`, `public KEY` and `secret KEY`; empty lines and those that begin
    /// with `#` are passed over.
    ///
    /// # Errors
    /// The file cannot be read, or has other lines, or lacks one.
    pub fn from_file(path: impl AsRef<Path>) -> Result<CurveClient, CurveError> {
        let path = path.as_ref();
        let lines = Lines::read(path, &["server", "public", "secret"])?;
        let own = CurveKeyPair { public: lines.one("public")?, secret: lines.one("secret")? };
        Ok(CurveClient { server: lines.one("server")?, own })
    }
}

impl CurveServer {
    /// The keys in a file of lines `public KEY`, `secret KEY`, and any number of `allow KEY`; empty lines and those that
    /// begin with `#` are passed over.
    ///
    /// # Errors
    /// The file cannot be read, or has other lines, or lacks one.
    pub fn from_file(path: impl AsRef<Path>) -> Result<CurveServer, CurveError> {
        let path = path.as_ref();
        let lines = Lines::read(path, &["public", "secret", "allow"])?;
        let own = CurveKeyPair { public: lines.one("public")?, secret: lines.one("secret")? };
        let allowed = lines.all("allow").collect();
        Ok(CurveServer { own, allowed })
    }
}

/// The lines of a file of keys.
struct Lines<'a> {
    path: &'a Path,
    keys: Vec<(String, CurveKey)>,
}

impl Lines<'_> {
    fn read<'a>(path: &'a Path, names: &[&str]) -> Result<Lines<'a>, CurveError> {
        let failed =
            |error: std::io::Error| CurveError::File { path: path.to_owned(), reason: error.to_string() };
        let text = std::fs::read_to_string(path).map_err(failed)?;
        let mut keys = Vec::new();
        for (place, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let wrong = |problem| CurveError::Line { path: path.to_owned(), line: place + 1, problem };
            let (name, key) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
            if !names.contains(&name) {
                return Err(wrong(format!("a line begins with one of: {}", names.join(", "))));
            }
            let key = key.trim().parse().map_err(|error: CurveError| wrong(error.to_string()))?;
            keys.push((name.to_owned(), key));
        }
        Ok(Lines { path, keys })
    }

    fn all(&self, name: &str) -> impl Iterator<Item = CurveKey> {
        self.keys.iter().filter(move |(found, _)| found == name).map(|(_, key)| *key)
    }

    fn one(&self, name: &'static str) -> Result<CurveKey, CurveError> {
        self.all(name).next().ok_or_else(|| CurveError::Missing { path: self.path.to_owned(), name })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From ZeroMQ's RFC 32: these eight bytes are "HelloWorld".
    const EXAMPLE: [u8; 8] = [0x86, 0x4F, 0xD2, 0x6F, 0xB5, 0x59, 0xF7, 0x5B];

    #[test]
    fn keys_are_written_and_read_as_z85() {
        let mut bytes = [0; KEY_BYTES];
        bytes.chunks_exact_mut(8).for_each(|part| part.copy_from_slice(&EXAMPLE));
        let key = CurveKey::new(bytes);
        assert_eq!(key.to_z85(), "HelloWorld".repeat(4));
        assert_eq!(key.to_z85().parse(), Ok(key));
    }

    #[test]
    fn what_is_no_key_is_refused() {
        let all = |character: &str| character.repeat(KEY_CHARACTERS);
        for text in ["", "short", &all("~"), &all("#"), &format!("{}0", all("0"))] {
            assert_eq!(text.parse::<CurveKey>(), Err(CurveError::NoKey), "{text}");
        }
    }

    #[test]
    fn a_key_is_not_shown() {
        assert_eq!(format!("{:?}", CurveKey::new([7; 32])), "CurveKey(..)");
    }
}
