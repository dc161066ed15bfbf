//! Reading a private key's file: PEM or DER in, PKCS#8 DER and its kind out.
//!
//! Never shows the key in an error; says instead what is expected and how to get it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use thiserror::Error;

/// Bytes a key file may have; the largest key that signs here takes about 3 KiB.
pub const MAX_KEY_FILE_BYTES: usize = 64 * 1024;
/// Bits an RSA key must have at least.
pub const MIN_RSA_BITS: usize = 2048;

const SEQUENCE: u8 = 0x30;
const INTEGER: u8 = 0x02;
const OCTET_STRING: u8 = 0x04;
const OBJECT_IDENTIFIER: u8 = 0x06;

const ED25519: &[u8] = &[0x2b, 0x65, 0x70];
const EC_PUBLIC_KEY: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
const P256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
const RSA_ENCRYPTION: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];

/// Why a key file is refused.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum KeyError {
    /// More than [`MAX_KEY_FILE_BYTES`].
    #[error("the file is larger than {MAX_KEY_FILE_BYTES} bytes, so it holds no private key")]
    TooLarge,
    /// Protected by a passphrase.
    #[error("the key is encrypted; decrypt it with: openssl pkcs8 -in KEY -out NEW")]
    Encrypted,
    /// PKCS#1 or SEC1, the forms from before PKCS#8.
    #[error(
        "the key is in the older form {0}, PKCS#8 is expected: openssl pkcs8 -topk8 -nocrypt -in KEY -out NEW"
    )]
    OlderForm(&'static str),
    /// A PEM file with something else in it, such as a public key or a certificate.
    #[error("the PEM file holds no private key (BEGIN PRIVATE KEY)")]
    NotPrivate,
    /// A PEM frame around broken base64, or without its end.
    #[error("the PEM file is damaged")]
    DamagedPem,
    /// Neither PEM nor PKCS#8 DER.
    #[error("neither PEM nor PKCS#8 DER")]
    NotPkcs8,
    /// A sound key, but of a kind that signs with another algorithm.
    #[error("a key of another kind, expected Ed25519, P-256 (with its public key) or RSA")]
    OtherKind,
    /// An RSA key below [`MIN_RSA_BITS`].
    #[error("the RSA key has {bits} bits, at least {MIN_RSA_BITS} are needed")]
    RsaTooSmall {
        /// Bits of its modulus.
        bits: usize,
    },
    /// The cryptography library finds the key unsound, or larger than the 4096 bits it signs with.
    #[error("the key is refused: {0}")]
    Refused(String),
}

/// What a key signs with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeyKind {
    Ed25519,
    P256,
    Rsa,
}

/// The PKCS#8 DER in a file's content.
pub(crate) fn pkcs8(content: &[u8]) -> Result<Vec<u8>, KeyError> {
    if content.len() > MAX_KEY_FILE_BYTES {
        return Err(KeyError::TooLarge);
    }
    // DER begins with a sequence's tag, which is the character 0; text before a PEM frame may begin with it
    // too.
    match str::from_utf8(content) {
        Ok(text) if text.contains("-----BEGIN ") => unarmor(text),
        _ => Ok(content.to_vec()),
    }
}

/// Finds the private key among a PEM file's blocks.
fn unarmor(text: &str) -> Result<Vec<u8>, KeyError> {
    let mut rest = text;
    while let Some((_, block)) = rest.split_once("-----BEGIN ") {
        let (label, body) = block.split_once("-----").ok_or(KeyError::DamagedPem)?;
        let (body, after) = body.split_once(&format!("-----END {label}-----")).ok_or(KeyError::DamagedPem)?;
        match label {
            "PRIVATE KEY" => {
                let letters: String = body.split_ascii_whitespace().collect();
                return STANDARD.decode(letters).map_err(|_| KeyError::DamagedPem);
            }
            "ENCRYPTED PRIVATE KEY" => return Err(KeyError::Encrypted),
            _ if label.ends_with("PRIVATE KEY") && body.contains("ENCRYPTED") => {
                return Err(KeyError::Encrypted);
            }
            "RSA PRIVATE KEY" => return Err(KeyError::OlderForm("PKCS#1")),
            "EC PRIVATE KEY" => return Err(KeyError::OlderForm("SEC1")),
            _ => rest = after,
        }
    }
    Err(KeyError::NotPrivate)
}

/// Finds out what a PKCS#8 key signs with, and names the mistakes that people make.
pub(crate) fn kind(pkcs8: &[u8]) -> Result<KeyKind, KeyError> {
    let (tag, key, _) = element(pkcs8).ok_or(KeyError::NotPkcs8)?;
    let (version_tag, _, rest) = element(key).ok_or(KeyError::NotPkcs8)?;
    let (second_tag, algorithm, rest) = element(rest).ok_or(KeyError::NotPkcs8)?;
    match (tag, version_tag, second_tag) {
        (SEQUENCE, INTEGER, SEQUENCE) => {}
        (SEQUENCE, SEQUENCE, OCTET_STRING) => return Err(KeyError::Encrypted),
        (SEQUENCE, INTEGER, INTEGER) => return Err(KeyError::OlderForm("PKCS#1")),
        (SEQUENCE, INTEGER, OCTET_STRING) => return Err(KeyError::OlderForm("SEC1")),
        _ => return Err(KeyError::NotPkcs8),
    }
    let (OBJECT_IDENTIFIER, identifier, parameters) = element(algorithm).ok_or(KeyError::NotPkcs8)? else {
        return Err(KeyError::NotPkcs8);
    };
    match identifier {
        ED25519 => Ok(KeyKind::Ed25519),
        EC_PUBLIC_KEY if element(parameters).is_some_and(|(_, curve, _)| curve == P256) => Ok(KeyKind::P256),
        RSA_ENCRYPTION => {
            let bits = modulus_bits(rest).ok_or(KeyError::NotPkcs8)?;
            if bits < MIN_RSA_BITS { Err(KeyError::RsaTooSmall { bits }) } else { Ok(KeyKind::Rsa) }
        }
        _ => Err(KeyError::OtherKind),
    }
}

