//! What the fields of messages are made of, and how serde reads and writes them: bytes, names with values, text, entries.

use crate::Kind;
use crate::limits::{ENTRIES_MAX, SETTINGS_MAX};
use serde::de::{self, Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};
use std::fmt;
use std::marker::PhantomData;

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

/// Types that are fields as they are.
macro_rules! read_as_itself {
    ($([$($generics:tt)*] $type:ty,)*) => {
        $(impl<'de, $($generics)*> $crate::fields::Field<'de> for $type {
            type Read = Self;
            fn from_read(read: Self) -> Self {
                read
            }
        })*
    };
}

pub(crate) use read_as_itself;

read_as_itself! {
    [] bool, [] u64, [] Bin<'de>,
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
                    if entries.len() == SETTINGS_MAX {
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
