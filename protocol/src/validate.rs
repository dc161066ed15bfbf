//! The bounds of every field, checked after reading and before anything takes effect.

use crate::fields::{Bin, MessageHeaders, Named};
use crate::limits::*;
use crate::message::*;
use crate::{DecodeError, Kind};

/// Checks fields of one kind of message; the first violation ends it.
#[derive(Clone, Copy)]
struct Check(Kind);

impl Message<'_> {
    /// Whether every field keeps its bounds.
    pub(crate) fn validate(&self) -> Result<(), DecodeError> {
        let check = Check(self.kind());
        match self {
            Message::Hello(hello) => check.hello(hello),
            Message::Challenge(challenge) => check.nonce("nonce", challenge.nonce),
            Message::Proof(proof) => check.nonce("mac", proof.mac),
            Message::Welcome(welcome) => welcome.mac.map_or(Ok(()), |mac| check.nonce("mac", mac)),
            Message::Bye(bye) => check.code(bye.code).and(check.text(bye.text)),
            Message::Reject(reject) => check.code(reject.code).and(check.text(reject.text)),
            Message::Register(register) => check.register(register),
            Message::Registered(registered) => {
                check.at_most("pools", registered.pools.len(), POOLS_PER_WORKER_MAX)?;
                registered.pools.iter().try_for_each(|terms| check.pool(terms.pool))
            }
            Message::Jobs(jobs) => check.entries(&jobs.jobs, |entry| check.job(entry)),
            Message::Replies(replies) => check.entries(&replies.replies, |entry| {
                check.code(entry.code)?;
                check.text(entry.text)?;
                check.headers(&entry.headers)
            }),
            Message::Cancel(cancel) => check.entries(&cancel.jobs, |_| Ok(())),
            Message::Recall(recall) => check.entries(&recall.jobs, |_| Ok(())),
            Message::Execute(execute) => check.entries(&execute.calls, |entry| check.call(entry)),
            Message::Outcomes(outcomes) => check.entries(&outcomes.outcomes, |entry| {
                check.code(entry.code)?;
                check.text(entry.text)?;
                check.headers(&entry.headers)
            }),
            Message::Abandon(abandon) => check.entries(&abandon.calls, |_| Ok(())),
            Message::Status(status) => check.word("query", status.query),
            Message::State(state) => check.word("query", state.query),
            Message::Control(control) => {
                check.word("verb", control.verb)?;
                check.word("selector", control.selector)?;
                check.duration("within_ms", control.within_ms)
            }
            Message::Heartbeat(_)
            | Message::Unknown(_)
            | Message::Quiet(_)
            | Message::Quieted(_)
            | Message::Resume(_)
            | Message::Controlled(_) => Ok(()),
        }
    }
}

impl Check {
    fn at_most(self, what: &'static str, found: usize, max: usize) -> Result<(), DecodeError> {
        if found > max {
            return Err(DecodeError::OverLimit { kind: self.0, what, max: max as u64 });
        }
        Ok(())
    }

    fn bad<T>(self, what: &'static str) -> Result<T, DecodeError> {
        Err(DecodeError::BadValue { kind: self.0, what })
    }

    fn entries<T>(
        self,
        entries: &[T],
        each: impl Fn(&T) -> Result<(), DecodeError>,
    ) -> Result<(), DecodeError> {
        self.at_most("number of entries", entries.len(), ENTRIES_MAX)?;
        if entries.is_empty() {
            return self.bad("a message needs at least one entry");
        }
        entries.iter().try_for_each(each)
    }

    fn word(self, what: &'static str, word: &str) -> Result<(), DecodeError> {
        self.at_most(what, word.len(), WORD_BYTES_MAX)
    }

    fn code(self, code: &str) -> Result<(), DecodeError> {
        self.at_most("code", code.len(), CODE_BYTES_MAX)
    }

    fn text(self, text: &str) -> Result<(), DecodeError> {
        self.at_most("text", text.len(), TEXT_BYTES_MAX)
    }

