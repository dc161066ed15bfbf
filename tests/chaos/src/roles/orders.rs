//! Standard input as orders.

use crate::told::Order;
use std::io;

/// The orders, until the process that gives them is gone.
pub(super) fn orders() -> impl Iterator<Item = Order> {
    io::stdin().lines().map_while(Result::ok).filter_map(|line| serde_json::from_str(&line).ok())
}
