//! The databases that the sentences are tried on.

use powerhose_token_server::store::admin::NodeChange;
use powerhose_token_server::store::decide::Claims;
use powerhose_token_server::store::error::StoreError;
use powerhose_token_server::store::{Assignment, Request, Store, StoreSettings};

/// Makes a test of each function for each database.
macro_rules! on_both {
    ($($name:ident),* $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name(crate::databases::sqlite().await).await;
            })*
        }

        #[cfg(feature = "tool-tests")]
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name(crate::databases::postgres().await).await;
            })*
        }
    };
}
pub(crate) use on_both;

/// An empty database of a test's own.
pub(crate) struct Database {
    pub(crate) url: String,
    /// Where SQLite's file lies.
    _folder: Option<tempfile::TempDir>,
}

pub(crate) async fn sqlite() -> Database {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("users.db").display());
    Database { url, _folder: Some(folder) }
}

#[cfg(feature = "tool-tests")]
pub(crate) async fn postgres() -> Database {
    Database { url: crate::postgres::new_database().await, _folder: None }
}

impl Database {
    pub(crate) async fn store(&self) -> Store {
        self.store_with(StoreSettings::default()).await
    }

    pub(crate) async fn store_with(&self, settings: StoreSettings) -> Store {
        Store::open(&self.url, settings).await.unwrap()
    }
}

pub(crate) const SERVICE: &str = "sync-1.5";

/// When the tests take place.
pub(crate) const NOW: i64 = 1_700_000_000_000;

pub(crate) async fn add_node(store: &Store, node: &str, capacity: i64) {
    store.add_node(SERVICE, node, capacity, &NodeChange::default()).await.unwrap();
}

/// What somebody asks for; 0 for what the claims do not say.
pub(crate) fn request(email: &str, generation: i64, keys_changed_at: i64, client_state: &str) -> Request {
    Request {
        service: SERVICE.to_owned(),
        email: email.to_owned(),
        claims: Claims {
            generation: Some(generation),
            keys_changed_at: Some(keys_changed_at),
            client_state: client_state.to_owned(),
        },
        now: NOW,
    }
}

pub(crate) async fn assign(
    store: &Store,
    email: &str,
    (generation, keys_changed_at): (i64, i64),
    client_state: &str,
) -> Result<Assignment, StoreError> {
    store.assign(&request(email, generation, keys_changed_at, client_state)).await
}
