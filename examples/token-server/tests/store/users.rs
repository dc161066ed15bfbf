//! Who gets which record.

use crate::databases::{Database, add_node, assign, on_both};

on_both!(a_user_keeps_the_record, a_new_client_state_gets_a_new_uid_on_the_same_node);

async fn a_user_keeps_the_record(database: Database) {
    let store = database.store().await;
    add_node(&store, "https://one.example", 10).await;
    let first = assign(&store, "a@example.org", (10, 5), "aa").await.unwrap();
    assert_eq!(first, assign(&store, "a@example.org", (10, 5), "aa").await.unwrap());
    let later = assign(&store, "a@example.org", (12, 12), "aa").await.unwrap();
    assert_eq!((later.uid, later.generation, later.keys_changed_at), (first.uid, 12, 12));
    assert_ne!(assign(&store, "A@example.org", (10, 5), "aa").await.unwrap().uid, first.uid);
}

async fn a_new_client_state_gets_a_new_uid_on_the_same_node(database: Database) {
    let store = database.store().await;
    add_node(&store, "https://one.example", 10).await;
    let first = assign(&store, "a@example.org", (10, 5), "aa").await.unwrap();
    add_node(&store, "https://two.example", 10).await;
    let second = assign(&store, "a@example.org", (11, 6), "bb").await.unwrap();
    assert!(second.uid > first.uid);
    assert_eq!(second.node, first.node);
    let loads =
        store.nodes("sync-1.5").await.unwrap().iter().map(|node| node.current_load).collect::<Vec<_>>();
    assert_eq!(loads, [1, 0]);
}
