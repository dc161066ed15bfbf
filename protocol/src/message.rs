//! Every message, as a struct whose fields stand in the order of the wire.
//!
//! All of them borrow: to send, from whoever has the strings; to read, from the header frame. Durations are
//! milliseconds (`_ms`) or microseconds (`_us`) that remain or passed, never wall-clock times.

use crate::codec::{
    Bin, EntryVisitor, Field, Fields, MessageHeaders, Named, Outgoing, WriteFields, wire_struct,
};
use crate::compact::{self, Compact, CompactFields, Reader, put_array_length};
use crate::{JobId, Kind, Value};
use serde::de::{self, Deserialize, Deserializer, SeqAccess};
use serde::ser::{Serialize, SerializeSeq, Serializer};
use std::marker::PhantomData;

pub use crate::codec::{Bin as Bytes, Named as NamedValues};

/// `role` of a worker in HELLO.
pub const ROLE_WORKER: &str = "worker";
/// `role` of a client in HELLO.
pub const ROLE_CLIENT: &str = "client";
/// `code` of BYE and REJECT from a master that ends: normal life, and another may come in its place.
pub const CODE_CLOSING: &str = "closing";

/// Flag of a job: never dispatch it a second time.
pub const FLAG_ONCE: u64 = 1;

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

wire_struct! {
    /// A peer introduces itself. This form is frozen for ever.
    Hello<'a> {
        /// [`MAGIC`](crate::MAGIC).
        magic: &'a str,
        /// The first version it speaks.
        version_min: u64,
        /// The last version it speaks.
        version_max: u64,
        /// [`ROLE_WORKER`] or [`ROLE_CLIENT`].
        role: &'a str,
        /// Name and version of its software, for logs.
        software: &'a str,
        /// 32 random bytes if it wants to authenticate.
        nonce: Option<Bin<'a>>,
    }
}

wire_struct! {
    /// The master asks for the proof of a shared key.
    Challenge<'a> {
        /// The version chosen.
        version: u64,
        /// This run of this master.
        epoch: u64,
        /// 32 random bytes.
        nonce: Bin<'a>,
    }
}

wire_struct! {
    /// The proof: a MAC over HELLO and CHALLENGE.
    Proof<'a> {
        /// 32 bytes.
        mac: Bin<'a>,
    }
}

wire_struct! {
    /// The master opens a session.
    Welcome<'a> {
        /// The version chosen.
        version: u64,
        /// This run of this master.
        epoch: u64,
        /// This session; in every later message.
        session: u64,
        /// The peer's number: the worker's id, or the high bits of the ids of a client's jobs.
        peer: u64,
        /// The master's own proof, if the peer asked for one.
        mac: Option<Bin<'a>>,
        /// Bounds by name: `payload_bytes_max`, `batch_jobs_max`, `batch_bytes_max`.
        limits: Named<'a, u64>,
        /// Milliseconds by name: `heartbeat_ms`, `silence_ms`.
        intervals: Named<'a, u64>,
        /// The master's process id.
        pid: u64,
        /// The master's own clock, in milliseconds since its start.
        sent_ms: u64,
    }
}

wire_struct! {
    /// The sender and its connection live. Says nothing of any job.
    Heartbeat {
        /// The session.
        session: u64,
        /// Counts the sender's heartbeats from 1.
        sequence: u64,
        /// The last sequence that the sender has received from the other.
        acknowledged: u64,
        /// The sender's own clock, in milliseconds since its start.
        sent_ms: u64,
    }
}

wire_struct! {
    /// The master knows no such session.
    Unknown {
        /// This run of this master.
        epoch: u64,
    }
}

wire_struct! {
    /// The sender leaves, or ends the session.
    Bye<'a> {
        /// The session.
        session: u64,
        /// Why, for programs.
        code: &'a str,
        /// Why, for people.
        text: &'a str,
    }
}

wire_struct! {
    /// The master refused a message; nothing of it took effect.
    Reject<'a> {
        /// Number of the kind that was refused; 0 if it could not be read.
        kind: u64,
        /// What in it: a call, an id of CONTROL.
        reference: Option<u64>,
        /// Why, for programs.
        code: &'a str,
        /// Why, for people.
        text: &'a str,
        /// When to try again, if that can help.
        retry_after_ms: Option<u64>,
    }
}

wire_struct! {
    /// One pool that a worker offers.
    PoolOffer<'a> {
        /// The pool.
        pool: &'a str,
        /// How many of its jobs the worker takes at once: 1 to [`CREDIT_MAX`](crate::limits::CREDIT_MAX).
        credit_max: u64,
    }
}

