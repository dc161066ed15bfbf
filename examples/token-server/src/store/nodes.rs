//! The table of nodes: reading it, and giving one of them a user.

use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

use super::database::query;
use super::error::StoreError;
use super::place::{Node, NodeState, place};

/// All nodes of a service, the oldest first.
pub(super) async fn all(connection: &mut AnyConnection, service: i64) -> Result<Vec<Node>, StoreError> {
    let rows = query!(
        "SELECT id, node, available, current_load, capacity, downed, backoff FROM nodes
         WHERE service = $1 ORDER BY id",
        service
    )
    .fetch_all(connection)
    .await?;
    rows.iter().map(node).collect()
}

fn node(row: &AnyRow) -> Result<Node, StoreError> {
    let (downed, backoff): (i64, i64) = (row.try_get(5)?, row.try_get(6)?);
    Ok(Node {
        id: row.try_get(0)?,
        node: row.try_get(1)?,
        available: row.try_get(2)?,
        current_load: row.try_get(3)?,
        capacity: row.try_get(4)?,
        state: match (downed, backoff) {
            (0, 0) => NodeState::Up,
            (0, _) => NodeState::Backoff,
            (_, _) => NodeState::Downed,
        },
    })
}

/// Gives the best node one more user. None if all are full or out of service; what was refilled stays so even then.
///
/// The caller holds the lock of the service's nodes.
pub(super) async fn take(connection: &mut AnyConnection, service: i64) -> Result<Option<Node>, StoreError> {
    let placement = place(all(connection, service).await?);
    for (id, available) in &placement.refilled {
        query!("UPDATE nodes SET available = $1 WHERE id = $2", *available, *id)
            .execute(&mut *connection)
            .await?;
    }
    if let Some(node) = &placement.chosen {
        query!(
            "UPDATE nodes SET current_load = current_load + 1, available = $1 WHERE id = $2",
            (node.available - 1).max(0),
            node.id
        )
        .execute(connection)
        .await?;
    }
    Ok(placement.chosen)
}

/// Adds a node; its number is given by the database.
pub(super) async fn add(
    connection: &mut AnyConnection,
    service: i64,
    node: &Node,
) -> Result<(), sqlx::Error> {
    let (downed, backoff) = columns(node.state);
    query!(
        "INSERT INTO nodes (service, node, available, current_load, capacity, downed, backoff)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        service,
        &*node.node,
        node.available,
        node.current_load,
        node.capacity,
        downed,
        backoff
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Writes all of a node that can change. The caller holds the lock of the service's nodes.
pub(super) async fn save(connection: &mut AnyConnection, node: &Node) -> Result<(), StoreError> {
    let (downed, backoff) = columns(node.state);
    query!("UPDATE nodes SET available = $1, current_load = $2, capacity = $3, downed = $4, backoff = $5 WHERE id = $6", node.available, node.current_load, node.capacity, downed, backoff, node.id)
    .execute(connection)
    .await?;
    Ok(())
}

fn columns(state: NodeState) -> (i64, i64) {
    match state {
        NodeState::Up => (0, 0),
        NodeState::Backoff => (0, 1),
        NodeState::Downed => (1, 0),
    }
}
