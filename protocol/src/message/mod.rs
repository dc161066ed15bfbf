//! Every message, as a struct whose fields stand in the order of the wire.
//!
//! All of them borrow: to send, from the owner of the strings; to read, from the header frame. Durations are
//! milliseconds (`_ms`) or microseconds (`_us`) that remain or passed, never wall-clock times.

mod calls;
mod handshake;
mod jobs;
mod questions;
mod registration;

use crate::Kind;
use crate::compact::{self, Compact, Reader};
use crate::fields::{Fields, Outgoing};
use serde::de::SeqAccess;

pub use crate::fields::{Bin as Bytes, Named as NamedValues};
pub use calls::*;
pub use handshake::*;
pub use jobs::*;
pub use questions::*;
pub use registration::*;

/// `role` of a worker in HELLO.
pub const ROLE_WORKER: &str = "worker";
/// `role` of a client in HELLO.
pub const ROLE_CLIENT: &str = "client";
/// `code` of BYE and REJECT from a master that ends: normal life, and another may come in its place.
pub const CODE_CLOSING: &str = "closing";

/// Flag of a job: never dispatch it a second time.
pub const FLAG_ONCE: u64 = 1;
/// In the flags of a call: its timeout counts from when a worker is given the job.
pub const FLAG_FROM_DISPATCH: u64 = 2;

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

macro_rules! messages {
    ($($name:ident $(<$life:lifetime>)?,)*) => {
        /// A message: its header's fields. The payload frames travel beside it.
        #[derive(Clone, Debug, PartialEq)]
        pub enum Message<'a> { $(#[doc = concat!("See [`", stringify!($name), "`].")] $name($name $(<$life>)?),)* }

        impl<'a> Message<'a> {
            /// What it is.
            pub fn kind(&self) -> Kind {
                match self { $(Message::$name(_) => Kind::$name,)* }
            }

            /// Appends the header frame to `buffer`. The payload frames follow it on the wire.
            pub fn encode_into(&self, buffer: &mut Vec<u8>) {
                match self {
                    $(Message::$name(fields) if Kind::$name.is_of_every_job() => {
                        compact::put_message(buffer, Kind::$name, fields);
                    })*
                    $(Message::$name(fields) => {
                        let written = rmp_serde::encode::write(buffer, &Outgoing(Kind::$name, fields));
                        // Writing to a Vec cannot fail, and every length is given beforehand.
                        written.expect("a header can always be written to memory");
                    })*
                }
            }

            /// Reads a message of every job that is as this version writes it.
            pub(crate) fn take(reader: &mut Reader<'a>) -> Option<Message<'a>> {
                let length = reader.array_length()?;
                let kind = Kind::from_number(u64::take(reader)?).filter(|kind| kind.is_of_every_job())?;
                let message = match kind {
                    $(Kind::$name => compact::take_message(reader, length).map(Message::$name)?,)*
                };
                reader.is_at_end().then_some(message)
            }

            pub(crate) fn read<A: SeqAccess<'a>>(kind: Kind, seq: &mut A) -> Result<Message<'a>, A::Error> {
                Ok(match kind { $(Kind::$name => Message::$name($name::read(seq)?),)* })
            }
        }

        $(impl<'a> From<$name $(<$life>)?> for Message<'a> {
            fn from(fields: $name $(<$life>)?) -> Message<'a> {
                Message::$name(fields)
            }
        })*
    };
}

messages! {
    Hello<'a>, Challenge<'a>, Proof<'a>, Welcome<'a>, Heartbeat, Unknown, Bye<'a>, Reject<'a>,
    Register<'a>, Registered<'a>, Jobs<'a>, Replies<'a>, Cancel, Recall, Quiet, Quieted, Resume,
    Execute<'a>, Outcomes<'a>, Abandon, Status<'a>, State<'a>, Control<'a>, Controlled,
}

impl Message<'_> {
    /// The header frame.
    pub fn encode(&self) -> Vec<u8> {
        let mut buffer = Vec::with_capacity(64);
        self.encode_into(&mut buffer);
        buffer
    }

    /// The session it belongs to; none in the messages of a handshake, UNKNOWN and REJECT.
    pub fn session(&self) -> Option<u64> {
        Some(match self {
            Message::Hello(_)
            | Message::Challenge(_)
            | Message::Proof(_)
            | Message::Unknown(_)
            | Message::Reject(_) => return None,
            Message::Welcome(welcome) => welcome.session,
            Message::Heartbeat(heartbeat) => heartbeat.session,
            Message::Bye(bye) => bye.session,
            Message::Register(register) => register.session,
            Message::Registered(registered) => registered.session,
            Message::Jobs(jobs) => jobs.session,
            Message::Replies(replies) => replies.session,
            Message::Cancel(cancel) => cancel.session,
            Message::Recall(recall) => recall.session,
            Message::Quiet(quiet) => quiet.session,
            Message::Quieted(quieted) => quieted.session,
            Message::Resume(resume) => resume.session,
            Message::Execute(execute) => execute.session,
            Message::Outcomes(outcomes) => outcomes.session,
            Message::Abandon(abandon) => abandon.session,
            Message::Status(status) => status.session,
            Message::State(state) => state.session,
            Message::Control(control) => control.session,
            Message::Controlled(controlled) => controlled.session,
        })
    }

    /// How many payload frames follow the header.
    pub fn payload_frames(&self) -> usize {
        match self {
            Message::Jobs(jobs) => jobs.jobs.len(),
            Message::Replies(replies) => replies.replies.len(),
            Message::Execute(execute) => execute.calls.len(),
            Message::Outcomes(outcomes) => outcomes.outcomes.len(),
            _ => 0,
        }
    }
}
