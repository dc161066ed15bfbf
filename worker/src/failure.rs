//! What a handler gives when it has no reply. It never holds more than the wire takes.

use crate::machine::truncated;
use powerhose_protocol::limits::{CODE_BYTES_MAX, TEXT_BYTES_MAX};
use std::error::Error;
use std::fmt;

/// Why a job failed: a code for the caller's program and a text for its people. The job is not tried again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobFailure {
    code: String,
    text: String,
}

impl JobFailure {
    /// A failure with this code and text. The code is cut to 64 bytes, the text to 16 KiB, each between two characters.
    ///
    /// The worker itself uses the codes `error`, `panic`, `reply_too_large` and `reply_headers`.
    pub fn new(code: impl Into<String>, text: impl Into<String>) -> JobFailure {
        JobFailure {
            code: truncated(code.into(), CODE_BYTES_MAX),
            text: truncated(text.into(), TEXT_BYTES_MAX),
        }
    }

    /// A failure with the code `error`; the text is the error and its sources, joined by colons.
    pub fn from_error(error: &(dyn Error + '_)) -> JobFailure {
        let mut text = error.to_string();
        let mut cause = error.source();
        while let Some(source) = cause {
            text.push_str(": ");
            text.push_str(&source.to_string());
            cause = source.source();
        }
        JobFailure::new("error", text)
    }

    /// Why, for programs.
    pub fn code(&self) -> &str {
        &self.code
    }

    /// Why, for people.
    pub fn text(&self) -> &str {
        &self.text
    }

    pub(crate) fn into_parts(self) -> (String, String) {
        (self.code, self.text)
    }
}

impl fmt::Display for JobFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.text)
    }
}

impl Error for JobFailure {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_is_cut_between_two_characters() {
        let failure = JobFailure::new("é".repeat(CODE_BYTES_MAX), "x€".repeat(TEXT_BYTES_MAX));
        assert_eq!(failure.code(), "é".repeat(CODE_BYTES_MAX / 2));
        assert_eq!(failure.text().len(), TEXT_BYTES_MAX);
        let odd = JobFailure::new("c", format!("x{}", "é".repeat(TEXT_BYTES_MAX)));
        assert_eq!(odd.text().len(), TEXT_BYTES_MAX - 1);
    }

    #[test]
    fn an_error_brings_its_sources_along() {
        #[derive(Debug, thiserror::Error)]
        #[error("cannot read the key")]
        struct Outer(#[source] std::num::ParseIntError);
        let failure = JobFailure::from_error(&Outer("x".parse::<u8>().expect_err("no number")));
        assert_eq!(failure.to_string(), "error: cannot read the key: invalid digit found in string");
    }
}
