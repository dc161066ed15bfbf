//! The numbers of the ends that a job can come to.

use crate::compact::{Compact, Reader};
use crate::fields::read_as_itself;
use serde::de::{self, Deserialize, Deserializer};
use serde::ser::{Serialize, Serializer};

macro_rules! numbers {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $number:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name { $($(#[$variant_doc])* $variant = $number,)* }

        impl $name {
            /// The one with this number, if there is one.
            pub(crate) fn from_number(number: u64) -> Option<$name> {
                match number { $($number => Some($name::$variant),)* _ => None }
            }
        }

        read_as_itself! { [] $name, }

        impl<'a> Compact<'a> for $name {
            fn take(reader: &mut Reader<'a>) -> Option<$name> {
                $name::from_number(reader.number()?)
            }

            fn put(&self, buffer: &mut Vec<u8>) {
                buffer.push(*self as u8);
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_u8(*self as u8)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<$name, D::Error> {
                $name::from_number(u64::deserialize(deserializer)?)
                    .ok_or_else(|| de::Error::custom(concat!("no such number of ", stringify!($name))))
            }
        }
    };
}

numbers! {
    /// How a job ended at a worker.
    WorkerEnd {
        /// The handler gave a reply.
        Done = 0,
        /// The handler gave an error, or panicked.
        Failed = 1,
        /// It never began: recalled, or the worker leaves.
        Returned = 2,
        /// It never began: its time was over.
        Expired = 3,
        /// It was cancelled, before or while it ran.
        Cancelled = 4,
    }
}

numbers! {
    /// The six ends of a job.
    JobEnd {
        /// A reply.
        Done = 0,
        /// The handler gave an error.
        Failed = 1,
        /// The deadline passed.
        TimedOut = 2,
        /// The caller took it back.
        Cancelled = 3,
        /// Worker or master died, or the attempts are used up.
        Lost = 4,
        /// The master refused it.
        Rejected = 5,
    }
}