    fn duration(self, what: &'static str, milliseconds: u64) -> Result<(), DecodeError> {
        self.at_most(what, usize::try_from(milliseconds).unwrap_or(usize::MAX), DURATION_MS_MAX as usize)
    }

    fn nonce(self, what: &'static str, bytes: Bin<'_>) -> Result<(), DecodeError> {
        if bytes.0.len() != NONCE_BYTES {
            return Err(DecodeError::BadValue {
                kind: self.0,
                what: if what == "mac" { "mac must have 32 bytes" } else { "nonce must have 32 bytes" },
            });
        }
        Ok(())
    }

    fn pool(self, pool: &str) -> Result<(), DecodeError> {
        if !is_pool_name(pool) {
            return self.bad("a pool's name is 1 to 64 of the characters a-z A-Z 0-9 . _ -");
        }
        Ok(())
    }

    fn headers(self, headers: &MessageHeaders<'_>) -> Result<(), DecodeError> {
        self.at_most("number of headers", headers.0.len(), HEADERS_MAX)?;
        let mut bytes = 0;
        for (place, (name, value)) in headers.0.iter().enumerate() {
            self.at_most("a header's name", name.len(), HEADER_NAME_BYTES_MAX)?;
            bytes += name.len() + value.0.len();
            if headers.0[..place].iter().any(|(earlier, _)| earlier == name) {
                return self.bad("a header may stand once only");
            }
        }
        self.at_most("bytes of headers", bytes, HEADERS_BYTES_MAX)
    }

    fn labels(self, labels: &Named<'_, &str>) -> Result<(), DecodeError> {
        self.at_most("number of labels", labels.0.len(), LABELS_MAX)?;
        let bytes = labels.0.iter().map(|(name, value)| name.len() + value.len()).sum();
        self.at_most("bytes of labels", bytes, LABELS_BYTES_MAX)
    }

    fn hello(self, hello: &Hello<'_>) -> Result<(), DecodeError> {
        if hello.magic != crate::MAGIC {
            return self.bad("the second element must be \"powerhose\"");
        }
        if hello.version_min > hello.version_max {
            return self.bad("version_min is above version_max");
        }
        self.word("role", hello.role)?;
        self.word("software", hello.software)?;
        hello.nonce.map_or(Ok(()), |nonce| self.nonce("nonce", nonce))
    }

    fn register(self, register: &Register<'_>) -> Result<(), DecodeError> {
        self.word("host", register.host)?;
        self.word("instance", register.instance)?;
        self.labels(&register.labels)?;
        self.at_most("number of pools", register.pools.len(), POOLS_PER_WORKER_MAX)?;
        if register.pools.is_empty() {
            return self.bad("a worker offers at least one pool");
        }
        for (place, offer) in register.pools.iter().enumerate() {
            self.pool(offer.pool)?;
            if !(1..=CREDIT_MAX).contains(&offer.credit_max) {
                return self.bad("credit_max is a number from 1 to 1024");
            }
            if register.pools[..place].iter().any(|earlier| earlier.pool == offer.pool) {
                return self.bad("a pool may be offered once only");
            }
        }
        Ok(())
    }

    fn job(self, entry: &JobEntry<'_>) -> Result<(), DecodeError> {
        self.pool(entry.pool)?;
        self.duration("remaining_ms", entry.remaining_ms)?;
        if entry.attempt == 0 {
            return self.bad("attempts count from 1");
        }
        self.headers(&entry.headers)
    }

    fn call(self, entry: &CallEntry<'_>) -> Result<(), DecodeError> {
        self.pool(entry.pool)?;
        if entry.call == 0 || entry.call > crate::CALL_MAX {
            return self.bad("a call is a number from 1 to 2^40 - 1");
        }
        if entry.timeout_ms == 0 {
            return self.bad("timeout_ms is at least 1");
        }
        self.duration("timeout_ms", entry.timeout_ms)?;
        if entry.attempts_max == Some(0) {
            return self.bad("attempts_max is at least 1");
        }
        self.headers(&entry.headers)
    }
}
