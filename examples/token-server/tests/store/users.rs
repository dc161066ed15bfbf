//! Who gets which record.

use powerhose_token_server::behaviour::Behaviour;
use powerhose_token_server::store::StoreSettings;
use powerhose_token_server::store::decide::NewUsers;
use powerhose_token_server::store::error::{ClientStateFault, Refusal, StoreError};
use powerhose_token_server::store::node_type::NodeTypes;

use crate::databases::{Database, NOW, SERVICE, add_node, assign, on_both, request};

on_both!(
    a_user_keeps_the_record,
    what_another_server_changed_is_no_longer_kept,
    a_new_client_state_gets_a_new_uid_on_the_same_node,
    an_older_client_state_is_refused_and_nothing_changed,
    a_client_state_is_forgotten_after_twenty_newer_ones,
    a_refusal_changes_nothing,
    without_a_node_there_is_no_record,
    new_users_are_refused_where_they_are_disabled,
    users_of_a_node_that_was_unassigned_or_removed_move,
    a_retired_account_is_refused_until_its_records_are_purged,
    an_account_that_was_unassigned_can_be_retired,
    purged_records_leave_the_load_of_their_node,
    a_clock_that_goes_back_does_not_revive_an_old_record,
    what_no_column_takes_is_refused,
    the_kind_of_the_node_is_told,
);

async fn loads(store: &powerhose_token_server::store::Store) -> Vec<i64> {
    store.nodes(SERVICE).await.unwrap().iter().map(|node| node.current_load).collect()
}

fn refusal<T: std::fmt::Debug>(answer: Result<T, StoreError>) -> Refusal {
    match answer {
        Err(StoreError::Refused(refusal)) => refusal,
        other => panic!("it is not refused: {other:?}"),
    }
}

async fn a_user_keeps_the_record(database: Database) {
    let store = database.store().await;
    add_node(&store, "https://one.example", 10).await;
    let first = assign(&store, "a@example.org", (10, 5), "aa").await.unwrap();
    assert_eq!(first, assign(&store, "a@example.org", (10, 5), "aa").await.unwrap());
    let later = assign(&store, "a@example.org", (12, 12), "aa").await.unwrap();
    assert_eq!((later.uid, later.generation, later.keys_changed_at), (first.uid, 12, 12));
    assert_eq!(later, assign(&database.store().await, "a@example.org", (12, 12), "aa").await.unwrap());
    assert_ne!(assign(&store, "A@example.org", (10, 5), "aa").await.unwrap().uid, first.uid);
}

async fn what_another_server_changed_is_no_longer_kept(database: Database) {
    let (store, other) = (database.store().await, database.store().await);
    add_node(&store, "https://one.example", 10).await;
    let kept =
        |generation, state| store.kept(&request("a@example.org", generation, 5, state)).map(|kept| kept.0);
    assert_eq!(kept(10, "aa"), None, "there is no record");
    let first = assign(&store, "a@example.org", (10, 5), "aa").await.unwrap();
    let is_at_hand = database.url.starts_with("sqlite:");
    assert_eq!(kept(10, "aa"), is_at_hand.then_some(first));
    assert_eq!(kept(11, "aa"), None, "the generation has to be written");
    assign(&other, "a@example.org", (12, 5), "aa").await.unwrap();
    assert_eq!(kept(10, "aa"), None, "the generation is behind");
    assert_eq!(kept(12, "aa").is_some(), is_at_hand);
    other.retire_user("a@example.org", NOW).await.unwrap();
    assert_eq!(kept(12, "aa"), None, "the account is retired");
}

async fn a_new_client_state_gets_a_new_uid_on_the_same_node(database: Database) {
    let store = database.store().await;
    add_node(&store, "https://one.example", 10).await;
    let first = assign(&store, "a@example.org", (10, 5), "aa").await.unwrap();
    add_node(&store, "https://two.example", 10).await;
    let second = assign(&store, "a@example.org", (11, 6), "bb").await.unwrap();
    assert!(second.uid > first.uid);
    assert_eq!(second.node, first.node);
    assert_eq!(loads(&store).await, [1, 0]);
}

async fn an_older_client_state_is_refused_and_nothing_changed(database: Database) {
    let store = database.store().await;
    add_node(&store, "https://one.example", 10).await;
    assign(&store, "a@example.org", (10, 5), "aa").await.unwrap();
    let second = assign(&store, "a@example.org", (11, 6), "bb").await.unwrap();
    let stale = assign(&store, "a@example.org", (12, 7), "aa").await;
    assert_eq!(refusal(stale), Refusal::InvalidClientState(ClientStateFault::Stale));
    assert_eq!(second, assign(&store, "a@example.org", (11, 6), "bb").await.unwrap());
}

