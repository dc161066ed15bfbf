//! Users and nodes, in SQLite or PostgreSQL: who has which number on which node.
//!
//! What becomes of a request is decided in [`mod@decide`] and [`place`], which are pure. The rest reads what they need,
//! writes what they decided, and keeps requests that run at once apart. No address is ever logged.

pub mod admin;
mod database;
pub mod decide;
pub mod error;
mod look;
pub mod node_type;
mod nodes;
pub mod place;
pub mod purge;
mod records;
mod schema;

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use sqlx::Row;

use self::database::{Database, query};
use self::decide::{Claims, Decision, NewUsers, Place, Record, decide};
use self::error::StoreError;
use self::node_type::NodeTypes;
use crate::behaviour::Behaviour;

/// How often a transaction is run again that lost against another one.
const CONFLICTS_MAX: u32 = 5;

/// The longest address, in characters.
const EMAIL_LENGTH_MAX: usize = 255;

/// The longest client state, in bytes.
const CLIENT_STATE_BYTES_MAX: usize = 32;

/// What of the store can be chosen.
#[derive(Clone, Debug)]
pub struct StoreSettings {
    /// Whom to follow where the two servers differ.
    pub behaviour: Behaviour,
    /// Whether somebody unknown gets a record.
    pub new_users: NewUsers,
    /// The kinds of nodes.
    pub node_types: NodeTypes,
    /// At most so many connections to PostgreSQL, a quarter of them for writing; two at least.
    pub connections_max: u32,
}

impl Default for StoreSettings {
    fn default() -> StoreSettings {
        StoreSettings {
            behaviour: Behaviour::default(),
            new_users: NewUsers::default(),
            node_types: NodeTypes::default(),
            connections_max: 16,
        }
    }
}

/// An identity that was verified, and what its issuer says of the account.
#[derive(Clone, Debug)]
pub struct Request {
    /// Application and version: `sync-1.5`.
    pub service: String,
    /// The identity. Case counts.
    pub email: String,
    /// What the issuer says.
    pub claims: Claims,
    /// The time, in milliseconds since 1970.
    pub now: i64,
}

/// The record that a user has at a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assignment {
    /// The user's number at the service.
    pub uid: i64,
    /// The URL of the user's node.
    pub node: String,
    /// The kind of that node.
    pub node_type: Option<String>,
    /// The highest generation seen, 0 for none.
    pub generation: i64,
    /// The highest time of change of the keys seen, 0 for none.
    pub keys_changed_at: i64,
    /// The client state.
    pub client_state: String,
}

/// A service that users can have a record at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    id: i64,
    /// The form of its endpoints, with `{node}`, `{uid}` and `{service}`; none if nobody has told it.
    pub pattern: Option<String>,
}

/// The database. Cheap to share behind an `Arc`; all of it may be used at once.
#[derive(Debug)]
pub struct Store {
    database: Database,
    settings: StoreSettings,
    services: Mutex<HashMap<String, Service>>,
}

impl Store {
    /// Opens `sqlite:PATH` (made if it is not there) or `postgres://…`, and brings its tables to this version.
    ///
    /// # Errors
    /// The URL is none of these, the database does not answer, or a newer version of this program has changed it.
    pub async fn open(url: &str, settings: StoreSettings) -> Result<Store, StoreError> {
        let database = Database::open(url, settings.connections_max).await?;
        schema::migrate(&database).await?;
        Ok(Store { database, settings, services: Mutex::default() })
    }

    /// Ends all connections. SQLite's file then holds everything, and none lie beside it.
    pub async fn close(&self) {
        self.database.close().await;
    }

    /// Whether the database answers.
    pub async fn ready(&self) -> Result<(), StoreError> {
        let mut connection = self.database.read().await?;
        sqlx::query("SELECT 1").execute(&mut *connection).await?;
        Ok(())
    }

