//! RSA by PKCS#1 v1.5 with SHA-256. Both libraries leave out a signature's leading zero bytes, and take
//! more of them than there have to be: they are counted anew.

use num_bigint::BigUint;
use ring::digest;
use ring::signature::{
    RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents,
};

use super::KeyError;

/// The `DigestInfo` of SHA-256 up to the hash itself.
const SHA256_INFO: [u8; 19] =
    [0x30, 0x31, 0x30, 0x0d, 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1, 5, 0, 4, 0x20];

/// Bits of the largest exponent; a larger one would only cost time.
const EXPONENT_BITS_MAX: u64 = 33;

/// An RSA key of a known size.
pub(in super::super) struct RsaKey {
    size: RsaSize,
    /// Big-endian, no zero in front.
    modulus: Vec<u8>,
    exponent: Vec<u8>,
}

/// About how many bits the modulus has: one more or less counts as the same, as the libraries have it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum RsaSize {
    /// A toy: anybody can compute the private key.
    Bits512,
    /// Within reach of the rich.
    Bits1024,
    Bits2048,
}

impl RsaKey {
    pub(in super::super) fn new(modulus: BigUint, exponent: &BigUint) -> Result<Self, KeyError> {
        let size = match modulus.bits() {
            511..=513 => RsaSize::Bits512,
            1023..=1025 => RsaSize::Bits1024,
            2047..=2049 => RsaSize::Bits2048,
            _ => return Err(KeyError::Unsupported),
        };
        if exponent.bits() > EXPONENT_BITS_MAX || !exponent.bit(0) || !modulus.bit(0) {
            return Err(KeyError::Malformed);
        }
        Ok(Self { size, modulus: modulus.to_bytes_be(), exponent: exponent.to_bytes_be() })
    }

    pub(in super::super) fn size(&self) -> RsaSize {
        self.size
    }

    pub(in super::super) fn verifies(&self, signed: &[u8], signature: &[u8]) -> bool {
        let length = self.modulus.len();
        let zeros = signature.iter().take_while(|byte| **byte == 0).count();
        let signature = &signature[zeros..];
        let Some(missing) = length.checked_sub(signature.len()) else { return false };
        let mut whole = vec![0; length];
        whole[missing..].copy_from_slice(signature);
        let parameters = match self.size {
            RsaSize::Bits512 => return self.verifies_toy(signed, &whole),
            RsaSize::Bits1024 => &RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY,
            RsaSize::Bits2048 => &RSA_PKCS1_2048_8192_SHA256,
        };
        let key = RsaPublicKeyComponents { n: &self.modulus, e: &self.exponent };
        key.verify(parameters, signed, &whole).is_ok()
    }

    /// The same for keys that are too small for ring: the whole encoded block is compared.
    fn verifies_toy(&self, signed: &[u8], signature: &[u8]) -> bool {
        let (modulus, signature) = (BigUint::from_bytes_be(&self.modulus), BigUint::from_bytes_be(signature));
        let mut expected = vec![0xff; self.modulus.len()];
        let hash = digest::digest(&digest::SHA256, signed);
        let tail = [&[0], &SHA256_INFO[..], hash.as_ref()].concat();
        let start = expected.len() - tail.len();
        expected[..2].copy_from_slice(&[0, 1]);
        expected[start..].copy_from_slice(&tail);
        let block = signature.modpow(&BigUint::from_bytes_be(&self.exponent), &modulus);
        signature < modulus && block == BigUint::from_bytes_be(&expected)
    }
}
