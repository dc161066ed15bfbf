//! Header frames to messages and back, through rmp-serde.
//!
//! Reading borrows from the frame and copies nothing; memory and time are bounded by the frame's length, which is
//! checked first. Missing elements are an error, further ones are ignored: that is how versions grow.

use crate::compact::Reader;
use crate::fields::ignore_rest;
use crate::limits::{DEPTH_MAX, HEADER_FRAME_BYTES_MAX};
use crate::{DecodeError, Kind, Message};
use serde::de::{self, Deserialize, Deserializer, SeqAccess, Visitor};
use std::fmt;

/// Reads a header frame that came with `payload_frames` further frames.
///
/// # Errors
/// Whatever is wrong with it; see [`DecodeError`]. Never panics, whatever the bytes are.
pub fn decode(header: &[u8], payload_frames: usize) -> Result<Message<'_>, DecodeError> {
    if header.is_empty() {
        return Err(DecodeError::EmptyHeader);
    }
    if header.len() > HEADER_FRAME_BYTES_MAX {
        return Err(DecodeError::HeaderTooLarge { bytes: header.len(), max: HEADER_FRAME_BYTES_MAX });
    }
    let message = match Message::take(&mut Reader(header)) {
        Some(message) => message,
        None => read_array(header)?,
    };
    let (kind, expected) = (message.kind(), message.payload_frames());
    if expected != payload_frames {
        return Err(DecodeError::FrameCount { kind, expected, found: payload_frames });
    }
    message.validate()?;
    Ok(message)
}

fn read_array(header: &[u8]) -> Result<Message<'_>, DecodeError> {
    let mut deserializer = rmp_serde::Deserializer::from_read_ref(header);
    deserializer.set_max_depth(DEPTH_MAX);
    let read = deserializer.deserialize_seq(MessageVisitor).map_err(describe)?;
    if !is_at_end(&mut deserializer) {
        return Err(DecodeError::TrailingBytes);
    }
    match read {
        Read::Message(message) => Ok(message),
        Read::UnknownKind(number) => Err(DecodeError::UnknownKind { number }),
    }
}

/// The deserializer does not tell how far it has read, but reading on fails in one way only at the end. What is read is
/// nothing that could have elements, or a map that claims more than there is would look like the end.
fn is_at_end(deserializer: &mut RefDeserializer<'_>) -> bool {
    use rmp_serde::decode::Error;
    match <()>::deserialize(deserializer) {
        Err(Error::InvalidMarkerRead(error)) => error.kind() == std::io::ErrorKind::UnexpectedEof,
        Ok(()) | Err(_) => false,
    }
}

type RefDeserializer<'a> = rmp_serde::Deserializer<rmp_serde::decode::ReadRefReader<'a, [u8]>>;

/// rmp-serde's errors name types and markers; bytes of the message could only come along inside a text that serde
/// quotes, so quoted text is left out.
fn describe(error: rmp_serde::decode::Error) -> DecodeError {
    let text = error.to_string();
    let what = match text.find(['`', '"']) {
        Some(quote) => text[..quote].trim_end().to_owned(),
        None => text,
    };
    DecodeError::Malformed { what }
}

/// A message or the number of a kind that this version does not know.
pub(crate) enum Read<'a> {
    Message(Message<'a>),
    UnknownKind(u64),
}

struct MessageVisitor;

impl<'de> Visitor<'de> for MessageVisitor {
    type Value = Read<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array that begins with a kind")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Read<'de>, A::Error> {
        let number: u64 = seq.next_element()?.ok_or_else(|| de::Error::custom("an empty array"))?;
        let read = match Kind::from_number(number) {
            Some(kind) => Read::Message(Message::read(kind, &mut seq)?),
            None => Read::UnknownKind(number),
        };
        ignore_rest(&mut seq)?;
        Ok(read)
    }
}
