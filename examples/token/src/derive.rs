//! HKDF-SHA256 (RFC 5869): every key this crate uses comes from a secret through here.
//!
//! Never hands out a key without a purpose: `info` says what the key is for, so that no two purposes share
//! one.

use hkdf::Hkdf;
use sha2::Sha256;

/// Bytes in a derived key.
pub const KEY_BYTES: usize = 32;

/// Derives a key from `secret`. `salt: None` means a salt of 32 zero bytes, as the RFC has it; `info` is
/// given in parts that are read one after the other.
#[must_use]
pub fn derive(secret: &[u8], salt: Option<&[u8]>, info: &[&[u8]]) -> [u8; KEY_BYTES] {
    let mut key = [0; KEY_BYTES];
    expand(secret, salt, info, &mut key);
    key
}

fn expand(secret: &[u8], salt: Option<&[u8]>, info: &[&[u8]], output: &mut [u8]) {
    Hkdf::<Sha256>::new(salt, secret)
        .expand_multi_info(info, output)
        .expect("HKDF-SHA256 gives up to 8160 bytes, and nobody asks for more than 82");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::hexadecimal;

    fn expanded(secret: &[u8], salt: Option<&[u8]>, info: &[&[u8]], length: usize) -> String {
        let mut output = vec![0; length];
        expand(secret, salt, info, &mut output);
        hexadecimal(&output)
    }

    fn range(from: u8, to: u8) -> Vec<u8> {
        (from..=to).collect()
    }

    #[test]
    fn rfc_5869_case_1() {
        let got = expanded(&[0x0b; 22], Some(&range(0, 0x0c)), &[&range(0xf0, 0xf9)], 42);
        let wanted = "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865";
        assert_eq!(got, wanted);
    }

    #[test]
    fn rfc_5869_case_2_with_the_info_in_two_parts() {
        let got = expanded(
            &range(0, 0x4f),
            Some(&range(0x60, 0xaf)),
            &[&range(0xb0, 0xcf), &range(0xd0, 0xff)],
            82,
        );
        let wanted = "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c\
                      65e590e09da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87";
        assert_eq!(got, wanted);
    }

    #[test]
    fn rfc_5869_case_3_without_salt_and_info() {
        let wanted = "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8";
        assert_eq!(expanded(&[0x0b; 22], None, &[], 42), wanted);
        assert_eq!(expanded(&[0x0b; 22], Some(&[0; 32]), &[b""], 42), wanted);
    }

    #[test]
    fn a_key_is_the_head_of_the_output() {
        let key = derive(&[0x0b; 22], Some(&range(0, 0x0c)), &[&range(0xf0, 0xf9)]);
        assert_eq!(hexadecimal(&key), "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf");
    }
}
