//! Header frames to messages and back, through rmp-serde.
//!
//! Reading borrows from the frame and copies nothing; memory and time are bounded by the frame's length, which is
//! checked first. Missing elements are an error, further ones are ignored: that is how versions grow.

use crate::compact::Reader;
use crate::limits::{DEPTH_MAX, ENTRIES_MAX, HEADER_FRAME_BYTES_MAX};
use crate::{DecodeError, JobId, Kind, Message};
use serde::de::{self, Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};
use std::fmt;
use std::marker::PhantomData;

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

/// Passes over elements that a later version added.
pub(crate) fn ignore_rest<'de, A: SeqAccess<'de>>(seq: &mut A) -> Result<(), A::Error> {
    while seq.next_element::<IgnoredAny>()?.is_some() {}
    Ok(())
}

/// The fields of a message or of one of its entries, in the order of the wire.
pub(crate) trait Fields<'de>: Sized {
    /// Reads them, and leaves what follows.
    fn read<A: SeqAccess<'de>>(seq: &mut A) -> Result<Self, A::Error>;
}

/// The other way; apart from [`Fields`] because writing knows no lifetime.
pub(crate) trait WriteFields {
    /// How many there are.
    const COUNT: usize;
    /// Writes the fields in order.
    fn write<S: SerializeSeq>(&self, seq: &mut S) -> Result<(), S::Error>;
}

/// Reads one entry: an array of the fields of `T`.
pub(crate) struct EntryVisitor<T>(pub(crate) PhantomData<T>);

impl<'de, T: Fields<'de> + WriteFields> Visitor<'de> for EntryVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an array of {} elements", T::COUNT)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<T, A::Error> {
        let entry = T::read(&mut seq)?;
        ignore_rest(&mut seq)?;
        Ok(entry)
    }
}

/// What a field is read as, where reading its type itself would take too much: serde's `&str` takes bin too.
pub(crate) trait Field<'de>: Sized {
    type Read: Deserialize<'de>;
    fn from_read(read: Self::Read) -> Self;
}

macro_rules! read_as_itself {
    ($([$($generics:tt)*] $type:ty,)*) => {
        $(impl<'de, $($generics)*> Field<'de> for $type {
            type Read = Self;
            fn from_read(read: Self) -> Self {
                read
            }
        })*
    };
}

read_as_itself! {
    [] bool, [] u64, [] JobId, [] Bin<'de>, [] crate::Value, [] crate::WorkerEnd, [] crate::JobEnd,
    [T: Deserialize<'de>] Option<T>, [V: Field<'de>] Named<'de, V>,
}

impl<'de, T: Deserialize<'de>> Field<'de> for Vec<T> {
    type Read = Entries<T>;
    fn from_read(read: Entries<T>) -> Vec<T> {
        read.0
    }
}

/// Entries up to one more than a message may have, so that validation finds it over its bound: an entry takes up to
/// thirty times as much memory as its bytes on the wire, and all of those may be entries.
pub(crate) struct Entries<T>(Vec<T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Entries<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Entries<T>, D::Error> {
        struct EntriesVisitor<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for EntriesVisitor<T> {
            type Value = Entries<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an array")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Entries<T>, A::Error> {
                let mut entries = Vec::new();
                while entries.len() <= ENTRIES_MAX
                    && let Some(entry) = seq.next_element()?
                {
                    entries.push(entry);
                }
                ignore_rest(&mut seq)?;
                Ok(Entries(entries))
            }
        }
        deserializer.deserialize_seq(EntriesVisitor(PhantomData))
    }
}

impl<'de> Field<'de> for &'de str {
    type Read = Text<'de>;
    fn from_read(read: Text<'de>) -> &'de str {
        read.0
    }
}

/// MessagePack str and nothing else.
pub(crate) struct Text<'a>(pub(crate) &'a str);

impl<'de> Deserialize<'de> for Text<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Text<'de>, D::Error> {
        struct TextVisitor;
        impl<'de> Visitor<'de> for TextVisitor {
            type Value = Text<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("str")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Text<'de>, E> {
                Ok(Text(text))
            }
        }
        deserializer.deserialize_str(TextVisitor)
    }
}

