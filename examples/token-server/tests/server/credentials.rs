//! The table's lines about path, headers and assertions.

use serde_json::{Value, json};

use super::start;
use crate::support::issuer::{AUDIENCE, now};
use crate::support::{Answer, NODE, SYNC, Server};

const ORIGINAL: [&str; 2] = ["--behaviour", "original"];

fn bad_client_state(answer: &Answer) {
    answer.refused((400, "error", "header", "X-Client-State", "Invalid client state value"));
}

#[test]
fn good_credentials_are_given_a_token_whatever_the_client_accepts() {
    let server = start(&["--node-type", "sqlite"]);
    let assertion = server.issuer.assertion("abc", &json!({"fxa-generation": 12}));
    let answer = server.token(&assertion, &[("x-client-state", "aabb"), ("accept", "text/html")]);
    let body = answer.good();
    assert_eq!(answer.header("content-type"), Some("application/json"));
    let wanted = ["id", "key", "uid", "api_endpoint", "duration", "hashalg", "hashed_fxa_uid", "node_type"];
    assert_eq!(body.as_object().unwrap().len(), wanted.len());
    assert!(wanted.iter().all(|name| body.get(name).is_some()), "{body}");
    assert_eq!(body["api_endpoint"], format!("{NODE}/1.5/{}", body["uid"]));
    assert_eq!((&body["duration"], &body["hashalg"]), (&json!(3600), &json!("sha256")));
    assert_eq!(body["node_type"], "sqlite");
    assert_eq!(body["key"].as_str().unwrap().len(), 44);
    assert_eq!(body["hashed_fxa_uid"].as_str().unwrap().len(), 32);
    let told = server.told(&body["id"]).good();
    let claims = &told["claims"];
    assert_eq!(told["secret"], body["key"]);
    assert_eq!((&claims["uid"], &claims["node"]), (&body["uid"], &json!(NODE)));
    assert_eq!((&claims["fxa_uid"], &claims["fxa_kid"]), (&json!("abc"), &json!("0000000000012-qrs")));
    assert_eq!(claims["hashed_fxa_uid"], body["hashed_fxa_uid"]);
    assert_eq!(claims["tokenserver_origin"], "rust");
    let expires = claims["expires"].as_u64().unwrap();
    assert!(expires.abs_diff(answer.time() + 3600) <= 2, "{expires}");
    assert!(claims["salt"].is_string() && claims["hashed_device_id"].is_string());
}

#[test]
fn a_path_that_is_unknown_is_404_before_authorization_in_the_original_and_after_it_in_the_successor() {
    let (original, successor) = (start(&ORIGINAL), start(&[]));
    let application = (404, "error", "url", "application", "Unsupported application");
    let version = (404, "error", "url", "9.9", "Unsupported application version");
    original.get("/1.0/other/1.5", &[]).refused(application);
    original.get("/1.0/sync/9.9", &[]).refused(version);
    successor.get("/1.0/other/1.5", &[]).unauthorized("error");
    let assertion = successor.issuer.assertion("abc", &json!({}));
    let authorized = [("authorization", assertion.as_str())];
    successor.get("/1.0/other/1.5", &authorized).refused(application);
    successor.get("/1.0/sync/9.9", &authorized).refused(version);
    for server in [&original, &successor] {
        for path in ["/1.0/sync/1.5/", "/1.0/sync", "/other", "/1.0/sync/1.5/more"] {
            let answer = server.get(path, &[]);
            assert_eq!(answer.check_common().status, 404, "{path}");
            assert!(answer.header("content-type").unwrap().starts_with("text/plain"), "{path}");
        }
    }
}

#[test]
fn a_client_state_that_is_none_is_400_before_a_record_is_made() {
    let (original, successor) = (start(&ORIGINAL), start(&[]));
    let long = "a".repeat(34);
    for state in ["a", "xyz!", "a b", "zz", "aab", &long, "aa-bb", "aa.b"] {
        bad_client_state(&original.get(SYNC, &[("x-client-state", state)]));
        successor.get(SYNC, &[("x-client-state", state)]).unauthorized("error");
        let assertion = successor.issuer.assertion("abc", &json!({}));
        bad_client_state(&successor.token(&assertion, &[("x-client-state", state)]));
    }
    let assertion = |server: &Server| server.issuer.assertion("abc", &json!({}));
    bad_client_state(&successor.token(&assertion(&successor), &[("x-client-state", "")]));
    original.token(&assertion(&original), &[("x-client-state", "")]).good();
    let uid = &successor.token(&assertion(&successor), &[("x-client-state", "aabb")]).good()["uid"];
    assert_eq!(uid, 1, "nobody had a record before");
}