wire_struct! {
    /// A worker offers pools. A second REGISTER replaces them.
    Register<'a> {
        /// The session.
        session: u64,
        /// What it offers.
        pools: Vec<PoolOffer<'a>>,
        /// Its process id on its host.
        pid: u64,
        /// Its host's name.
        host: &'a str,
        /// Random, new at every start of the process: pids are used again, and collide across hosts.
        instance: &'a str,
        /// Whether it sends HEARTBEAT and reads messages while a handler runs.
        attentive: bool,
        /// Whatever its operator wants to see beside it.
        labels: Named<'a, &'a str>,
    }
}

wire_struct! {
    /// What holds in one pool.
    PoolTerms<'a> {
        /// The pool.
        pool: &'a str,
        /// By name: `overrun_grace_ms`.
        settings: Named<'a, u64>,
    }
}

wire_struct! {
    /// The master accepted a REGISTER.
    Registered<'a> {
        /// The session.
        session: u64,
        /// The worker's id: its peer number.
        worker: u64,
        /// Its pools.
        pools: Vec<PoolTerms<'a>>,
    }
}

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
        /// [`FLAG_ONCE`].
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

wire_struct! {
    /// One job of an EXECUTE message.
    CallEntry<'a> {
        /// The client's number for it: from 1, and never used before in this session.
        call: u64,
        /// The pool.
        pool: &'a str,
        /// Milliseconds until the caller gives up: 1 to [`DURATION_MS_MAX`](crate::limits::DURATION_MS_MAX).
        timeout_ms: u64,
        /// [`FLAG_ONCE`].
        flags: u64,
        /// How often it may be charged for the death of a worker; the master's default if nil.
        attempts_max: Option<u64>,
        /// For the worker.
        headers: MessageHeaders<'a>,
    }
}

wire_struct! {
    /// A client's jobs. One payload frame each.
    Execute<'a> {
        /// The session.
        session: u64,
        /// The jobs.
        calls: Vec<CallEntry<'a>>,
    }
}

wire_struct! {
    /// How one call ended.
    OutcomeEntry<'a> {
        /// The client's number.
        call: u64,
        /// How it ended.
        end: JobEnd,
        /// Whether a worker may have begun it.
        may_have_run: bool,
        /// How often it was dispatched, less the times it came back unrun.
        attempts: u64,
        /// The worker that answered or died, if one had it.
        worker: Option<u64>,
        /// Microseconds it waited at the master.
        wait_us: u64,
        /// Microseconds the handler ran.
        run_us: u64,
        /// Failed: the handler's code. Lost and rejected: the cause. Else empty.
        code: &'a str,
        /// For people.
        text: &'a str,
        /// Lost with `exit` or `signal`: the number. Rejected: milliseconds after which a retry may help, or the bound.
        detail: Option<u64>,
        /// The handler's headers.
        headers: MessageHeaders<'a>,
    }
}

wire_struct! {
    /// How calls ended. One payload frame each, empty unless done.
    Outcomes<'a> {
        /// The session.
        session: u64,
        /// The outcomes.
        outcomes: Vec<OutcomeEntry<'a>>,
    }
}

wire_struct! {
    /// A client no longer waits for these calls; no OUTCOMES for them will be read.
    Abandon {
        /// The session.
        session: u64,
        /// The calls.
        calls: Vec<u64>,
    }
}

wire_struct! {
    /// A question about the master's state.
    Status<'a> {
        /// The session.
        session: u64,
        /// `master`, `workers` or `pools`.
        query: &'a str,
    }
}

wire_struct! {
    /// The answer to a STATUS.
    State<'a> {
        /// The session.
        session: u64,
        /// The question.
        query: &'a str,
        /// The answer, a map.
        state: Value,
    }
}

wire_struct! {
    /// An order to the master.
    Control<'a> {
        /// The session.
        session: u64,
        /// The sender's number for it.
        id: u64,
        /// `quiet`, `resume`, `drain` or `stop`.
        verb: &'a str,
        /// Whom: `all`, `pool:NAME`, or a worker's id.
        selector: &'a str,
        /// How long it may take.
        within_ms: u64,
    }
}

wire_struct! {
    /// How far a CONTROL has come.
    Controlled {
        /// The session.
        session: u64,
        /// The number of the CONTROL.
        id: u64,
        /// What is done and what is left, a map.
        progress: Value,
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