/// Defines a struct whose fields stand on the wire as elements of an array, in this order.
macro_rules! wire_struct {
    ($(#[$doc:meta])* $name:ident<$life:lifetime> { $($(#[$field_doc:meta])* $field:ident: $type:ty,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq)]
        pub struct $name<$life> { $($(#[$field_doc])* pub $field: $type,)* }
        wire_struct!(@impl [$life] $name<$life> { $($field: $type,)* });
    };
    ($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq)]
        pub struct $name { $($(#[$field_doc])* pub $field: $type,)* }
        wire_struct!(@impl ['a] $name { $($field: $type,)* });
    };
    (@impl [$life:lifetime] $name:ty { $($field:ident: $type:ty,)* }) => {
        impl<$life> Compact<$life> for $name {
            fn take(reader: &mut Reader<$life>) -> Option<Self> {
                reader.array_length().filter(|length| *length == <Self as WriteFields>::COUNT)?;
                Self::take_fields(reader)
            }
            fn put(&self, buffer: &mut Vec<u8>) {
                put_array_length(buffer, <Self as WriteFields>::COUNT);
                self.put_fields(buffer);
            }
        }
        impl<$life> CompactFields<$life> for $name {
            fn take_fields(reader: &mut Reader<$life>) -> Option<Self> {
                Some(Self { $($field: Compact::take(reader)?,)* })
            }
            fn put_fields(&self, buffer: &mut Vec<u8>) {
                $(self.$field.put(buffer);)*
            }
        }
        impl<$life> Fields<$life> for $name {
            fn read<A: SeqAccess<$life>>(seq: &mut A) -> Result<Self, A::Error> {
                $(let $field = seq.next_element()?.map(<$type as Field<$life>>::from_read)
                    .ok_or_else(|| de::Error::custom(concat!("the element ", stringify!($field), " is missing")))?;)*
                Ok(Self { $($field,)* })
            }
        }
        impl<$life> WriteFields for $name {
            const COUNT: usize = [$(stringify!($field)),*].len();
            fn write<S: SerializeSeq>(&self, seq: &mut S) -> Result<(), S::Error> {
                $(seq.serialize_element(&self.$field)?;)*
                Ok(())
            }
        }
        impl<$life> Deserialize<$life> for $name {
            fn deserialize<D: Deserializer<$life>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_seq(EntryVisitor(PhantomData))
            }
        }
        impl<$life> Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let mut seq = serializer.serialize_seq(Some(Self::COUNT))?;
                self.write(&mut seq)?;
                seq.end()
            }
        }
    };
}
pub(crate) use wire_struct;

/// What [`wire_struct`] needs where it is used.
pub(crate) mod wire {
    pub(crate) use super::{EntryVisitor, Field, Fields, WriteFields, wire_struct};
    pub(crate) use crate::compact::{Compact, CompactFields, Reader, put_array_length};
    pub(crate) use serde::de::{self, Deserialize, Deserializer, SeqAccess};
    pub(crate) use serde::ser::{Serialize, SerializeSeq, Serializer};
    pub(crate) use std::marker::PhantomData;
}

/// A message on its way out: writes the kind, then the fields.
pub(crate) struct Outgoing<'m, T>(pub(crate) Kind, pub(crate) &'m T);

impl<T: WriteFields> Serialize for Outgoing<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut seq = serializer.serialize_seq(Some(T::COUNT + 1))?;
        seq.serialize_element(&(self.0 as u8))?;
        self.1.write(&mut seq)?;
        seq.end()
    }
}

/// Bytes, written as MessagePack bin. Only bin is read: a str is an error.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct Bin<'a>(pub &'a [u8]);

impl fmt::Debug for Bin<'_> {
    /// Tells the length only: header values and nonces do not belong in logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.0.len())
    }
}

impl Serialize for Bin<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(self.0)
    }
}

impl<'de> Deserialize<'de> for Bin<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Bin<'de>, D::Error> {
        struct BinVisitor;
        impl<'de> Visitor<'de> for BinVisitor {
            type Value = Bin<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("bin")
            }

            fn visit_borrowed_bytes<E>(self, bytes: &'de [u8]) -> Result<Bin<'de>, E> {
                Ok(Bin(bytes))
            }
        }
        deserializer.deserialize_bytes(BinVisitor)
    }
}

/// Names and their values, in order, written as a MessagePack map. A name may stand once only.
#[derive(Clone, PartialEq, Debug)]
pub struct Named<'a, V>(pub Vec<(&'a str, V)>);

/// The headers of a job or a reply.
pub type MessageHeaders<'a> = Named<'a, Bin<'a>>;

impl<V> Default for Named<'_, V> {
    fn default() -> Self {
        Named(Vec::new())
    }
}

impl<V: Copy> Named<'_, V> {
    /// The value under this name.
    pub fn find(&self, name: &str) -> Option<V> {
        self.0.iter().find(|(key, _)| *key == name).map(|(_, value)| *value)
    }
}

impl<V: Serialize> Serialize for Named<'_, V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in &self.0 {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

impl<'de, V: Field<'de>> Deserialize<'de> for Named<'de, V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NamedVisitor<V>(PhantomData<V>);
        impl<'de, V: Field<'de>> Visitor<'de> for NamedVisitor<V> {
            type Value = Named<'de, V>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map of names")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut entries: Vec<(&'de str, V)> = Vec::new();
                while let Some((name, value)) = map.next_entry::<Text<'de>, V::Read>()? {
                    if entries.len() == crate::limits::SETTINGS_MAX {
                        return Err(de::Error::custom("a map with more than 64 names"));
                    }
                    entries.push((name.0, V::from_read(value)));
                }
                Ok(Named(entries))
            }
        }
        deserializer.deserialize_map(NamedVisitor(PhantomData))
    }
}

impl Serialize for JobId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(self.to_wire())
    }
}

impl<'de> Deserialize<'de> for JobId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<JobId, D::Error> {
        u64::deserialize(deserializer).map(JobId::from_wire)
    }
}
