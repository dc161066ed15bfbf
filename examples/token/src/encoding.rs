//! URL-safe base64 in its one correct spelling, padded (tokenlib) and unpadded (JWT).
//!
//! Never decodes two texts to the same bytes: then one token would have several names, and a list of revoked
//! tokens could be walked around.

use base64::Engine as _;
use base64::alphabet::URL_SAFE as ALPHABET;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, URL_SAFE, URL_SAFE_NO_PAD};

use crate::error::VerifyError;

/// Reads what careless encoders write, only to tell "misspelt" from "not base64 at all".
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &ALPHABET,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

pub(crate) fn encode_padded(bytes: &[u8]) -> String {
    URL_SAFE.encode(bytes)
}

pub(crate) fn encode_unpadded(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

pub(crate) fn decode_padded(text: &str) -> Result<Vec<u8>, VerifyError> {
    decode(text, &URL_SAFE)
}

pub(crate) fn decode_unpadded(text: &str) -> Result<Vec<u8>, VerifyError> {
    decode(text, &URL_SAFE_NO_PAD)
}

fn decode(text: &str, spelling: &GeneralPurpose) -> Result<Vec<u8>, VerifyError> {
    let bytes = LENIENT.decode(text).map_err(|_| VerifyError::BadBase64)?;
    // Comparing with what we would have written needs no trust in any decoder's notion of strictness.
    if spelling.encode(&bytes) == text { Ok(bytes) } else { Err(VerifyError::NotCanonical) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn padded_is_read_in_one_spelling_only() {
        assert_eq!(decode_padded("_w=="), Ok(vec![255]));
        assert_eq!(decode_padded("_w"), Err(VerifyError::NotCanonical));
        assert_eq!(decode_padded("_x=="), Err(VerifyError::NotCanonical));
        assert_eq!(decode_padded("/w=="), Err(VerifyError::BadBase64));
        assert_eq!(decode_padded("_w==\n"), Err(VerifyError::BadBase64));
        assert_eq!(decode_padded("_"), Err(VerifyError::BadBase64));
        assert_eq!(decode_padded(""), Ok(vec![]));
    }

    #[test]
    fn unpadded_is_read_in_one_spelling_only() {
        assert_eq!(decode_unpadded("_w"), Ok(vec![255]));
        assert_eq!(decode_unpadded("_w=="), Err(VerifyError::NotCanonical));
        assert_eq!(decode_unpadded("_x"), Err(VerifyError::NotCanonical));
        assert_eq!(decode_unpadded("+w"), Err(VerifyError::BadBase64));
    }
}
