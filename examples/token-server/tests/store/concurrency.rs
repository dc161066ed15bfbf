//! Many requests at once, at two servers that share a database.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use powerhose_token_server::store::Store;
use powerhose_token_server::store::error::{Refusal, StoreError};
use powerhose_token_server::store::place::place;
use tokio::task::JoinSet;

use crate::databases::{Database, NOW, SERVICE, add_node, assign, on_both};

on_both!(
    an_account_that_is_retired_while_it_is_used_stays_retired,
    one_user_who_asks_everywhere_at_once_gets_one_uid,
    two_servers_fill_the_nodes_in_their_order_and_no_further,
);

async fn one_user_who_asks_everywhere_at_once_gets_one_uid(database: Database) {
    let stores = [Arc::new(database.store().await), Arc::new(database.store().await)];
    add_node(&stores[0], "https://one.example", 100).await;
    let first = uid_of_32(&stores, (10, 5), "aa").await;
    let second = uid_of_32(&stores, (11, 6), "bb").await;
    stores[0].unassign_node(SERVICE, "https://one.example", NOW).await.unwrap();
    let third = uid_of_32(&stores, (11, 6), "bb").await;
    assert!(first < second && second < third);
    let load = stores[0].nodes(SERVICE).await.unwrap()[0].current_load;
    assert_eq!(load, 2, "at first, and after it was unassigned");
}

async fn uid_of_32(stores: &[Arc<Store>; 2], numbers: (i64, i64), client_state: &'static str) -> i64 {
    let mut asked = JoinSet::new();
    for number in 0..32 {
        let store = Arc::clone(&stores[number % 2]);
        asked.spawn(async move { assign(&store, "a@example.org", numbers, client_state).await.unwrap().uid });
    }
    let uids: BTreeSet<i64> = asked.join_all().await.into_iter().collect();
    assert_eq!(uids.len(), 1, "{uids:?}");
    uids.into_iter().next().unwrap()
}

async fn an_account_that_is_retired_while_it_is_used_stays_retired(database: Database) {
    let stores = [Arc::new(database.store().await), Arc::new(database.store().await)];
    add_node(&stores[0], "https://one.example", 100).await;
    for user in 0..20 {
        retire_while_used(&stores, Arc::from(format!("{user}@example.org"))).await;
    }
}

async fn retire_while_used(stores: &[Arc<Store>; 2], email: Arc<str>) {
    assign(&stores[0], &email, (1, 1), "aa").await.unwrap();
    let generation = Arc::new(AtomicI64::new(1));
    let retired = Arc::new(AtomicBool::new(false));
    let mut asked = JoinSet::new();
    for task in 0..8 {
        let (store, email) = (Arc::clone(&stores[task % 2]), Arc::clone(&email));
        let (generation, retired) = (Arc::clone(&generation), Arc::clone(&retired));
        asked.spawn(async move {
            loop {
                let was_retired = retired.load(Ordering::Acquire);
                let newest = generation.fetch_add(1, Ordering::Relaxed) + 1;
                let answer = assign(&store, &email, (newest, newest), "aa").await;
                if was_retired {
                    assert!(
                        matches!(answer, Err(StoreError::Refused(Refusal::InvalidGeneration))),
                        "{answer:?}"
                    );
                    break;
                }
            }
        });
    }
    while generation.load(Ordering::Relaxed) < 20 {
        tokio::task::yield_now().await;
    }
    stores[1].retire_user(&email, NOW).await.unwrap();
    retired.store(true, Ordering::Release);
    asked.join_all().await;
}

/// On SQLite a twentieth of it: each of its commits waits for the disk.
async fn two_servers_fill_the_nodes_in_their_order_and_no_further(database: Database) {
    let scale = if database.url.starts_with("sqlite") { 1 } else { 20 };
    let capacities = [1, 2, 7, 40, 70, 130, 250].map(|capacity| capacity * scale);
    let users: i64 = capacities.iter().sum();
    assert!(scale == 1 || users == 10_000);
    let stores = [Arc::new(database.store().await), Arc::new(database.store().await)];
    for (number, capacity) in capacities.iter().enumerate() {
        add_node(&stores[0], &format!("https://{number}.example"), *capacity).await;
    }
    let mut expected = stores[0].nodes(SERVICE).await.unwrap();

    let mut uids = BTreeSet::new();
    for half in [0..users / 2, users / 2..users] {
        for _ in half.clone() {
            let placement = place(expected.clone());
            for (id, available) in placement.refilled {
                expected.iter_mut().find(|node| node.id == id).unwrap().available = available;
            }
            let chosen =
                expected.iter_mut().find(|node| node.id == placement.chosen.as_ref().unwrap().id).unwrap();
            chosen.current_load += 1;
            chosen.available = (chosen.available - 1).max(0);
        }
        uids.extend(new_users(&stores, half).await);
        assert_eq!(stores[0].nodes(SERVICE).await.unwrap(), expected);
    }
    assert_eq!(i64::try_from(uids.len()).unwrap(), users, "nobody shares a uid");
    assert!(expected.iter().all(|node| node.current_load == node.capacity));
    let one_more = assign(&stores[1], "late@example.org", (1, 1), "aa").await;
    assert!(matches!(one_more, Err(StoreError::NoNode)));
}

/// 64 at a time, spread over both.
async fn new_users(stores: &[Arc<Store>; 2], numbers: std::ops::Range<i64>) -> Vec<i64> {
    let mut asked = JoinSet::new();
    for task in 0..64 {
        let store = Arc::clone(&stores[task % 2]);
        let mine: Vec<i64> = numbers.clone().skip(task).step_by(64).collect();
        asked.spawn(async move {
            let mut uids = Vec::new();
            for number in mine {
                let email = format!("{number}@example.org");
                uids.push(assign(&store, &email, (1, 1), "aa").await.unwrap().uid);
            }
            uids
        });
    }
    asked.join_all().await.into_iter().flatten().collect()
}
