//! The shared secrets that tokenlib tokens are signed with, and the file they come from.
//!
//! Never shows a secret: `Debug` and every error leave the bytes out.

use std::fmt;

use ring::hmac;
use thiserror::Error;

use crate::derive::derive;

/// Bytes a secret must have at least: written in hexadecimal digits, that is 128 bits.
pub const MIN_SECRET_BYTES: usize = 32;
/// Bytes a secret may have: more is surely some other file.
pub const MAX_SECRET_BYTES: usize = 1024;
/// Secrets one file may hold: each one is tried on every foreign token.
pub const MAX_SECRETS: usize = 16;

const SIGNING: &[u8] = b"services.mozilla.com/tokenlib/v1/signing";

/// Why a secret is refused.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SecretError {
    /// Fewer than [`MIN_SECRET_BYTES`] bytes.
    #[error("line {line}: the secret has {bytes} bytes, at least {MIN_SECRET_BYTES} are needed")]
    TooShort {
        /// Counted from 1.
        line: usize,
        /// Bytes it has.
        bytes: usize,
    },
    /// More than [`MAX_SECRET_BYTES`] bytes.
    #[error("line {line}: the secret has {bytes} bytes, at most {MAX_SECRET_BYTES} are allowed")]
    TooLong {
        /// Counted from 1.
        line: usize,
        /// Bytes it has.
        bytes: usize,
    },
    /// Nothing but blank lines and comments.
    #[error(
        "there is no secret: one a line is expected, blank lines and lines that start with # are ignored"
    )]
    None,
    /// More than [`MAX_SECRETS`].
    #[error("there are more than {MAX_SECRETS} secrets")]
    TooMany,
}

/// One shared secret, with the signing key that is derived from it.
pub struct Secret {
    bytes: Box<[u8]>,
    signing: hmac::Key,
}

impl Secret {
    /// Takes the bytes as they are; [`parse_secrets`] is what checks their number.
    #[must_use]
    pub fn new(bytes: &[u8]) -> Self {
        let signing = hmac::Key::new(hmac::HMAC_SHA256, &derive(bytes, None, &[SIGNING]));
        Self { bytes: bytes.into(), signing }
    }

    /// The raw secret, for further derivation and for handing it to the workers.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The key that signs tokenlib payloads.
    pub(crate) fn signing(&self) -> &hmac::Key {
        &self.signing
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret(hidden)")
    }
}

/// Reads the secrets in a file's content, one a line, the one that signs first. White space around a secret
/// is not part of it, blank lines and lines that start with `#` are ignored.
///
/// # Errors
/// [`SecretError`], with the line where there is one.
pub fn parse_secrets(content: &[u8]) -> Result<Vec<Secret>, SecretError> {
    let mut secrets = Vec::new();
    for (index, raw) in content.split(|byte| *byte == b'\n').enumerate() {
        let (line, secret) = (index + 1, raw.trim_ascii());
        match secret.len() {
            0 => continue,
            _ if secret[0] == b'#' => continue,
            bytes if bytes < MIN_SECRET_BYTES => return Err(SecretError::TooShort { line, bytes }),
            bytes if bytes > MAX_SECRET_BYTES => return Err(SecretError::TooLong { line, bytes }),
            _ => secrets.push(Secret::new(secret)),
        }
    }
    match secrets.len() {
        0 => Err(SecretError::None),
        count if count > MAX_SECRETS => Err(SecretError::TooMany),
        _ => Ok(secrets),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: &[u8] = b"0123456789abcdef0123456789abcdef";

    #[test]
    fn comments_blank_lines_and_surrounding_space_are_ignored() {
        let content = [b"# the one that signs\r\n\n  ", FIRST, b" \r\n\t\n", &[b'y'; 40][..]].concat();
        let secrets = parse_secrets(&content).unwrap();
        assert_eq!(secrets.len(), 2);
        assert_eq!(secrets[0].bytes(), FIRST);
        assert_eq!(secrets[1].bytes(), [b'y'; 40]);
    }

    #[test]
    fn the_length_is_bounded_on_both_sides() {
        let refusal = |content: &[u8]| parse_secrets(content).unwrap_err();
        assert_eq!(refusal(&[b"\n\n", &FIRST[1..]].concat()), SecretError::TooShort { line: 3, bytes: 31 });
        assert_eq!(refusal(&[b'x'; 1025]), SecretError::TooLong { line: 1, bytes: 1025 });
        assert!(parse_secrets(&[b'x'; 1024]).is_ok());
    }

    #[test]
    fn none_and_too_many_are_refused() {
        assert_eq!(parse_secrets(b"\n# only a comment\n").unwrap_err(), SecretError::None);
        assert_eq!(parse_secrets(b"").unwrap_err(), SecretError::None);
        let line = [FIRST, b"\n"].concat();
        assert!(parse_secrets(&line.repeat(16)).is_ok());
        assert_eq!(parse_secrets(&line.repeat(17)).unwrap_err(), SecretError::TooMany);
    }

    #[test]
    fn neither_debug_nor_errors_show_a_secret() {
        assert_eq!(format!("{:?}", Secret::new(FIRST)), "Secret(hidden)");
        let error = parse_secrets(b"tooshorttoshow").unwrap_err();
        assert!(!format!("{error:?} {error}").contains("tooshort"));
    }
}
