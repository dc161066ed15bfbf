//! A steady load of jobs that check themselves: what each is, how its caller waits, and how it may end.

mod caller;
mod canary;
mod draft;
mod lateness;
mod shared;
mod verdict;

pub(crate) use caller::{Caller, Pace};
pub(crate) use canary::Canary;
pub(crate) use shared::Shared;
