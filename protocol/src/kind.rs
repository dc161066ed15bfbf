//! The kinds of message: the first element of every header.

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $number:literal $word:literal,)*) => {
        /// What a message is. The number is the first element of its header.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum Kind { $($(#[$doc])* $name = $number,)* }

        impl Kind {
            /// Every kind, in the order of the numbers.
            pub const ALL: &'static [Kind] = &[$(Kind::$name,)*];

            /// The kind with this number, if there is one.
            pub fn from_number(number: u64) -> Option<Kind> {
                match number { $($number => Some(Kind::$name),)* _ => None }
            }

            /// The word the specification has for it, in capitals.
            pub fn word(self) -> &'static str {
                match self { $(Kind::$name => $word,)* }
            }
        }
    };
}

kinds! {
    /// A peer introduces itself. Frozen for ever.
    Hello = 1 "HELLO",
    /// The master asks for a proof of a shared key.
    Challenge = 2 "CHALLENGE",
    /// The proof.
    Proof = 3 "PROOF",
    /// The master opens a session.
    Welcome = 4 "WELCOME",
    /// The sender and its connection live.
    Heartbeat = 5 "HEARTBEAT",
    /// The master knows no such session: forget everything, HELLO again.
    Unknown = 6 "UNKNOWN",
    /// The sender leaves, or ends the session.
    Bye = 7 "BYE",
    /// The master refused a message.
    Reject = 8 "REJECT",
    /// A worker offers pools.
    Register = 10 "REGISTER",
    /// The master accepted them.
    Registered = 11 "REGISTERED",
    /// Jobs for a worker.
    Jobs = 12 "JOBS",
    /// How jobs ended at a worker.
    Replies = 13 "REPLIES",
    /// Nobody waits for these jobs any longer.
    Cancel = 14 "CANCEL",
    /// Give these jobs back unless they have begun.
    Recall = 15 "RECALL",
    /// From a worker: I want to leave. From the master: expect no more jobs.
    Quiet = 16 "QUIET",
    /// No JOBS follow.
    Quieted = 17 "QUIETED",
    /// Jobs follow again.
    Resume = 18 "RESUME",
    /// A client's jobs.
    Execute = 20 "EXECUTE",
    /// How a client's jobs ended.
    Outcomes = 21 "OUTCOMES",
    /// A client no longer waits for these calls.
    Abandon = 22 "ABANDON",
    /// A question about the master's state.
    Status = 30 "STATUS",
    /// The answer.
    State = 31 "STATE",
    /// An order to the master.
    Control = 32 "CONTROL",
    /// How far it has come.
    Controlled = 33 "CONTROLLED",
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.word())
    }
}

impl Kind {
    /// Whether it carries jobs or their ends.
    pub(crate) fn is_of_every_job(self) -> bool {
        matches!(self, Kind::Jobs | Kind::Replies | Kind::Execute | Kind::Outcomes)
    }
}
