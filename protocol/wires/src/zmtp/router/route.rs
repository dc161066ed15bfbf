//! Where a router has the connection of a route.

use crate::Route;
use slotmap::{Key, KeyData, new_key_type};

new_key_type! {
    /// Where a router has a connection. A slot that is used again has another key.
    pub(super) struct Slot;
}

/// The connection of a route, if it is still there.
pub(super) fn slot(route: Route) -> Slot {
    KeyData::from_ffi(route.number).into()
}

/// The route of a connection. Routers that stand side by side say which they are.
pub(super) fn route(slot: Slot) -> Route {
    Route::new(0, token(slot))
}

/// What the poller knows a connection by.
pub(super) fn token(slot: Slot) -> u64 {
    slot.data().as_ffi()
}