async fn a_client_state_is_forgotten_after_twenty_newer_ones(database: Database) {
    let store = database.store().await;
    add_node(&store, "https://one.example", 10).await;
    for number in 0..20 {
        assign(&store, "a@example.org", (10 + number, 5 + number), &format!("{number:02}")).await.unwrap();
    }
    let stale = assign(&store, "a@example.org", (50, 50), "00").await;
    assert_eq!(refusal(stale), Refusal::InvalidClientState(ClientStateFault::Stale));
    assign(&store, "a@example.org", (50, 50), "20").await.unwrap();
    assign(&store, "a@example.org", (51, 51), "00").await.unwrap();
    assert_eq!(loads(&store).await, [1]);
}

async fn a_refusal_changes_nothing(database: Database) {
    let store = database.store().await;
    add_node(&store, "https://one.example", 10).await;
    let first = assign(&store, "a@example.org", (10, 5), "aa").await.unwrap();
    assert_eq!(refusal(assign(&store, "a@example.org", (9, 6), "aa").await), Refusal::InvalidGeneration);
    assert_eq!(refusal(assign(&store, "a@example.org", (11, 12), "aa").await), Refusal::InvalidKeysChangedAt);
    assert_eq!(refusal(assign(&store, "a@example.org", (11, 4), "aa").await), Refusal::InvalidKeysChangedAt);
    assert_eq!(first, assign(&store, "a@example.org", (10, 5), "aa").await.unwrap());
}

async fn without_a_node_there_is_no_record(database: Database) {
    let store = database.store().await;
    assert!(matches!(assign(&store, "a@example.org", (10, 5), "aa").await, Err(StoreError::NoNode)));
    add_node(&store, "https://one.example", 1).await;
    let first = assign(&store, "a@example.org", (10, 5), "aa").await.unwrap();
    assert!(matches!(assign(&store, "b@example.org", (10, 5), "aa").await, Err(StoreError::NoNode)));
    assert_eq!(first, assign(&store, "a@example.org", (10, 5), "aa").await.unwrap());
}

async fn new_users_are_refused_where_they_are_disabled(database: Database) {
    let store = database.store().await;
    add_node(&store, "https://one.example", 10).await;
    let first = assign(&store, "a@example.org", (10, 5), "aa").await.unwrap();
    let closed = database
        .store_with(StoreSettings { new_users: NewUsers::Disabled, ..StoreSettings::default() })
        .await;
    assert_eq!(first, assign(&closed, "a@example.org", (10, 5), "aa").await.unwrap());
    assert_eq!(refusal(assign(&closed, "b@example.org", (10, 5), "aa").await), Refusal::NewUsersDisabled);
}

async fn users_of_a_node_that_was_unassigned_or_removed_move(database: Database) {
    let store = database.store().await;
    add_node(&store, "https://one.example", 10).await;
    let first = assign(&store, "a@example.org", (10, 5), "aa").await.unwrap();
    add_node(&store, "https://two.example", 10).await;
    assert_eq!(store.unassign_node(SERVICE, "https://one.example", NOW).await.unwrap(), 1);
    let stale = assign(&store, "a@example.org", (9, 5), "aa").await;
    assert_eq!(refusal(stale), Refusal::InvalidGeneration, "who is refused does not move");
    assert_eq!(loads(&store).await, [1, 0]);
    let second = assign(&store, "a@example.org", (10, 5), "aa").await.unwrap();
    assert_eq!((second.uid > first.uid, &*second.node), (true, "https://two.example"));
    assert_eq!((second.generation, second.keys_changed_at, &*second.client_state), (10, 5, "aa"));
    assert_eq!(loads(&store).await, [1, 1]);

    assert_eq!(store.remove_node(SERVICE, "https://two.example", NOW).await.unwrap(), 1);
    let third = assign(&store, "a@example.org", (11, 6), "bb").await.unwrap();
    assert_eq!((third.uid > second.uid, &*third.node), (true, "https://one.example"));
    let stale = assign(&store, "a@example.org", (12, 7), "aa").await;
    assert_eq!(refusal(stale), Refusal::InvalidClientState(ClientStateFault::Stale));
}

