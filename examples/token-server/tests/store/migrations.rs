//! The tables come to be by themselves, once, and never go back.

use powerhose_token_server::store::error::StoreError;
use powerhose_token_server::store::{Store, StoreSettings};
use sqlx::{AnyConnection, Connection, Executor, Row};
use tokio::task::JoinSet;

use crate::databases::{Database, SERVICE, on_both};

on_both!(servers_that_start_at_once_make_the_tables_once, a_newer_database_is_refused_by_name);

async fn servers_that_start_at_once_make_the_tables_once(database: Database) {
    let mut starting = JoinSet::new();
    for _ in 0..8 {
        let url = database.url.clone();
        starting.spawn(async move { Store::open(&url, StoreSettings::default()).await.unwrap() });
    }
    for store in starting.join_all().await {
        store.ready().await.unwrap();
        let pattern = store.service(SERVICE).await.unwrap().pattern;
        assert_eq!(pattern.as_deref(), Some("{node}/1.5/{uid}"));
    }
    let mut connection = AnyConnection::connect(&database.url).await.unwrap();
    let services = connection.fetch_one("SELECT COUNT(*) FROM services").await.unwrap();
    assert_eq!(services.try_get::<i64, _>(0).unwrap(), 1);
}

async fn a_newer_database_is_refused_by_name(database: Database) {
    drop(database.store().await);
    let mut connection = AnyConnection::connect(&database.url).await.unwrap();
    connection.execute("UPDATE token_server_schema SET version = 99").await.unwrap();
    let error = Store::open(&database.url, StoreSettings::default()).await.unwrap_err();
    assert!(matches!(error, StoreError::NewerDatabase { found: 99, known: 1 }), "{error}");
}

#[tokio::test]
async fn what_is_no_database_is_refused_by_name() {
    for (url, said) in [
        ("token-server.db", "no scheme"),
        ("mysql://localhost/users", "no database of ours"),
        ("sqlite::memory:", "forgotten"),
    ] {
        let error = Store::open(url, StoreSettings::default()).await.unwrap_err().to_string();
        assert!(error.contains(said), "{error}");
    }
    let nowhere = Store::open("sqlite:/nowhere/users.db", StoreSettings::default()).await.unwrap_err();
    assert!(matches!(nowhere, StoreError::Database(_) | StoreError::Unavailable(_)));
}

#[cfg(feature = "tool-tests")]
#[tokio::test]
async fn a_database_of_the_successor_is_taken_over() {
    let database = crate::databases::postgres().await;
    sqlx::any::install_default_drivers();
    let mut connection = AnyConnection::connect(&database.url).await.unwrap();
    connection.execute(include_str!("successor.sql")).await.unwrap();
    let store = database.store().await;
    let known = crate::databases::assign(&store, "a@example.org", (1234, 1234), "aabb").await.unwrap();
    assert_eq!((known.uid, &*known.node), (77, "https://old.example"));
    let added = crate::databases::assign(&store, "b@example.org", (1234, 1234), "aabb").await.unwrap();
    assert_eq!(&*added.node, "https://old.example");
}
