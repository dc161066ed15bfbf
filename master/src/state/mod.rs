//! What a master tells of itself, as the maps of a STATE: how they are written, and how they are read again at the other
//! end, so that both are in one place.

mod pages;
mod stats;
mod told;
mod workers;

pub(crate) use pages::{pools_page, workers_page};
pub(crate) use stats::master;

use powerhose_protocol::Value;

/// A map with these entries.
pub(crate) fn map<const N: usize>(entries: [(&str, Value); N]) -> Value {
    Value::Map(entries.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

/// More entries of a map.
fn extend<'n>(map: &mut Value, more: impl IntoIterator<Item = (&'n str, Value)>) {
    if let Value::Map(entries) = map {
        entries.extend(more.into_iter().map(|(name, value)| (name.to_owned(), value)));
    }
}