async fn a_retired_account_is_refused_until_its_records_are_purged(database: Database) {
    add_node(&database.store().await, "https://one.example", 10).await;
    for behaviour in [Behaviour::Original, Behaviour::Successor] {
        let email = format!("{behaviour:?}@example.org");
        let store = database.store_with(StoreSettings { behaviour, ..StoreSettings::default() }).await;
        assign(&store, &email, (10, 5), "aa").await.unwrap();
        assign(&store, &email, (11, 6), "bb").await.unwrap();
        store.retire_user(&email, NOW).await.unwrap();
        for (numbers, client_state) in
            [((0, 0), "bb"), ((11, 6), "bb"), ((0, 50), "cc"), ((i64::MAX, 50), "cc")]
        {
            assert_eq!(
                refusal(assign(&store, &email, numbers, client_state).await),
                Refusal::InvalidGeneration
            );
        }
        assert!(matches!(store.retire_user("nobody@example.org", NOW).await, Err(StoreError::UnknownUser)));
        let grace = std::time::Duration::ZERO;
        let purged = store.purge_old_records(SERVICE, grace, NOW + 1000, 100).await.unwrap();
        assert_eq!(purged.len(), 2);
        assign(&store, &email, (12, 7), "aa").await.unwrap();
    }
}

async fn an_account_that_was_unassigned_can_be_retired(database: Database) {
    let store = database.store().await;
    add_node(&store, "https://one.example", 10).await;
    assign(&store, "a@example.org", (10, 5), "aa").await.unwrap();
    store.unassign_node(SERVICE, "https://one.example", NOW).await.unwrap();
    store.retire_user("a@example.org", NOW).await.unwrap();
    assert_eq!(refusal(assign(&store, "a@example.org", (11, 6), "aa").await), Refusal::InvalidGeneration);
}

async fn purged_records_leave_the_load_of_their_node(database: Database) {
    let store = database.store().await;
    let grace = std::time::Duration::from_secs(60);
    add_node(&store, "https://one.example", 10).await;
    let first = assign(&store, "a@example.org", (10, 5), "aa").await.unwrap();
    assign(&store, "a@example.org", (11, 6), "bb").await.unwrap();
    assert_eq!(store.purge_old_records(SERVICE, grace, NOW + 60_000, 100).await.unwrap(), [], "not yet");
    let purged = store.purge_old_records(SERVICE, grace, NOW + 61_000, 100).await.unwrap();
    assert_eq!(purged.iter().map(|record| record.uid).collect::<Vec<_>>(), [first.uid]);
    assert_eq!(loads(&store).await, [1], "the user is still there");

    store.unassign_node(SERVICE, "https://one.example", NOW + 70_000).await.unwrap();
    assign(&store, "a@example.org", (11, 6), "bb").await.unwrap();
    assert_eq!(loads(&store).await, [2], "the place at the old record is kept");
    assert_eq!(store.old_records(SERVICE, grace, NOW + 131_000, 100).await.unwrap().len(), 1);
    assert_eq!(store.purge_old_records(SERVICE, grace, NOW + 131_000, 100).await.unwrap().len(), 1);
    assert_eq!(store.purge_old_records(SERVICE, grace, NOW + 131_000, 100).await.unwrap(), []);
    assert_eq!(loads(&store).await, [1]);
}

async fn a_clock_that_goes_back_does_not_revive_an_old_record(database: Database) {
    let store = database.store().await;
    add_node(&store, "https://one.example", 10).await;
    assign(&store, "a@example.org", (0, 0), "aa").await.unwrap();
    let mut earlier = request("a@example.org", 0, 0, "bb");
    earlier.now = NOW - 3_600_000;
    let second = store.assign(&earlier).await.unwrap();
    assert_eq!(second, store.assign(&earlier).await.unwrap());
}

async fn what_no_column_takes_is_refused(database: Database) {
    let store = database.store().await;
    add_node(&store, "https://one.example", 10).await;
    let long = format!("{}@example.org", "a".repeat(250));
    for email in ["", "a\0@example.org", &long] {
        assert!(matches!(assign(&store, email, (1, 1), "aa").await, Err(StoreError::Invalid(_))));
    }
    let state = "a".repeat(33);
    assert!(matches!(assign(&store, "a@example.org", (1, 1), &state).await, Err(StoreError::Invalid(_))));
    let mut elsewhere = request("a@example.org", 1, 1, "aa");
    elsewhere.service = "sync-9".to_owned();
    assert!(
        matches!(store.assign(&elsewhere).await, Err(StoreError::UnknownService(name)) if name == "sync-9")
    );
    assign(&store, &format!("{}@example.org", "é".repeat(240)), (i64::MAX, i64::MAX), "aa").await.unwrap();
}

async fn the_kind_of_the_node_is_told(database: Database) {
    let node_types = NodeTypes::read(&["spanner".to_owned()]).unwrap();
    let store = database.store_with(StoreSettings { node_types, ..StoreSettings::default() }).await;
    add_node(&store, "https://one.example", 10).await;
    for _ in 0..2 {
        let assigned = assign(&store, "a@example.org", (10, 5), "aa").await.unwrap();
        assert_eq!(assigned.node_type.as_deref(), Some("spanner"));
    }
}