#[test]
fn who_does_not_say_who_asks_is_401() {
    let (original, successor) = (start(&ORIGINAL), start(&[]));
    for server in [&original, &successor] {
        server.get(SYNC, &[]).unauthorized("error");
        for word in ["BrowserID", "Bearer", "x", ""] {
            let answer = server.token(word, &[]);
            assert_eq!(answer.unauthorized("error").header("www-authenticate"), None);
        }
        let answer = server.token("Basic dXNlcjpwYXNz", &[]);
        answer.refused((401, "error", "body", "", "Unsupported"));
        let is_original = std::ptr::eq(server, &original);
        assert_eq!(answer.header("www-authenticate"), is_original.then_some("BrowserID"));
        let assertion = server.issuer.assertion("abc", &json!({}));
        server.token(&assertion.replace("BrowserID", "bROWSERid"), &[]).good();
    }
}

#[test]
fn an_assertion_that_is_not_believed_is_401_and_never_500() {
    for arguments in [&ORIGINAL[..], &[]] {
        let server = start(arguments);
        let issuer = &server.issuer;
        let good = issuer.assertion("abc", &json!({}));
        let (certificate, assertion) = good.rsplit_once('~').unwrap();
        let other = issuer.assertion("abd", &json!({}));
        let forged = format!("{}~{assertion}x", certificate);
        let chain = format!("{certificate}~{}", other.strip_prefix("BrowserID ").unwrap());
        let bad = [
            "BrowserID x".to_owned(),
            "BrowserID ~".to_owned(),
            "BrowserID a.b.c~d.e.f".to_owned(),
            format!("BrowserID {}", "x".repeat(20_000)),
            forged,
            chain,
            issuer.assertion_with("abc", &json!({}), &json!({"aud": "https://other.example.org"})),
            issuer.assertion_with("abc", &json!({"iss": "127.0.0.1:1"}), &json!({})),
            issuer.assertion_with("abc", &json!({"principal": "absent"}), &json!({})),
            issuer.assertion("abc", &json!({"fxa-tokenVerified": false})),
        ];
        for authorization in bad {
            server.token(&authorization, &[]).unauthorized("invalid-credentials");
        }
        server.token(&issuer.assertion("abc", &json!({"fxa-tokenVerified": true})), &[]).good();
    }
}

#[test]
fn times_that_do_not_fit_are_told_apart_from_bad_signatures() {
    let server = start(&[]);
    let issuer = &server.issuer;
    let hour = 3_600_000;
    let (past, ahead) = (json!({"exp": now() - hour}), json!({"iat": now() + hour}));
    for authorization in [
        issuer.assertion_with("abc", &json!({}), &past),
        issuer.assertion_with("abc", &past, &json!({})),
        issuer.assertion_with("abc", &json!({}), &json!({"exp": now() / 1000})),
        issuer.assertion_with("abc", &ahead, &json!({})),
        issuer.assertion_with("abc", &json!({}), &json!({"iat": now() + hour, "exp": now() + 2 * hour})),
    ] {
        server.token(&authorization, &[]).unauthorized("invalid-timestamp");
    }
    let spelled_out = json!({"aud": format!("{AUDIENCE}:443")});
    server.token(&issuer.assertion_with("abc", &json!({}), &spelled_out), &[]).good();
}

#[test]
fn claims_that_are_no_numbers_are_named() {
    let (original, successor) = (start(&ORIGINAL), start(&[]));
    for value in [json!("42"), Value::Null, json!(14.0)] {
        let generation = |server: &Server| {
            server.token(&server.issuer.assertion("abc", &json!({"fxa-generation": value})), &[])
        };
        generation(&original).unauthorized("invalid-generation");
        generation(&successor).unauthorized("invalid-credentials");
        for server in [&original, &successor] {
            let assertion = server.issuer.assertion("abc", &json!({"fxa-keysChangedAt": value}));
            server.token(&assertion, &[]).refused((
                401,
                "invalid-credentials",
                "body",
                "",
                "invalid keysChangedAt",
            ));
        }
    }
    // True is 1, as in Python.
    let assertion = original.issuer.assertion("abc", &json!({"fxa-generation": true}));
    let token = original.token(&assertion, &[]).good();
    assert_eq!(original.told(&token["id"]).good()["claims"]["fxa_kid"], "0000000000001-");
}

#[test]
fn an_issuer_that_cannot_be_asked_is_503() {
    for arguments in [&ORIGINAL[..], &[]] {
        let server = start(&[arguments, &["--issuer-hosts", "everywhere"]].concat());
        // Nobody listens there.
        let claims = json!({"iss": "127.0.0.1:1", "principal": {"email": "abc@127.0.0.1:1"}});
        let answer = server.token(&server.issuer.assertion("abc", &claims), &[]);
        answer.refused((503, "error", "body", "", "Resource is not available"));
        assert_eq!(answer.header("retry-after").is_some(), arguments.is_empty());
    }
}
