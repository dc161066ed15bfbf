//! Two servers, each a process with workers of its own, that share one PostgreSQL.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::thread;

use rustix::process::Signal;
use serde_json::json;

use crate::support::{SYNC, Server, add_node, agent, try_ask, with_store};

/// 10,000 places in all.
const CAPACITIES: [i64; 7] = [20, 40, 140, 800, 1_400, 2_600, 5_000];
/// Who asks at once.
const CALLERS: usize = 32;

fn empty_database() -> String {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(crate::postgres::new_database())
}

fn node(number: usize) -> String {
    format!("https://{number}.example.net")
}

/// Two servers, and nodes with room for that many thousandths of the capacities.
fn two_servers(database: &str, thousandths: i64) -> [Server; 2] {
    for (number, capacity) in CAPACITIES.iter().enumerate() {
        add_node(database, &node(number), capacity * thousandths / 1000);
    }
    [Server::start_with(database, &[]), Server::start_with(database, &[])]
}

/// Lets users come until they are `users`, each at `first` and, where that one is gone, at the other; every tenth asks
/// both. Gives the uid of each.
fn new_users(servers: &[Server; 2], users: i64, come: &AtomicI64) -> BTreeMap<i64, i64> {
    let work = |caller: usize| {
        let (agent, mut uids) = (agent(), Vec::new());
        loop {
            let user = come.fetch_add(1, Ordering::Relaxed);
            if user >= users {
                return uids;
            }
            let bearer = servers[0].issuer.bearer(&format!("user{user}"));
            let headers = [("authorization", &*bearer), ("x-keyid", "0000000000001-qrs")];
            let uid = |server: &Server| {
                let answer = try_ask(&agent, &server.address, "GET", SYNC, &headers, "").ok()?;
                Some(answer.good()["uid"].as_i64().unwrap())
            };
            let (first, other) = (&servers[caller % 2], &servers[(caller + 1) % 2]);
            let (found, again) = match user % 10 {
                0 => thread::scope(|scope| {
                    let again = scope.spawn(|| uid(other));
                    (uid(first), again.join().unwrap())
                }),
                _ => (uid(first), None),
            };
            let found = found.or(again).or_else(|| uid(other)).expect("one of them lives");
            assert!(again.is_none_or(|again| again == found), "user{user} has two records");
            uids.push((user, found));
        }
    };
    thread::scope(|scope| {
        let callers: Vec<_> = (0..CALLERS).map(|caller| scope.spawn(move || work(caller))).collect();
        callers.into_iter().flat_map(|caller| caller.join().unwrap()).collect()
    })
}

/// Every place is taken, by one user each.
fn demand_full(database: &str, server: &Server, uids: &BTreeMap<i64, i64>) {
    let nodes = with_store(database, async |store| store.nodes("sync-1.5").await.unwrap());
    assert!(nodes.iter().all(|node| node.current_load == node.capacity), "{nodes:?}");
    let places: i64 = nodes.iter().map(|node| node.capacity).sum();
    let different: std::collections::BTreeSet<&i64> = uids.values().collect();
    assert_eq!((i64::try_from(uids.len()).unwrap(), different.len()), (places, uids.len()));
    let late = server.token(&server.issuer.bearer("late"), &[("x-keyid", "0000000000001-qrs")]);
    late.refused((503, "internal-error", "internal", "", "Server error"));
}

#[test]
fn two_servers_give_10_000_new_users_to_7_nodes_and_no_place_or_user_twice() {
    let database = empty_database();
    let servers = two_servers(&database, 1000);
    let uids = new_users(&servers, 10_000, &AtomicI64::new(0));
    demand_full(&database, &servers[1], &uids);
}

#[test]
fn a_server_that_is_killed_takes_no_place_and_no_user_with_it() {
    let database = empty_database();
    let servers = two_servers(&database, 100);
    let come = AtomicI64::new(0);
    let uids = thread::scope(|scope| {
        let uids = scope.spawn(|| new_users(&servers, 1000, &come));
        while come.load(Ordering::Relaxed) < 300 {
            thread::yield_now();
        }
        servers[1].signal(Signal::KILL);
        uids.join().unwrap()
    });
    demand_full(&database, &servers[0], &uids);
    let again = |user: &str| {
        let answer = servers[0].token(&servers[0].issuer.bearer(user), &[("x-keyid", "0000000000001-qrs")]);
        answer.good()["uid"].clone()
    };
    for (user, uid) in &uids {
        assert_eq!(again(&format!("user{user}")), json!(uid));
    }
}
