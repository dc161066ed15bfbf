//! Records that were replaced long ago go, and with them the places that they hold in the load of their nodes.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;
use sqlx::{AnyConnection, Row};

use super::database::query;
use super::error::StoreError;
use super::{Store, nodes};

/// How many records are purged in one transaction: others wait for it.
const PURGED_AT_ONCE: i64 = 500;

/// A record that is older than the grace time, and was purged or could be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OldRecord {
    /// Its uid.
    pub uid: i64,
    /// The URL of the node that may still have its data; none if the node was removed.
    pub node: Option<String>,
    #[serde(skip)]
    node_id: i64,
    /// How many users its node has less when it goes: 1, or 0 where the record that replaced it on the same node was not
    /// counted again and keeps its place.
    #[serde(skip)]
    freed: i64,
}

impl Store {
    /// The service's records that were replaced longer ago than this, the oldest first.
    ///
    /// # Errors
    /// [`StoreError::UnknownService`].
    pub async fn old_records(
        &self,
        service: &str,
        grace: Duration,
        now: i64,
        records_max: i64,
    ) -> Result<Vec<OldRecord>, StoreError> {
        let service = self.service(service).await?.id;
        old_records(&mut *self.database.read().await?, service, before(grace, now), records_max).await
    }

    /// Removes some hundred of them, and takes their users off their nodes' load. None are left if it gives none.
    ///
    /// # Errors
    /// [`StoreError::UnknownService`].
    pub async fn purge_old_records(
        &self,
        service: &str,
        grace: Duration,
        now: i64,
        records_max: i64,
    ) -> Result<Vec<OldRecord>, StoreError> {
        let service = self.service(service).await?.id;
        let records_max = records_max.min(PURGED_AT_ONCE);
        let mut transaction = self.database.write().await?;
        self.database.lock_nodes(&mut transaction, service).await?;
        let old = old_records(&mut transaction, service, before(grace, now), records_max).await?;
        let mut freed: BTreeMap<i64, i64> = BTreeMap::new();
        for record in &old {
            *freed.entry(record.node_id).or_default() += record.freed;
            query!("DELETE FROM users WHERE uid = $1", record.uid).execute(&mut *transaction).await?;
        }
        for mut node in nodes::all(&mut transaction, service).await? {
            let Some(users) = freed.get(&node.id) else { continue };
            node.current_load = (node.current_load - users).max(0);
            node.available = (node.available + users).min(node.capacity - node.current_load).max(0);
            nodes::save(&mut transaction, &node).await?;
        }
        transaction.commit().await?;
        Ok(old)
    }
}

/// The instant before which a record must have been replaced.
fn before(grace: Duration, now: i64) -> i64 {
    now.saturating_sub(i64::try_from(grace.as_millis()).unwrap_or(i64::MAX))
}

async fn old_records(
    connection: &mut AnyConnection,
    service: i64,
    before: i64,
    records_max: i64,
) -> Result<Vec<OldRecord>, StoreError> {
    let rows = query!(
        "SELECT uid, nodeid, nodes.node,
                (SELECT COUNT(*) FROM users AS heir
                 WHERE heir.email = users.email AND heir.service = users.service
                 AND heir.nodeid = users.nodeid AND heir.created_at = users.replaced_at)
         FROM users LEFT OUTER JOIN nodes ON users.nodeid = nodes.id
         WHERE users.service = $1 AND replaced_at < $2
         ORDER BY replaced_at, uid LIMIT $3",
        service,
        before,
        records_max
    )
    .fetch_all(connection)
    .await?;
    rows.iter()
        .map(|row| {
            let heirs: i64 = row.try_get(3)?;
            Ok(OldRecord {
                uid: row.try_get(0)?,
                node_id: row.try_get(1)?,
                node: row.try_get(2)?,
                freed: i64::from(heirs == 0),
            })
        })
        .collect()
}
