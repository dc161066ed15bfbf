//! What an operator does: services and nodes come, change and go; accounts are retired.

use clap::Args;
use sqlx::{Any, Row, Transaction};

use super::database::query;
use super::decide::RETIRED_GENERATION;
use super::error::StoreError;
use super::place::{Node, NodeState, released};
use super::{Store, nodes};

type Writing = Transaction<'static, Any>;

/// PostgreSQL's columns have 32 bits.
const USERS_MAX: i64 = i32::MAX as i64;

const NODE_LENGTH_MAX: usize = 64;
const SERVICE_LENGTH_MAX: usize = 30;
const PATTERN_LENGTH_MAX: usize = 128;

/// What of a node can be said besides its capacity; the rest stays as it is, or as it is for a new one.
#[derive(Clone, Debug, Default, Args)]
pub struct NodeChange {
    /// How many users it takes before it waits for the others; a tenth of its capacity at first and whenever all wait
    #[arg(long, value_name = "USERS")]
    pub available: Option<i64>,
    /// How many users it has; counted by the servers
    #[arg(long, value_name = "USERS")]
    pub current_load: Option<i64>,
    /// Whether it takes new users; those that it has stay on it
    #[arg(long)]
    pub state: Option<NodeState>,
}

impl Store {
    /// Adds a service. `pattern` is the form of its endpoints: `{node}/1.5/{uid}`.
    ///
    /// # Errors
    /// [`StoreError::ServiceExists`], [`StoreError::Invalid`].
    pub async fn add_service(&self, name: &str, pattern: &str) -> Result<(), StoreError> {
        if name.is_empty() || name.len() > SERVICE_LENGTH_MAX || pattern.len() > PATTERN_LENGTH_MAX {
            return Err(StoreError::Invalid(
                "a service's name has 1 to 30 characters, its pattern at most 128",
            ));
        }
        let mut transaction = self.database.write().await?;
        query!("INSERT INTO services (service, pattern) VALUES ($1, $2)", name, pattern)
            .execute(&mut *transaction)
            .await
            .map_err(|error| taken(error, || StoreError::ServiceExists(name.to_owned())))?;
        Ok(transaction.commit().await?)
    }

    /// The service's nodes, the oldest first.
    ///
    /// # Errors
    /// [`StoreError::UnknownService`].
    pub async fn nodes(&self, service: &str) -> Result<Vec<Node>, StoreError> {
        let service = self.service(service).await?.id;
        nodes::all(&mut *self.database.read().await?, service).await
    }

    /// Adds a node.
    ///
    /// # Errors
    /// [`StoreError::NodeExists`], [`StoreError::UnknownService`], [`StoreError::Invalid`].
    pub async fn add_node(
        &self,
        service: &str,
        node: &str,
        capacity: i64,
        change: &NodeChange,
    ) -> Result<(), StoreError> {
        let is_url = ["http://", "https://"].iter().any(|scheme| node.starts_with(scheme));
        if !is_url || node.ends_with('/') || node.len() > NODE_LENGTH_MAX {
            return Err(StoreError::Invalid(
                "a node is a URL of at most 64 characters, http or https, without a slash at its end",
            ));
        }
        let mut added = Node {
            id: 0,
            node: node.to_owned(),
            available: released(capacity),
            current_load: 0,
            capacity,
            state: NodeState::Up,
        };
        changed(&mut added, change)?;
        let service = self.service(service).await?.id;
        let mut transaction = self.database.write().await?;
        nodes::add(&mut transaction, service, &added)
            .await
            .map_err(|error| taken(error, || StoreError::NodeExists(node.to_owned())))?;
        Ok(transaction.commit().await?)
    }

