//! The atomics that rings are made of. The test of their orderings (`tests/orderings.rs`) takes others, under which it can try every
//! order.

pub(crate) use std::sync::atomic::{AtomicU64, Ordering, fence};
