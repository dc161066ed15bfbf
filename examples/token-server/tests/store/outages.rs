//! A database that is busy, or was away.

use std::sync::Arc;

use sqlx::{AnyConnection, Connection, Executor};

use crate::databases::{Database, add_node, assign, on_both};

on_both!(known_users_do_not_wait_for_a_writer_and_new_ones_do);

async fn known_users_do_not_wait_for_a_writer_and_new_ones_do(database: Database) {
    let store = Arc::new(database.store().await);
    add_node(&store, "https://one.example", 10).await;
    let known = assign(&store, "a@example.org", (1, 1), "aa").await.unwrap();
    let mut writer = AnyConnection::connect(&database.url).await.unwrap();
    let (begin, lock) = if database.url.starts_with("sqlite") {
        ("BEGIN IMMEDIATE", "SELECT 1")
    } else {
        ("BEGIN", "SELECT id FROM services FOR UPDATE")
    };
    writer.execute(begin).await.unwrap();
    writer.execute(lock).await.unwrap();

    let waiting = tokio::spawn({
        let store = Arc::clone(&store);
        async move { assign(&store, "b@example.org", (1, 1), "aa").await.unwrap() }
    });
    assert_eq!(known, assign(&store, "a@example.org", (1, 1), "aa").await.unwrap());
    assert!(!waiting.is_finished());
    writer.execute("ROLLBACK").await.unwrap();
    assert!(waiting.await.unwrap().uid > known.uid);
}

#[cfg(feature = "tool-tests")]
#[tokio::test]
async fn a_server_whose_connections_were_cut_says_so_and_goes_on() {
    let database = crate::databases::postgres().await;
    let store = database.store().await;
    add_node(&store, "https://one.example", 10).await;
    let known = assign(&store, "a@example.org", (1, 1), "aa").await.unwrap();
    let mut operator = AnyConnection::connect(&database.url).await.unwrap();
    let cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
               WHERE datname = current_database() AND pid <> pg_backend_pid()";
    operator.execute(cut).await.unwrap();
    // Each connection of the pool may fail once.
    for _ in 0..16 {
        match assign(&store, "a@example.org", (1, 1), "aa").await {
            Ok(again) => return assert_eq!(again, known),
            Err(error) => assert!(error.is_unavailable(), "{error:?}"),
        }
    }
    panic!("it does not go on");
}

#[cfg(feature = "tool-tests")]
#[tokio::test]
async fn a_transaction_that_was_the_victim_of_a_deadlock_is_run_again() {
    let database = crate::databases::postgres().await;
    let store = Arc::new(database.store().await);
    add_node(&store, "https://one.example", 10).await;
    let mut operator = AnyConnection::connect(&database.url).await.unwrap();
    operator.execute("BEGIN; SELECT id FROM services FOR UPDATE").await.unwrap();
    let waiting = tokio::spawn({
        let store = Arc::clone(&store);
        async move { assign(&store, "a@example.org", (1, 1), "aa").await.unwrap() }
    });
    let waits = "SELECT 1 FROM pg_locks JOIN pg_stat_activity USING (pid)
                 WHERE datname = current_database() AND NOT granted";
    while operator.fetch_optional(waits).await.unwrap().is_none() {}
    // It has this lock and waits for ours. PostgreSQL looks for a circle when somebody has waited for a second: it first,
    // unless this machine is very slow; then the operator is the victim, and nothing is shown.
    let circle = "SELECT pg_advisory_xact_lock(hashtextextended('a@example.org', 1))";
    let _ = operator.execute(circle).await;
    operator.execute("ROLLBACK").await.unwrap();
    assert_eq!(waiting.await.unwrap().node, "https://one.example");
}
