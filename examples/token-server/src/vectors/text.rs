//! Strings of JSON that need not be text: JavaScript writes half a surrogate pair where it has one.

use std::borrow::Borrow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, Visitor};

/// A string of JSON. Half a surrogate pair, which no text can hold, becomes replacement characters.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct Text(pub(super) String);

impl Borrow<str> for Text {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // As bytes serde_json gives a string as it is; as a text it would refuse it.
        deserializer.deserialize_bytes(TextVisitor)
    }
}

struct TextVisitor;

impl Visitor<'_> for TextVisitor {
    type Value = Text;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Text, E> {
        Ok(Text(String::from_utf8_lossy(bytes).into_owned()))
    }
}
