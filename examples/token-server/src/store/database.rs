//! The two databases: how they are opened, and how a transaction is kept apart from the others.
//!
//! The statements are the same for both. SQLite has one writer at a time, so a transaction that writes takes that place
//! at once (BEGIN IMMEDIATE); its readers go on beside it. PostgreSQL has locks: one a user, one a service's nodes.

use std::str::FromStr;
use std::time::Duration;

use sqlx::any::{AnyConnectOptions, AnyPoolOptions};
use sqlx::pool::PoolConnection;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{Any, AnyConnection, AnyPool, ConnectOptions, Connection, Executor, Transaction};

use super::decide::Record;
use super::error::StoreError;
use super::look::Look;

/// How long a connection, or a lock, is waited for.
const WAIT_MAX: Duration = Duration::from_secs(10);

/// How long a connection is believed to work after it did.
const TRUSTED_FOR: Duration = Duration::from_secs(1);

/// Readers of SQLite's file.
const SQLITE_READERS: u32 = 4;

/// A statement with its values.
macro_rules! query {
    ($statement:expr, $($value:expr),+ $(,)?) => { sqlx::query($statement)$(.bind($value))+ };
}
pub(super) use query;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Sqlite,
    Postgres,
}

#[derive(Debug)]
pub(super) struct Database {
    pub(super) kind: Kind,
    /// How SQLite's file is looked at; none where the URL says how it is to be opened.
    look: Option<Look>,
    readers: AnyPool,
    writers: AnyPool,
}

impl Database {
    /// `connections_max` bounds PostgreSQL's connections; there are two at least.
    pub(super) async fn open(url: &str, connections_max: u32) -> Result<Database, StoreError> {
        sqlx::any::install_default_drivers();
        let kind = kind(url)?;
        let look = match kind {
            Kind::Sqlite if !url.contains('?') => {
                let options = SqliteConnectOptions::from_str(url);
                options.ok().map(|options| Look::new(options.get_filename().to_owned()))
            }
            Kind::Sqlite | Kind::Postgres => None,
        };
        let url = match kind {
            Kind::Sqlite if !url.contains('?') => format!("{url}?mode=rwc"),
            Kind::Sqlite | Kind::Postgres => url.to_owned(),
        };
        // What the parser says may repeat the URL's parts; a password is among them.
        let options = AnyConnectOptions::from_str(&url)
            .map_err(|_| StoreError::Url("it is no URL".to_owned()))?
            .disable_statement_logging();
        match kind {
            Kind::Sqlite => {
                // The first connection makes the file and its mode; the readers find both.
                let writers = pool(kind, 1).connect_with(options.clone()).await?;
                let readers = pool(kind, SQLITE_READERS).connect_with(options).await?;
                Ok(Database { kind, look, readers, writers })
            }
            Kind::Postgres => {
                // Writers wait for each other; those who only read never wait for them.
                let writers_max = (connections_max / 4).max(1);
                let readers_max = connections_max.saturating_sub(writers_max).max(1);
                let writers = pool(kind, writers_max).connect_with(options.clone()).await?;
                let readers = pool(kind, readers_max).connect_with(options).await?;
                Ok(Database { kind, look, readers, writers })
            }
        }
    }

    /// Waits for what runs, and ends all connections.
    pub(super) async fn close(&self) {
        if let Some(look) = &self.look {
            look.close();
        }
        self.readers.close().await;
        self.writers.close().await;
    }

    /// The user's newest records, without a wait; `None` where that takes one.
    pub(super) fn look(&self, service: i64, email: &str) -> Option<Vec<Record>> {
        self.look.as_ref()?.newest(service, email)
    }

    /// A connection for statements that only read.
    pub(super) async fn read(&self) -> Result<PoolConnection<Any>, StoreError> {
        Ok(self.readers.acquire().await?)
    }

    /// A transaction that writes; what it has done is undone unless it is committed.
    pub(super) async fn write(&self) -> Result<Transaction<'static, Any>, StoreError> {
        let begin = match self.kind {
            Kind::Sqlite => "BEGIN IMMEDIATE",
            Kind::Postgres => "BEGIN ISOLATION LEVEL READ COMMITTED",
        };
        Ok(self.writers.begin_with(begin).await?)
    }

    /// From here to the transaction's end nobody else changes this user's records.
    ///
    /// Whoever needs a user's lock and a service's takes the user's first.
    pub(super) async fn lock_user(
        &self,
        connection: &mut AnyConnection,
        service: i64,
        email: &str,
    ) -> Result<(), StoreError> {
        if self.kind == Kind::Postgres {
            query!("SELECT pg_advisory_xact_lock(hashtextextended($1, $2))", email, service)
                .execute(connection)
                .await?;
        }
        Ok(())
    }

    /// From here to the transaction's end nobody else changes this service's nodes.
    pub(super) async fn lock_nodes(
        &self,
        connection: &mut AnyConnection,
        service: i64,
    ) -> Result<(), StoreError> {
        if self.kind == Kind::Postgres {
            query!("SELECT id FROM services WHERE id = $1 FOR UPDATE", service).execute(connection).await?;
        }
        Ok(())
    }
}

fn kind(url: &str) -> Result<Kind, StoreError> {
    match url.split_once(':') {
        Some(("sqlite", path)) if path.contains(":memory:") || path.contains("mode=memory") => {
            Err(StoreError::Url("a database in memory is forgotten with its connection".to_owned()))
        }
        Some(("sqlite", _)) => Ok(Kind::Sqlite),
        Some(("postgres" | "postgresql", _)) => Ok(Kind::Postgres),
        Some((scheme, _)) => Err(StoreError::Url(format!("{scheme:?} is no database of ours"))),
        None => Err(StoreError::Url("it has no scheme".to_owned())),
    }
}

fn pool(kind: Kind, connections_max: u32) -> AnyPoolOptions {
    let options = AnyPoolOptions::new().max_connections(connections_max).acquire_timeout(WAIT_MAX);
    // One that was just used needs no question first whether it still works: that would double a request's way.
    let options = options.test_before_acquire(false).before_acquire(|connection, state| {
        Box::pin(async move {
            if state.idle_for >= TRUSTED_FOR {
                connection.ping().await?;
            }
            Ok(true)
        })
    });
    options.after_connect(move |connection, _| {
        let wait = WAIT_MAX.as_millis();
        let settings = match kind {
            // Every commit is on the disk before a uid is told: after a crash nobody else may get it.
            Kind::Sqlite => {
                format!("PRAGMA busy_timeout = {wait}; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL")
            }
            Kind::Postgres => format!("SET lock_timeout = {wait}; SET statement_timeout = {}", 3 * wait),
        };
        Box::pin(async move { connection.execute(&*settings).await.map(drop) })
    })
}
