//! The names of what the dispatcher keeps. A key whose owner is gone names nothing, and never another.

use slotmap::new_key_type;

new_key_type! {
    /// Names one accepted job for as long as it has not ended.
    pub(crate) struct JobKey;

    /// Names one peer from its joining to its end.
    pub(crate) struct PeerKey;

    /// Names one pool.
    pub(crate) struct PoolKey;

    /// Names one worker's membership in one pool.
    pub(crate) struct MemberKey;
}
