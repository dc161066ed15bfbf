//! What carries a job from its caller to the master and its end back: the loop of the master (`embedded`) or of a client
//! (`remote`), who runs it and for how long (`turning`, `turns`, `spin`, `look_again`, `hand_in`), the way to it (`link`), and where an end is put (`slot`).

pub(super) mod changes;
#[cfg(feature = "master")]
pub(super) mod embedded;
#[cfg(feature = "master")]
mod farewell;
mod forks;
mod hand_in;
pub(super) mod link;
mod look_again;
#[cfg(feature = "client")]
pub(super) mod remote;
pub(super) mod slot;
pub(super) mod spin;
pub(super) mod starting;
pub(super) mod turning;
pub(super) mod turns;
