//! base64url as the libraries read it: with padding or without, and whatever the unused bits are.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};

/// Takes every spelling of base64url.
pub(super) const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::URL_SAFE,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// The bytes, or `None` where this is no base64url.
pub(super) fn decode(text: &str) -> Option<Vec<u8>> {
    LENIENT.decode(text).ok()
}

/// The bytes of a signature: the libraries skip what is no letter of base64url, such as a line's end. The signature then
/// says whether these are the right ones.
pub(super) fn decode_signature(text: &str) -> Option<Vec<u8>> {
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    match text.bytes().all(is_letter) {
        true => decode(text),
        false => decode(
            &text.chars().filter(|letter| letter.is_ascii() && is_letter(*letter as u8)).collect::<String>(),
        ),
    }
}
