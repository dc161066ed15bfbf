//! The table of users: what is read and written for one of them.

use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

use super::database::query;
use super::decide::{NewRecord, Record};
use super::error::StoreError;

/// A user's newest records, by address and service. Older ones no longer forbid their client state.
pub(super) const NEWEST: &str =
    "SELECT uid, nodeid, nodes.node, generation, keys_changed_at, client_state, created_at, replaced_at
     FROM users LEFT OUTER JOIN nodes ON users.nodeid = nodes.id
     WHERE email = $1 AND users.service = $2
     ORDER BY created_at DESC, uid DESC LIMIT 20";

/// The user's newest records.
pub(super) async fn newest(
    connection: &mut AnyConnection,
    service: i64,
    email: &str,
) -> Result<Vec<Record>, StoreError> {
    let rows = query!(NEWEST, email, service).fetch_all(connection).await?;
    rows.iter().map(record).collect()
}

fn record(row: &AnyRow) -> Result<Record, StoreError> {
    Ok(Record {
        uid: row.try_get(0)?,
        node_id: row.try_get(1)?,
        node: row.try_get(2)?,
        generation: row.try_get(3)?,
        keys_changed_at: row.try_get::<Option<i64>, _>(4)?.unwrap_or(0),
        client_state: row.try_get(5)?,
        created_at: row.try_get(6)?,
        replaced_at: row.try_get(7)?,
    })
}

/// Moves the numbers of a user's record on.
pub(super) async fn update(connection: &mut AnyConnection, record: &Record) -> Result<(), StoreError> {
    query!(
        "UPDATE users SET generation = $1, keys_changed_at = $2 WHERE uid = $3",
        record.generation,
        record.keys_changed_at,
        record.uid
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Makes a record on this node, which takes the place of all that the user had.
pub(super) async fn create(
    connection: &mut AnyConnection,
    (service, email): (i64, &str),
    record: NewRecord,
    (node_id, node): (i64, String),
    now: i64,
) -> Result<Record, StoreError> {
    // The same instant in both tells that this record is the heir: it keeps the user's place in the load of a node
    // that they share.
    let created_at = now.max(record.created_at_min);
    query!(
        "UPDATE users SET replaced_at = $1 WHERE service = $2 AND email = $3 AND replaced_at IS NULL",
        created_at,
        service,
        email
    )
    .execute(&mut *connection)
    .await?;
    let row = query!(
        "INSERT INTO users (service, email, nodeid, generation, keys_changed_at, client_state, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING uid",
        service,
        email,
        node_id,
        record.generation,
        record.keys_changed_at,
        &*record.client_state,
        created_at
    )
    .fetch_one(connection)
    .await?;
    Ok(Record {
        uid: row.try_get(0)?,
        node_id,
        node: Some(node),
        generation: record.generation,
        keys_changed_at: record.keys_changed_at,
        client_state: record.client_state,
        created_at,
        replaced_at: None,
    })
}
