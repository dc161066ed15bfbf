//! How a message's struct becomes the array that stands on the wire.

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
    pub(crate) use super::wire_struct;
    pub(crate) use crate::compact::{Compact, CompactFields, Reader, put_array_length};
    pub(crate) use crate::fields::{EntryVisitor, Field, Fields, WriteFields};
    pub(crate) use serde::de::{self, Deserialize, Deserializer, SeqAccess};
    pub(crate) use serde::ser::{Serialize, SerializeSeq, Serializer};
    pub(crate) use std::marker::PhantomData;
}
