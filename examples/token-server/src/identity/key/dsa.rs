//! DSA (FIPS 186): the equation over `crypto-bigint`, both powers in one walk and exponents no longer than q.
//!
//! The crate `dsa` computes the same with exponents as long as p, in ten times the time; a test holds the two side by side.

use crypto_bigint::modular::{FixedMontyForm, FixedMontyParams};
use crypto_bigint::{MultiExponentiateBoundedExp, NonZero, Odd, U256, U1024, U2048, Uint};
use num_bigint::BigUint;
use ring::digest;

use super::{KeyError, padded};

/// A key of one of the two sizes that BrowserID knows.
pub(in super::super) enum DsaKey {
    /// p 1024, q 160, SHA-1.
    Ds128(Box<Numbers<{ U1024::LIMBS }>>),
    /// p 2048, q 256, SHA-256.
    Ds256(Box<Numbers<{ U2048::LIMBS }>>),
}

/// The numbers of a key, ready for use.
pub(in super::super) struct Numbers<const LIMBS: usize> {
    q: Odd<U256>,
    wide_q: NonZero<Uint<LIMBS>>,
    q_bytes: usize,
    g: FixedMontyForm<LIMBS>,
    y: FixedMontyForm<LIMBS>,
}

impl DsaKey {
    pub(super) fn new(p: &BigUint, q: &BigUint, g: &BigUint, y: &BigUint) -> Result<Self, KeyError> {
        let one = BigUint::from(1_u8);
        if g <= &one || g >= p || y <= &one || y >= p || !p.bit(0) || !q.bit(0) {
            return Err(KeyError::Malformed);
        }
        match (p.bits(), q.bits()) {
            (1024, 160) => Ok(Self::Ds128(Box::new(Numbers::new([p, q, g, y])?))),
            (2048, 256) => Ok(Self::Ds256(Box::new(Numbers::new([p, q, g, y])?))),
            _ => Err(KeyError::Unsupported),
        }
    }

    pub(super) fn algorithm(&self) -> &'static str {
        match self {
            Self::Ds128(_) => "DS128",
            Self::Ds256(_) => "DS256",
        }
    }

    pub(super) fn verifies(&self, signed: &[u8], signature: &[u8]) -> bool {
        match self {
            Self::Ds128(numbers) => {
                let hash = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, signed);
                numbers.verifies(hash.as_ref(), signature).unwrap_or(false)
            }
            Self::Ds256(numbers) => {
                let hash = digest::digest(&digest::SHA256, signed);
                numbers.verifies(hash.as_ref(), signature).unwrap_or(false)
            }
        }
    }
}

impl<const LIMBS: usize> Numbers<LIMBS> {
    fn new([p, q, g, y]: [&BigUint; 4]) -> Result<Self, KeyError> {
        let modulus = Odd::new(uint(p)?).into_option().ok_or(KeyError::Malformed)?;
        let parameters = FixedMontyParams::new_vartime(modulus);
        Ok(Self {
            q: Odd::new(uint(q)?).into_option().ok_or(KeyError::Malformed)?,
            wide_q: NonZero::new(uint(q)?).into_option().ok_or(KeyError::Malformed)?,
            q_bytes: q.to_bytes_be().len(),
            g: FixedMontyForm::new(&uint(g)?, &parameters),
            y: FixedMontyForm::new(&uint(y)?, &parameters),
        })
    }

    /// `None` where the signature is none: longer than r and s are, or with one of them not between 0 and q.
    ///
    /// All that is computed with here is public, so the time may depend upon it.
    fn verifies(&self, hash: &[u8], signature: &[u8]) -> Option<bool> {
        let mut whole = [0; 64];
        let whole = &mut whole[..2 * self.q_bytes];
        let missing = whole.len().checked_sub(signature.len())?;
        whole[missing..].copy_from_slice(signature);
        let (r, s) = whole.split_at(self.q_bytes);
        let [r, s, hash] = [small(r)?, small(s)?, small(hash)?];
        let q = self.q.as_nz_ref();
        if !is_inside(&r, q) || !is_inside(&s, q) {
            return None;
        }
        let inverse = s.invert_odd_mod(&self.q).into_option()?;
        let u1 = hash.rem_vartime(q).mul_mod_vartime(&inverse, q);
        let u2 = r.mul_mod_vartime(&inverse, q);
        let bits = q.bit_width_vartime();
        let v = FixedMontyForm::multi_exponentiate_bounded_exp(&[(self.g, u1), (self.y, u2)], bits);
        Some(v.retrieve().rem_vartime(&self.wide_q) == r.resize())
    }
}

/// Whether it lies between zero and q, as r and s have to.
fn is_inside(number: &U256, q: &U256) -> bool {
    *number > U256::ZERO && number < q
}

fn small(bytes: &[u8]) -> Option<U256> {
    Some(U256::from_be_slice(&padded::<32>(bytes)?))
}

fn uint<const LIMBS: usize>(number: &BigUint) -> Result<Uint<LIMBS>, KeyError> {
    let bytes = padded::<{ U2048::BYTES }>(&number.to_bytes_be()).ok_or(KeyError::Malformed)?;
    let (surplus, bytes) = bytes.split_at(U2048::BYTES - Uint::<LIMBS>::BYTES);
    match surplus.iter().all(|byte| *byte == 0) {
        true => Ok(Uint::from_be_slice(bytes)),
        false => Err(KeyError::Malformed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_inside_lies_between_zero_and_q() {
        let [zero, one, six, seven, eight] = [0_u8, 1, 6, 7, 8].map(U256::from_u8);
        assert!(is_inside(&one, &seven) && is_inside(&six, &seven));
        assert!(!is_inside(&zero, &seven) && !is_inside(&seven, &seven) && !is_inside(&eight, &seven));
    }
}