    /// Changes a node. Its users stay on it.
    ///
    /// # Errors
    /// [`StoreError::UnknownNode`], [`StoreError::UnknownService`], [`StoreError::Invalid`].
    pub async fn update_node(
        &self,
        service: &str,
        node: &str,
        capacity: Option<i64>,
        change: &NodeChange,
    ) -> Result<(), StoreError> {
        let (mut transaction, mut found) = self.lock_node(service, node).await?;
        found.capacity = capacity.unwrap_or(found.capacity);
        changed(&mut found, change)?;
        nodes::save(&mut transaction, &found).await?;
        Ok(transaction.commit().await?)
    }

    /// Removes a node. Its users get another one, and a new uid, when they come next. Gives how many they are.
    ///
    /// # Errors
    /// [`StoreError::UnknownNode`], [`StoreError::UnknownService`].
    pub async fn remove_node(&self, service: &str, node: &str, now: i64) -> Result<u64, StoreError> {
        let (mut transaction, found) = self.lock_node(service, node).await?;
        query!("DELETE FROM nodes WHERE id = $1", found.id).execute(&mut *transaction).await?;
        unassign(transaction, &found, now).await
    }

    /// Moves a node's users away: they get the best node, and a new uid, when they come next. Gives how many they are.
    ///
    /// # Errors
    /// [`StoreError::UnknownNode`], [`StoreError::UnknownService`].
    pub async fn unassign_node(&self, service: &str, node: &str, now: i64) -> Result<u64, StoreError> {
        let (transaction, found) = self.lock_node(service, node).await?;
        unassign(transaction, &found, now).await
    }

    /// A node, and the transaction in which nobody else changes the nodes of its service.
    async fn lock_node(&self, service: &str, node: &str) -> Result<(Writing, Node), StoreError> {
        let service = self.service(service).await?.id;
        let mut transaction = self.database.write().await?;
        self.database.lock_nodes(&mut transaction, service).await?;
        let all = nodes::all(&mut transaction, service).await?;
        let found = all.into_iter().find(|found| found.node == node);
        Ok((transaction, found.ok_or_else(|| StoreError::UnknownNode(node.to_owned()))?))
    }

    /// Retires an account at every service: from now on nothing that its issuer says lets it in.
    ///
    /// # Errors
    /// [`StoreError::UnknownUser`].
    pub async fn retire_user(&self, email: &str, now: i64) -> Result<(), StoreError> {
        let mut transaction = self.database.write().await?;
        let services = query!("SELECT DISTINCT service FROM users WHERE email = $1 ORDER BY service", email)
            .fetch_all(&mut *transaction)
            .await?;
        if services.is_empty() {
            return Err(StoreError::UnknownUser);
        }
        for row in &services {
            self.database.lock_user(&mut transaction, row.try_get(0)?, email).await?;
        }
        query!(
            "UPDATE users SET generation = $1, replaced_at = COALESCE(replaced_at, $2) WHERE email = $3",
            RETIRED_GENERATION,
            now,
            email
        )
        .execute(&mut *transaction)
        .await?;
        Ok(transaction.commit().await?)
    }
}

fn taken(error: sqlx::Error, named: impl FnOnce() -> StoreError) -> StoreError {
    match &error {
        sqlx::Error::Database(fault) if fault.is_unique_violation() => named(),
        _ => error.into(),
    }
}

fn changed(node: &mut Node, change: &NodeChange) -> Result<(), StoreError> {
    node.available = change.available.unwrap_or(node.available);
    node.current_load = change.current_load.unwrap_or(node.current_load);
    node.state = change.state.unwrap_or(node.state);
    let numbers = [node.capacity, node.available, node.current_load];
    if numbers.iter().any(|number| !(0..=USERS_MAX).contains(number)) {
        return Err(StoreError::Invalid("numbers of users are from 0 to 2147483647"));
    }
    Ok(())
}

async fn unassign(mut transaction: Writing, node: &Node, now: i64) -> Result<u64, StoreError> {
    let users = "UPDATE users SET replaced_at = $1 WHERE nodeid = $2 AND replaced_at IS NULL";
    let done = query!(users, now, node.id).execute(&mut *transaction).await?;
    transaction.commit().await?;
    Ok(done.rows_affected())
}
