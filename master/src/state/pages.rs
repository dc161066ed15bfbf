//! Answers to STATUS that list something, a page at a time.
//!
//! A query asks for the first page (`workers`) or for what comes behind a place (`workers:25`). A page holds as many rows
//! as keep its bounds, at least one, and tells where the next one begins. Rows stand in the order of what never changes
//! (ids, names), so that what comes or goes meanwhile hides nothing else.

use super::stats::bounds;
use crate::common::PoolStats;
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
            if let Some(last) = last.as_ref().filter(|_| is_full) {
                page.next = Some(format!("{name}:{}", P::to_string(last)));
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

/// A page of workers: rows with their ids, in the order of these.
pub(crate) fn workers_page(rows: impl Iterator<Item = (u64, Value)>) -> Value {
    Page::fill("workers", rows).into_state([])
}

/// A page of pools, in the order of their names.
pub(crate) fn pools_page(pools: impl Iterator<Item = PoolStats>) -> Value {
    let rows = pools.map(|pool| (pool.name.clone(), pool.to_value()));
    Page::fill("pools", rows).into_state([bounds()])
}
