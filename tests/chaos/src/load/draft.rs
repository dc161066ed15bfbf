//! A job as it is drawn: what it does, for whom it is, and how its caller waits for it.

use crate::work::{Act, HEADER, Instruction, MIXED, QUICK, ROUGH, size};
use bytes::Bytes;
use powerhose::Job;
use powerhose_harness::Draws;
use std::fmt;
use std::time::Duration;

/// A job to be submitted.
pub(super) struct Draft {
    pub(super) key: u64,
    pub(super) act: Act,
    pub(super) pool: &'static str,
    pub(super) payload: Bytes,
    pub(super) timeout: Duration,
    pub(super) once: bool,
    pub(super) manner: Manner,
}

/// How its caller waits.
#[derive(Clone, Copy, Debug)]
pub(super) enum Manner {
    /// Blocked.
    Block,
    /// As a future.
    Poll,
    /// Takes the job back after this time.
    Cancel(Duration),
    /// Drops the handle after this time.
    Drop(Duration),
}

const TIMEOUT: Duration = Duration::from_secs(5);
/// Of a job whose handler hangs: its worker ends a grace later.
const TIMEOUT_OF_POISON: Duration = Duration::from_millis(500);

impl Draft {
    pub(super) fn draw(key: u64, random: &mut Draws) -> Draft {
        let quick = random.below(10) < 6;
        let (pool, microseconds) =
            if quick { (QUICK, random.between(0, 300)) } else { (MIXED, random.between(0, 15_000)) };
        let mut draft = Draft {
            key,
            act: Act::Compute(microseconds as u32),
            pool,
            payload: payload(random),
            timeout: TIMEOUT,
            once: false,
            manner: if random.below(2) == 0 { Manner::Block } else { Manner::Poll },
        };
        match random.below(100) {
            0..8 => draft.once = true,
            8..18 => draft.hurry(random),
            18..23 => draft.manner = Manner::Cancel(random.millis(0, 15)),
            23..26 => draft.manner = Manner::Drop(random.millis(0, 15)),
            26..29 => draft.act = Act::Fail,
            _ => {}
        }
        draft
    }

    /// A timeout that some jobs do not reach and some do.
    fn hurry(&mut self, random: &mut Draws) {
        self.timeout = random.millis(1, 40);
        self.pool = MIXED;
        self.act = Act::Compute(random.between(0, 40_000) as u32);
    }

    pub(super) fn poison(key: u64, act: Act, random: &mut Draws) -> Draft {
        let timeout = if act == Act::Hang { TIMEOUT_OF_POISON } else { TIMEOUT };
        let manner = if random.below(2) == 0 { Manner::Block } else { Manner::Poll };
        let once = random.below(4) == 0;
        Draft { key, act, pool: ROUGH, payload: payload(random), timeout, once, manner }
    }

    pub(super) fn job(&self) -> Job {
        let instruction = Instruction { key: self.key, act: self.act };
        let job = Job::new(self.payload.clone()).pool(self.pool).timeout(self.timeout);
        let job = job.header(HEADER, instruction.to_bytes());
        if self.once { job.once() } else { job }
    }
}

impl fmt::Display for Draft {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Draft { key, act, pool, once, manner, timeout, .. } = self;
        let once = if *once { ", once" } else { "" };
        write!(f, "job {key:x} ({act:?} in {pool}, {manner:?}, {} ms{once})", timeout.as_millis())
    }
}

fn payload(random: &mut Draws) -> Bytes {
    let count = size(random);
    random.bytes(count).into()
}