    /// The service of this name.
    ///
    /// What is found is remembered: a service's pattern is read again when the program starts again.
    ///
    /// # Errors
    /// [`StoreError::UnknownService`], or the database does not answer.
    pub async fn service(&self, name: &str) -> Result<Service, StoreError> {
        let known = self.services.lock().unwrap_or_else(PoisonError::into_inner).get(name).cloned();
        if let Some(service) = known {
            return Ok(service);
        }
        let mut connection = self.database.read().await?;
        let row = query!("SELECT id, pattern FROM services WHERE service = $1", name)
            .fetch_optional(&mut *connection)
            .await?;
        let row = row.ok_or_else(|| StoreError::UnknownService(name.to_owned()))?;
        let service = Service { id: row.try_get(0)?, pattern: row.try_get(1)? };
        self.services.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned(), service.clone());
        Ok(service)
    }

    /// The user's record and its service, if the claims are accepted, nothing has to be written, and that can be said without a
    /// wait.
    #[must_use]
    pub fn kept(&self, request: &Request) -> Option<(Assignment, Service)> {
        check(request).ok()?;
        let services = self.services.lock().unwrap_or_else(PoisonError::into_inner);
        let service = services.get(&request.service).cloned()?;
        drop(services);
        let records = self.database.look(service.id, &request.email)?;
        match self.decide(records, request).ok()? {
            Decision::Keep(record) => Some((self.assignment(record).ok()?, service)),
            Decision::Update(_) | Decision::Create(_) => None,
        }
    }

    /// The user's record, if the claims are accepted: the one there is, brought up to them, or a new one.
    ///
    /// # Errors
    /// [`StoreError::Refused`] for claims that are not; [`StoreError::NoNode`]; the database does not answer or fails.
    pub async fn assign(&self, request: &Request) -> Result<Assignment, StoreError> {
        check(request)?;
        let service = self.service(&request.service).await?.id;
        // Nearly always there is nothing to write, and then nobody waits for anybody.
        let records = match self.database.look(service, &request.email) {
            Some(records) => records,
            None => records::newest(&mut *self.database.read().await?, service, &request.email).await?,
        };
        if let Decision::Keep(record) = self.decide(records, request)? {
            return self.assignment(record);
        }
        let mut conflicts = 0;
        loop {
            match self.write(service, request).await {
                Err(error) if error.is_conflict() && conflicts < CONFLICTS_MAX => conflicts += 1,
                other => return other,
            }
        }
    }

    fn decide(&self, records: Vec<Record>, request: &Request) -> Result<Decision, StoreError> {
        Ok(decide(records, &request.claims, self.settings.behaviour, self.settings.new_users)?)
    }

    /// Decides once more, now that nobody else changes the user's records, and does it.
    async fn write(&self, service: i64, request: &Request) -> Result<Assignment, StoreError> {
        let mut transaction = self.database.write().await?;
        self.database.lock_user(&mut transaction, service, &request.email).await?;
        let records = records::newest(&mut transaction, service, &request.email).await?;
        let record = match self.decide(records, request)? {
            Decision::Keep(record) => record,
            Decision::Update(record) => {
                records::update(&mut transaction, &record).await?;
                record
            }
            Decision::Create(record) => {
                let place = match &record.place {
                    Place::Same { node_id, node } => Some((*node_id, node.clone())),
                    Place::Best => {
                        self.database.lock_nodes(&mut transaction, service).await?;
                        nodes::take(&mut transaction, service).await?.map(|node| (node.id, node.node))
                    }
                };
                let Some(place) = place else {
                    // What was refilled stays so.
                    transaction.commit().await?;
                    return Err(StoreError::NoNode);
                };
                let user = (service, &*request.email);
                records::create(&mut transaction, user, record, place, request.now).await?
            }
        };
        transaction.commit().await?;
        self.assignment(record)
    }

    fn assignment(&self, record: Record) -> Result<Assignment, StoreError> {
        // A record without a node is neither kept nor made.
        let node = record.node.ok_or(StoreError::NoNode)?;
        Ok(Assignment {
            uid: record.uid,
            node_type: self.settings.node_types.of(&node).map(str::to_owned),
            node,
            generation: record.generation,
            keys_changed_at: record.keys_changed_at,
            client_state: record.client_state,
        })
    }
}

/// What no column takes is refused before anything is read.
fn check(request: &Request) -> Result<(), StoreError> {
    if request.email.is_empty()
        || request.email.chars().count() > EMAIL_LENGTH_MAX
        || request.email.contains('\0')
    {
        return Err(StoreError::Invalid("an address has 1 to 255 characters, none of them NUL"));
    }
    if request.claims.client_state.len() > CLIENT_STATE_BYTES_MAX
        || request.claims.client_state.contains('\0')
    {
        return Err(StoreError::Invalid("a client state has at most 32 characters, none of them NUL"));
    }
    Ok(())
}
