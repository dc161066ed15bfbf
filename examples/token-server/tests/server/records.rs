//! The table's lines about what is stored of a user, on both databases.

use serde_json::{Value, json};

use crate::support::{Answer, Server, add_node, on_both};

on_both! {
    generations_only_grow,
    keys_only_get_newer,
    a_client_state_changes_with_generation_and_keys,
    new_users_can_be_kept_out,
    a_service_that_is_full_says_when_to_come_back,
    a_service_without_a_pattern_is_503,
}

/// The user `abc` with these claims and this client state.
fn asked(server: &Server, claims: Value, state: &str) -> Answer {
    server.token(&server.issuer.assertion("abc", &claims), &[("x-client-state", state)])
}

fn generation(generation: i64) -> Value {
    json!({"fxa-generation": generation})
}

fn both(generation: i64, keys: i64) -> Value {
    json!({"fxa-generation": generation, "fxa-keysChangedAt": keys})
}

fn generations_only_grow(database: &str) {
    let server = Server::start_with(database, &[]);
    let uid = asked(&server, generation(12), "aaaa").good()["uid"].clone();
    asked(&server, generation(11), "aaaa").unauthorized("invalid-generation");
    for claims in [generation(12), json!({}), generation(0), generation(14)] {
        assert_eq!(asked(&server, claims, "aaaa").good()["uid"], uid);
    }
    asked(&server, generation(12), "aaaa").unauthorized("invalid-generation");
    asked(&server, generation(-1), "aaaa").unauthorized("invalid-generation");
    drop(server);
    let original = Server::start_with(database, &["--behaviour", "original"]);
    assert_eq!(asked(&original, generation(-1), "aaaa").good()["uid"], uid);
}

fn keys_only_get_newer(database: &str) {
    let server = Server::start_with(database, &[]);
    // Above the generation: not looked at the first time.
    asked(&server, both(10, 11), "aaaa").good();
    for claims in [both(12, 10), generation(12)] {
        asked(&server, claims, "aaaa").unauthorized("invalid-keysChangedAt");
    }
    asked(&server, both(12, 13), "aaaa").unauthorized("invalid-keysChangedAt");
    asked(&server, json!({"fxa-keysChangedAt": 15}), "aaaa").good();
    // The generation moved to it.
    asked(&server, both(14, 15), "aaaa").unauthorized("invalid-generation");
    asked(&server, both(15, 15), "aaaa").good();
}

fn a_client_state_changes_with_generation_and_keys(database: &str) {
    let server = Server::start_with(database, &[]);
    let unacceptable = |claims, state: &str, why: &str| {
        let text = format!("Unacceptable client-state value {why}");
        let wanted = (401, "invalid-client-state", "header", "X-Client-State", &*text);
        asked(&server, claims, state).refused(wanted);
    };
    let first = asked(&server, both(10, 10), "aaaa").good();
    unacceptable(both(10, 10), "bbbb", "new value with no generation change");
    unacceptable(both(11, 10), "bbbb", "new value with no keys_changed_at change");
    let second = asked(&server, both(12, 12), "bbbb").good();
    assert_ne!(second["uid"], first["uid"], "a new uid");
    assert_eq!(node(&second), node(&first), "on the same node");
    unacceptable(both(13, 13), "aaaa", "stale value");
    let answer = server.token(&server.issuer.assertion("abc", &both(13, 13)), &[]);
    let text = "Unacceptable client-state value empty string";
    answer.refused((401, "invalid-client-state", "header", "X-Client-State", text));
    // Capitals are another client state.
    asked(&server, both(13, 13), "BBBB").good();
}

fn node(token: &Value) -> String {
    let endpoint = token["api_endpoint"].as_str().unwrap();
    endpoint.rsplit_once('/').unwrap().0.to_owned()
}

fn new_users_can_be_kept_out(database: &str) {
    drop(Server::start_with(database, &[]));
    let kept_out = ["--new-users", "disabled", "--behaviour"];
    let successor = Server::start_with(database, &[&kept_out[..], &["successor"]].concat());
    let wanted = (403, "new-users-disabled", "body", "", "New users are not allowed");
    asked(&successor, generation(1), "aaaa").refused(wanted);
    drop(successor);
    let original = Server::start_with(database, &[&kept_out[..], &["original"]].concat());
    asked(&original, generation(1), "aaaa").unauthorized("new-users-disabled");
}

fn a_service_that_is_full_says_when_to_come_back(database: &str) {
    add_node(database, "https://full.example.net", 0);
    for behaviour in ["original", "successor"] {
        let server = Server::start_with(database, &["--behaviour", behaviour]);
        let answer = asked(&server, generation(1), "aaaa");
        assert_eq!(answer.check_common().status, 503);
        let wait: u64 = answer.header("retry-after").unwrap().parse().unwrap();
        assert!((1800..=1890).contains(&wait), "{wait}");
        let body = answer.json();
        match behaviour {
            "original" => assert!(body.as_str().unwrap().starts_with("application error: crash id ")),
            _ => drop(answer.refused((503, "internal-error", "internal", "", "Server error"))),
        }
    }
}

fn a_service_without_a_pattern_is_503(database: &str) {
    let server = Server::start_with(database, &["--application", "other/1.0", "--behaviour", "original"]);
    let assertion = server.issuer.assertion("abc", &json!({}));
    let answer = server.get("/1.0/other/1.0", &[("authorization", &assertion)]);
    let text = "The api_endpoint pattern for u'other-1.0' is not known";
    answer.refused((503, "error", "body", "", text));
}