/// Bits of the modulus in a PKCS#8 key's octet string, which for RSA is a PKCS#1 key: version, modulus, and
/// so on.
fn modulus_bits(octet_string: &[u8]) -> Option<usize> {
    let (_, pkcs1, _) = element(octet_string)?;
    let (_, numbers, _) = element(pkcs1)?;
    let (_, _version, rest) = element(numbers)?;
    let (_, modulus, _) = element(rest)?;
    let zeros: usize = modulus.iter().take_while(|byte| **byte == 0).count();
    let first = modulus.get(zeros)?;
    Some((modulus.len() - zeros) * 8 - first.leading_zeros() as usize)
}

/// Splits DER into the first element's tag and content, and what follows it.
fn element(input: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = input.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(first), rest),
        // Lengths of up to four bytes; a file is shorter than what three can say.
        0x81..=0x84 => {
            let (digits, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            (digits.iter().fold(0, |length, digit| length << 8 | usize::from(*digit)), rest)
        }
        _ => return None,
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((tag, content, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind_of(pem: &str) -> Result<KeyKind, KeyError> {
        kind(&pkcs8(pem.as_bytes())?)
    }

    #[test]
    fn what_openssl_writes_is_told_apart() {
        assert_eq!(kind_of(include_str!("../tests/keys/rfc8037-a1-eddsa.pem")), Ok(KeyKind::Ed25519));
        assert_eq!(kind_of(include_str!("../tests/keys/rfc7515-a3-es256.pem")), Ok(KeyKind::P256));
        assert_eq!(kind_of(include_str!("../tests/keys/rfc7515-a2-rs256.pem")), Ok(KeyKind::Rsa));
    }

    #[test]
    fn every_common_mistake_has_its_name() {
        let refusal = |pem: &str| kind_of(pem).unwrap_err();
        assert_eq!(refusal(include_str!("../tests/keys/rsa-1024.pem")), KeyError::RsaTooSmall { bits: 1024 });
        assert_eq!(refusal(include_str!("../tests/keys/encrypted.pem")), KeyError::Encrypted);
        assert_eq!(refusal(include_str!("../tests/keys/pkcs1.pem")), KeyError::OlderForm("PKCS#1"));
        assert_eq!(refusal(include_str!("../tests/keys/sec1-p256.pem")), KeyError::OlderForm("SEC1"));
        assert_eq!(refusal(include_str!("../tests/keys/p384.pem")), KeyError::OtherKind);
        assert_eq!(refusal(include_str!("../tests/keys/ed448.pem")), KeyError::OtherKind);
        assert_eq!(refusal(""), KeyError::NotPkcs8);
        assert_eq!(refusal("0123456789"), KeyError::NotPkcs8);
        assert_eq!(refusal(&"x".repeat(MAX_KEY_FILE_BYTES + 1)), KeyError::TooLarge);
        let public = "-----BEGIN PUBLIC KEY-----\nMCow\n-----END PUBLIC KEY-----\n";
        assert_eq!(refusal(public), KeyError::NotPrivate);
        assert_eq!(refusal("-----BEGIN PRIVATE KEY-----\nMC4C"), KeyError::DamagedPem);
        assert_eq!(
            refusal("-----BEGIN PRIVATE KEY-----\n!\n-----END PRIVATE KEY-----"),
            KeyError::DamagedPem
        );
    }

    #[test]
    fn the_older_forms_are_named_in_der_too() {
        let body = |pem: &str| {
            let letters: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
            STANDARD.decode(letters).unwrap()
        };
        let refusal = |pem: &str| kind(&pkcs8(&body(pem)).unwrap()).unwrap_err();
        assert_eq!(refusal(include_str!("../tests/keys/pkcs1.pem")), KeyError::OlderForm("PKCS#1"));
        assert_eq!(refusal(include_str!("../tests/keys/sec1-p256.pem")), KeyError::OlderForm("SEC1"));
        assert_eq!(refusal(include_str!("../tests/keys/encrypted.pem")), KeyError::Encrypted);
    }

    #[test]
    fn a_key_cut_anywhere_is_no_key() {
        let whole = pkcs8(include_bytes!("../tests/keys/rfc7515-a3-es256.pem")).unwrap();
        for length in 0..whole.len() {
            assert_eq!(kind(&whole[..length]), Err(KeyError::NotPkcs8), "{length}");
        }
    }

    #[test]
    fn other_blocks_before_the_key_are_skipped() {
        let key = include_str!("../tests/keys/rfc8037-a1-eddsa.pem");
        let public = "-----BEGIN PUBLIC KEY-----\nMCow\n-----END PUBLIC KEY-----\n";
        assert_eq!(kind_of(&format!("0 a remark\n{public}{key}")), Ok(KeyKind::Ed25519));
    }
}
