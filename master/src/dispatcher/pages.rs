//! Answers to STATUS that list something, a page at a time.
//!
//! A query asks for the first page (`workers`) or for what comes behind a place (`workers:25`). A page holds as many rows
//! as keep its bounds, at least one, and tells where the next one begins. Rows stand in the order of what never changes
//! (ids, names), so that what comes or goes meanwhile hides nothing else.

use super::Dispatcher;
use super::status::bounds;
use powerhose_protocol::limits::{PAGE_BYTES_MAX, PAGE_VALUES_MAX};
use powerhose_protocol::{Value, Weight};

/// A list that a STATE tells, as far as its bounds allow.
struct Page {
    name: &'static str,
    rows: Vec<Value>,
    weight: Weight,
    next: Option<String>,
}

impl Page {
    /// Of these rows, each with what its place is called. A row is made only if it may still fit.
    fn fill<P: ToString>(name: &'static str, rows: impl Iterator<Item = (P, Value)>) -> Page {
        let mut page = Page { name, rows: Vec::new(), weight: Weight::default(), next: None };
        let mut last = None;
        for (place, row) in rows {
            let weight = page.weight.plus(row.weight());
            let is_full = weight.bytes > PAGE_BYTES_MAX || weight.values > PAGE_VALUES_MAX;
            if let Some(last) = last.filter(|_| is_full) {
                page.next = Some(format!("{name}:{}", P::to_string(&last)));
                break;
            }
            page.weight = weight;
            page.rows.push(row);
            last = Some(place);
        }
        page
    }

    fn into_state<const N: usize>(self, more: [(&str, Value); N]) -> Value {
        let mut entries = vec![(self.name.to_owned(), Value::Array(self.rows))];
        entries.extend(more.into_iter().map(|(name, value)| (name.to_owned(), value)));
        entries.extend(self.next.map(|next| ("next".to_owned(), Value::Text(next))));
        Value::Map(entries)
    }
}

impl Dispatcher {
    /// The workers behind this id.
    pub(super) fn workers_page(&self, after: u64) -> Value {
        let mut keys: Vec<_> = self
            .peers
            .registered()
            .filter(|(_, peer, _)| peer.number > after)
            .map(|(key, peer, _)| (peer.number, key))
            .collect();
        keys.sort_unstable_by_key(|(number, _)| *number);
        let rows = keys.into_iter().filter_map(|(number, key)| {
            let (peer, worker) = (&self.peers[key], self.peers[key].worker()?);
            Some((number, self.worker_info(peer, worker).to_value()))
        });
        Page::fill("workers", rows).into_state([])
    }

    /// The pools behind this name.
    pub(super) fn pools_page(&self, after: &str) -> Value {
        let pools = self.pools.iter().map(|(_, pool)| pool);
        let mut pools: Vec<_> = pools.filter(|pool| &*pool.name > after).collect();
        pools.sort_unstable_by(|one, other| one.name.cmp(&other.name));
        let rows = pools.into_iter().map(|pool| (&*pool.name, self.pool_stats(pool).to_value()));
        Page::fill("pools", rows).into_state([bounds()])
    }
}
