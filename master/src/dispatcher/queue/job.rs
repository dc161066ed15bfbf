//! One job, from its acceptance to its end.

use crate::common::{Headers, Repeat};
use crate::dispatcher::clock::Moment;
use crate::dispatcher::company::Company;
use crate::dispatcher::keys::{JobKey, PeerKey, PoolKey};
use crate::timers::TimerKey;
use bytes::Bytes;
use powerhose_protocol::JobId;
use std::num::NonZeroU64;
use std::time::Duration;

pub(crate) struct Job {
    pub(crate) id: JobId,
    /// Who asked.
    pub(crate) client: PeerKey,
    pub(crate) pool: PoolKey,
    pub(crate) payload: Bytes,
    pub(crate) headers: Headers,
    pub(crate) repeat: Repeat,
    pub(crate) accepted: Moment,
    pub(crate) deadline: Moment,
    pub(crate) deadline_timer: TimerKey,
    /// How long a worker has for it, if its deadline is set only when a worker is given it.
    pub(crate) from_dispatch: Option<Duration>,
    pub(crate) attempts_max: u32,
    /// Dispatches so far: the fence on the wire.
    pub(crate) attempt: u32,
    /// Dispatches that came back unrun.
    pub(crate) returned: u32,
    /// Workers that died while this was the first job they had not answered.
    pub(crate) charged: u32,
    /// Whether an earlier attempt may have begun.
    pub(crate) may_have_run: bool,
    pub(crate) last_dispatch: Option<LastDispatch>,
    pub(crate) place: Place,
    /// What is logged of it. Only if somebody listens: it is large.
    pub(crate) span: Option<Box<tracing::Span>>,
}

#[derive(Clone, Copy)]
pub(crate) struct LastDispatch {
    /// The worker's number.
    pub(crate) worker: NonZeroU64,
    pub(crate) at: Moment,
}

/// Where a job is.
pub(crate) enum Place {
    /// In its pool's queue; the links belong to the queue.
    Waiting { lane: Lane, previous: Option<JobKey>, next: Option<JobKey> },
    /// At a worker.
    Dispatched { worker: PeerKey },
    /// Lost with a worker whose exit status is about to be known.
    AwaitsExit { pid: u32, timer: TimerKey },
}

/// Which line of its pool's queue a job stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lane {
    /// Jobs that had been dispatched before go first.
    Again,
    /// The line of the job's own client.
    Client,
}

impl Job {
    pub(crate) fn span(&self) -> &tracing::Span {
        static NONE: tracing::Span = tracing::Span::none();
        self.span.as_deref().unwrap_or(&NONE)
    }

    /// Whether it shares its worker. A job that must not run twice, or that may have killed a worker, goes only to one that
    /// has nothing else, which then gets nothing else.
    pub(crate) fn company(&self) -> Company {
        if self.repeat == Repeat::Never || self.charged > 0 { Company::None } else { Company::Allowed }
    }

    /// What it counts against the bound of waiting bytes.
    pub(crate) fn byte_count(&self) -> usize {
        self.payload.len() + self.headers.byte_count()
    }

    /// Dispatches less those that came back unrun.
    pub(crate) fn attempts(&self) -> u32 {
        self.attempt - self.returned
    }
}
