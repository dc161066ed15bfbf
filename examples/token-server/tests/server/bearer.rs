//! The table's lines about bearer tokens.

use serde_json::json;

use super::start;
use crate::support::SYNC;
use crate::support::issuer::SCOPE;

const ORIGINAL: [&str; 2] = ["--behaviour", "original"];
const KEY_ID: [(&str, &str); 1] = [("x-keyid", "0000000001234-qrs")];

#[test]
fn a_bearer_token_is_believed_as_the_accounts_server_makes_it() {
    let server = start(&[]);
    let now = crate::support::issuer::now() / 1000;
    for (header, claims) in [
        (json!({}), json!({})),
        (json!({"typ": "AT+JWT"}), json!({})),
        (json!({"typ": "application/at+jwt"}), json!({})),
        (json!({}), json!({"aud": "https://somebody.example.org"})),
        (json!({}), json!({"scope": format!("profile {SCOPE} openid")})),
        (json!({}), json!({"iat": now + 600})),
    ] {
        let token = server.token(&server.issuer.bearer_with("abc", &header, &claims), &KEY_ID).good();
        assert_eq!(token["uid"], 1, "{header} {claims}");
        let told = server.told(&token["id"]).good();
        assert_eq!(told["claims"]["fxa_kid"], "0000000001234-qrs");
        assert_eq!(told["claims"]["fxa_uid"], "abc");
    }
    for (header, claims) in [
        (json!({"typ": "JWT"}), json!({})),
        (json!({"typ": "absent"}), json!({})),
        (json!({"alg": "RS512"}), json!({})),
        (json!({"alg": "PS256"}), json!({})),
        (json!({"alg": "none"}), json!({})),
        (json!({"kid": "unknown"}), json!({})),
        (json!({}), json!({"exp": now - 1})),
        (json!({}), json!({"exp": "absent"})),
        (json!({}), json!({"nbf": now + 600})),
        (json!({}), json!({"sub": "absent"})),
        (json!({}), json!({"client_id": "absent"})),
        (json!({}), json!({"scope": "profile"})),
        (json!({}), json!({"scope": format!("profile,{SCOPE}")})),
        (json!({}), json!({"scope": format!("{SCOPE}/below")})),
        (json!({}), json!({"scope": format!("{SCOPE}#keys")})),
        (json!({}), json!({"iss": "https://stranger.example.org"})),
    ] {
        let answer = server.token(&server.issuer.bearer_with("abc", &header, &claims), &KEY_ID);
        assert_eq!(answer.status, 401, "{header} {claims}");
        answer.unauthorized("invalid-credentials");
    }
    let bearer = server.issuer.bearer("abc");
    server.token(&format!("{bearer}x"), &KEY_ID).unauthorized("invalid-credentials");
    server.token("Bearer opaque", &KEY_ID).unauthorized("invalid-credentials");
}

#[test]
fn without_a_key_id_the_original_asks_nothing_and_the_successor_refuses() {
    let (original, successor) = (start(&ORIGINAL), start(&[]));
    original.token(&original.issuer.bearer("abc"), &[]).good();
    successor.token(&successor.issuer.bearer("abc"), &[]).refused((
        401,
        "invalid-key-id",
        "header",
        "",
        "Missing X-KeyID header",
    ));
}

#[test]
fn a_key_id_has_its_form() {
    let (original, successor) = (start(&ORIGINAL), start(&[]));
    for server in [&original, &successor] {
        let ask = |key_id: &str| server.token(&server.issuer.bearer("abc"), &[("x-keyid", key_id)]);
        for key_id in ["1234", "x-qrs", "1234-!!", "-qrs"] {
            ask(key_id).unauthorized("invalid-credentials");
        }
        for key_id in ["1234-", "1234-AAAAAAAAAAAAAAAAAAAAAAAA"] {
            let wanted = (400, "error", "header", "X-Client-State", "Invalid client state value");
            ask(key_id).refused(wanted);
        }
        ask("1234-qrs").good();
        let padded = ask("0000000001234-qrs=");
        match std::ptr::eq(server, &original) {
            true => drop(padded.good()),
            false => drop(padded.unauthorized("invalid-credentials")),
        }
    }
}

#[test]
fn a_client_state_beside_a_key_id_is_the_same_in_small_digits() {
    let (original, successor) = (start(&ORIGINAL), start(&[]));
    for server in [&original, &successor] {
        let ask = |state: &str| {
            let headers = [("x-keyid", "1234-qrs"), ("x-client-state", state)];
            server.token(&server.issuer.bearer("abc"), &headers)
        };
        ask("aabb").good();
        for state in ["AABB", "aabc"] {
            ask(state).unauthorized("invalid-client-state");
        }
    }
    let headers = [("x-keyid", "1234-qrs"), ("x-client-state", "")];
    original.token(&original.issuer.bearer("abc"), &headers).unauthorized("invalid-client-state");
}

#[test]
fn one_person_has_one_record_whichever_way_it_came() {
    let server = start(&[]);
    let claims = json!({"fxa-generation": 1234, "fxa-keysChangedAt": 1234});
    let assertion = server.issuer.assertion("abc", &claims);
    let old = [("x-client-state", "aabb")];
    let uid = server.token(&assertion, &old).good()["uid"].clone();
    assert_eq!(server.token(&server.issuer.bearer("abc"), &KEY_ID).good()["uid"], uid);
    let newer = [("x-keyid", "2000-zMw")];
    assert_ne!(server.token(&server.issuer.bearer("abc"), &newer).good()["uid"], uid);
    // New keys by the one way lock out the old keys by the other.
    let answer = server.token(&assertion, &old);
    assert_eq!(answer.status, 401);
    assert_eq!(server.get(SYNC, &[]).status, 401);
}
