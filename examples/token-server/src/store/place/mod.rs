//! Which node a new record goes to: nodes in, a placement out. Pure, so both databases have the same order.
//!
//! `capacity` is the bound, `available` the pace: a node with nothing available is not full, and gets more when no node
//! has anything left.

use std::cmp::Ordering;

use clap::ValueEnum;
use serde::Serialize;

/// A row of `nodes`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Node {
    /// Its number.
    #[serde(skip)]
    pub id: i64,
    /// Its URL.
    pub node: String,
    /// How many users it takes before it waits for the others.
    pub available: i64,
    /// How many users it has.
    pub current_load: i64,
    /// How many users it may have.
    pub capacity: i64,
    /// Whether it takes new users.
    pub state: NodeState,
}

/// Whether a node takes new users. Those that it has stay on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum NodeState {
    /// It takes new users
    Up,
    /// Not for a while; its `available` is refilled
    Backoff,
    /// It does not
    Downed,
}

/// What a search for a node comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placement {
    /// The nodes whose `available` was refilled, with what they have now. They keep it though none was found.
    pub refilled: Vec<(i64, i64)>,
    /// The node that gets the record; none if all are full or out of service.
    pub chosen: Option<Node>,
}

/// How often `available` is refilled before the search ends.
const ROUNDS_MAX: usize = 5;

/// Of how many users a node gets one as `available`, at first and at every refill.
const RELEASE_DIVISOR: i64 = 10;

/// What a new node has available: a tenth of its capacity, rounded up.
pub fn released(capacity: i64) -> i64 {
    let capacity = capacity.max(0);
    capacity / RELEASE_DIVISOR + i64::from(capacity % RELEASE_DIVISOR > 0)
}

/// Looks for the least loaded node.
pub fn place(mut nodes: Vec<Node>) -> Placement {
    let mut refilled = Vec::new();
    for _ in 0..ROUNDS_MAX {
        let chosen =
            nodes.iter().filter(|node| is_candidate(node)).min_by(|one, other| order(one, other)).cloned();
        if chosen.is_some() {
            return Placement { refilled, chosen };
        }
        let before = refilled.len();
        for node in nodes.iter_mut().filter(|node| is_refilled(node)) {
            node.available = released(node.capacity).min(node.capacity - node.current_load);
            refilled.push((node.id, node.available));
        }
        if refilled.len() == before {
            break;
        }
    }
    Placement { refilled, chosen: None }
}

fn has_room(node: &Node) -> bool {
    node.capacity > node.current_load
}

fn is_candidate(node: &Node) -> bool {
    node.available > 0 && has_room(node) && node.state == NodeState::Up
}

fn is_refilled(node: &Node) -> bool {
    node.available <= 0 && has_room(node) && node.state != NodeState::Downed
}

/// The least loaded first; of equal ones the oldest.
fn order(one: &Node, other: &Node) -> Ordering {
    load(one).total_cmp(&load(other)).then(one.id.cmp(&other.id))
}

/// The ratio of the logarithms, as production has it; an empty node before all others.
///
/// A node that has room and one user or more has a capacity of 2 or more, so the divisor is never 0.
fn load(node: &Node) -> f64 {
    if node.current_load <= 0 {
        return -1.0;
    }
    (node.current_load as f64).ln() / (node.capacity as f64).ln()
}

#[cfg(test)]
mod tests;
