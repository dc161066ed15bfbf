//! Jobs on their way to a worker and back, and all that can be said of them meanwhile.

use super::wire::*;
use crate::fields::{MessageHeaders, read_as_itself};
use crate::{JobId, Kind};

wire_struct! {
    /// One job of a JOBS message.
    JobEntry<'a> {
        /// The job.
        job: JobId,
        /// Which dispatch of it this is, from 1.
        attempt: u64,
        /// The pool.
        pool: &'a str,
        /// Milliseconds until its caller gives up.
        remaining_ms: u64,
        /// [`FLAG_ONCE`](crate::FLAG_ONCE).
        flags: u64,
        /// The caller's headers.
        headers: MessageHeaders<'a>,
    }
}

wire_struct! {
    /// Jobs for a worker, in the order in which it shall run them. One payload frame each.
    Jobs<'a> {
        /// The session.
        session: u64,
        /// The master's own clock, in milliseconds since its start: tells how long the message lay in buffers.
        sent_ms: u64,
        /// The jobs.
        jobs: Vec<JobEntry<'a>>,
    }
}

/// The header frame of a JOBS message, its entries written one after the other as they are made: no list of them is
/// needed.
pub fn encode_jobs<'a>(
    session: u64,
    sent_ms: u64,
    jobs: impl ExactSizeIterator<Item = JobEntry<'a>>,
) -> Vec<u8> {
    let mut buffer = Vec::with_capacity(64 * jobs.len());
    put_array_length(&mut buffer, Jobs::COUNT + 1);
    buffer.push(Kind::Jobs as u8);
    session.put(&mut buffer);
    sent_ms.put(&mut buffer);
    put_array_length(&mut buffer, jobs.len());
    jobs.for_each(|entry| entry.put(&mut buffer));
    buffer
}

wire_struct! {
    /// How one job ended at a worker.
    ReplyEntry<'a> {
        /// The job.
        job: JobId,
        /// The attempt that this answers.
        attempt: u64,
        /// How it ended.
        end: WorkerEnd,
        /// How long the handler ran.
        run_us: u64,
        /// Why it failed, for programs; empty if done.
        code: &'a str,
        /// Why it failed, for people; empty if done.
        text: &'a str,
        /// The handler's headers.
        headers: MessageHeaders<'a>,
    }
}

wire_struct! {
    /// How jobs ended at a worker. One payload frame each, empty unless done.
    Replies<'a> {
        /// The session.
        session: u64,
        /// The replies.
        replies: Vec<ReplyEntry<'a>>,
    }
}

wire_struct! {
    /// One attempt of one job.
    JobAttempt {
        /// The job.
        job: JobId,
        /// Which dispatch of it.
        attempt: u64,
    }
}

wire_struct! {
    /// Nobody waits for these jobs any longer.
    Cancel {
        /// The session.
        session: u64,
        /// The jobs.
        jobs: Vec<JobAttempt>,
    }
}

wire_struct! {
    /// Give these jobs back as `returned` unless they have begun.
    Recall {
        /// The session.
        session: u64,
        /// The jobs.
        jobs: Vec<JobAttempt>,
    }
}

wire_struct! {
    /// From a worker: I want to leave. From the master: no new jobs will come.
    Quiet {
        /// The session.
        session: u64,
    }
}

wire_struct! {
    /// No JOBS follow in this session until RESUME.
    Quieted {
        /// The session.
        session: u64,
    }
}

wire_struct! {
    /// JOBS may follow again.
    Resume {
        /// The session.
        session: u64,
    }
}

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
