//! The header `X-KeyID` of a client that comes with a bearer token: when its keys changed, a dash, its client state.

use base64::Engine as _;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use base64::{alphabet, engine::DecodePaddingMode};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Bytes a client state may have; it has one at least.
pub const CLIENT_STATE_BYTES_MAX: usize = 16;

/// With padding or without: the original server takes both.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::URL_SAFE,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Which keys a client has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyId {
    /// When the keys changed, milliseconds since 1970; not negative.
    pub keys_changed_at: i64,
    /// 1 to [`CLIENT_STATE_BYTES_MAX`] bytes.
    pub client_state: Vec<u8>,
}

/// Why a header is no key id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum KeyIdError {
    /// No dash, no number before it, or no base64url after it.
    #[error("a key id is a whole number, a dash and base64url")]
    Malformed,
    /// The client state has no byte, or too many.
    #[error("a client state has 1 to {CLIENT_STATE_BYTES_MAX} bytes")]
    ClientStateLength,
}

impl KeyId {
    /// Reads the header's value. The number may have any number of digits, the base64url may be padded.
    ///
    /// # Errors
    /// [`KeyIdError`].
    pub fn parse(header: &str) -> Result<Self, KeyIdError> {
        let (number, state) = header.split_once('-').ok_or(KeyIdError::Malformed)?;
        if number.is_empty() || !number.bytes().all(|digit| digit.is_ascii_digit()) {
            return Err(KeyIdError::Malformed);
        }
        let keys_changed_at = number.parse().map_err(|_| KeyIdError::Malformed)?;
        if state.len() > 2 * CLIENT_STATE_BYTES_MAX {
            return Err(KeyIdError::ClientStateLength);
        }
        let client_state = LENIENT.decode(state).map_err(|_| KeyIdError::Malformed)?;
        match client_state.len() {
            1..=CLIENT_STATE_BYTES_MAX => Ok(Self { keys_changed_at, client_state }),
            _ => Err(KeyIdError::ClientStateLength),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn number_and_client_state_are_read() {
        let expected = KeyId { keys_changed_at: 1234, client_state: vec![0xaa, 0xbb] };
        for header in ["0000000001234-qrs", "1234-qrs", "1234-qrs="] {
            assert_eq!(KeyId::parse(header), Ok(expected.clone()), "{header}");
        }
    }

    #[test]
    fn what_is_no_key_id_is_refused() {
        for header in
            ["", "1234", "-qrs", "x-qrs", "+1-qrs", "1234-q!s", "1234-q", "99999999999999999999-qrs"]
        {
            assert_eq!(KeyId::parse(header), Err(KeyIdError::Malformed), "{header}");
        }
        for header in ["1234-", &format!("1-{}", "A".repeat(24)), &format!("1-{}", "A".repeat(99))] {
            assert_eq!(KeyId::parse(header), Err(KeyIdError::ClientStateLength), "{header}");
        }
    }
}
