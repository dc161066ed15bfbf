//! What stands in a token, named and formed as Mozilla's Token Server does.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// Characters of a hashed id.
const HASHED_CHARACTERS: usize = 32;

/// The claim that is encrypted.
const PRIVATE: &str = "private";

/// Whom a token is for. Holds an id of a person, therefore without `Debug`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// The user's number on its node.
    pub uid: i64,
    /// The node's URL, as the database has it.
    pub node: String,
    /// The account: what stands before the `@` of its address.
    pub fxa_uid: String,
    /// The device that asks, if the identity names one.
    pub device: Option<String>,
    /// The account's generation, 0 if none was ever seen.
    pub generation: i64,
    /// When its keys were changed, 0 if that was never seen.
    pub keys_changed_at: i64,
    /// The client state in hexadecimal digits, an even number of them; empty if there is none.
    pub client_state: String,
}

/// Which claims a token carries beside the common ones, and which of them nobody but we can read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Form {
    /// `tokenserver_origin`, which the successor writes.
    pub origin: Option<String>,
    /// Names of claims that are encrypted, under `private`.
    pub sealed: Vec<String>,
}

/// The hashed ids of an account and its device, for metrics.
pub(super) struct Hashed {
    pub(super) account: String,
    pub(super) device: String,
}

impl Hashed {
    pub(super) fn new(metrics_secret: &[u8], holder: &Holder) -> Hashed {
        let key = hmac::Key::new(hmac::HMAC_SHA256, metrics_secret);
        let hash = |text: &str| {
            let mut digits = hex::encode(hmac::sign(&key, text.as_bytes()));
            digits.truncate(HASHED_CHARACTERS);
            digits
        };
        let account = hash(&holder.fxa_uid);
        let device = hash(&format!("{account}{}", holder.device.as_deref().unwrap_or("none")));
        Hashed { account, device }
    }
}

/// The claims of a token; `salt` and `expires` are the signer's to add.
pub(super) fn claims(holder: &Holder, hashed: &Hashed, form: &Form) -> Map<String, Value> {
    let claims = json!({
        "uid": holder.uid,
        "node": holder.node,
        "fxa_uid": holder.fxa_uid,
        "fxa_kid": key_id(holder),
        "hashed_fxa_uid": hashed.account,
        "hashed_device_id": hashed.device,
    });
    let Value::Object(mut claims) = claims else { unreachable!("it is written as an object") };
    if let Some(origin) = &form.origin {
        claims.insert("tokenserver_origin".to_owned(), json!(origin));
    }
    let sealed = form.sealed.iter().filter_map(|name| claims.remove(name).map(|value| (name.clone(), value)));
    let sealed: Map<String, Value> = sealed.collect();
    if !sealed.is_empty() {
        claims.insert(PRIVATE.to_owned(), Value::Object(sealed));
    }
    claims
}

/// A good token's claims as they were before some of them were sealed.
pub(super) fn unsealed(mut claims: Map<String, Value>) -> Map<String, Value> {
    if let Some(Value::Object(private)) = claims.remove(PRIVATE) {
        claims.extend(private);
    }
    claims
}

/// The id of the account's keys: when they were changed, and their hash.
fn key_id(holder: &Holder) -> String {
    let changed_at = match holder.keys_changed_at {
        0 => holder.generation,
        changed_at => changed_at,
    };
    let state = hex::decode(&holder.client_state).unwrap_or_default();
    format!("{changed_at:013}-{}", URL_SAFE_NO_PAD.encode(state))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(crate) fn holder() -> Holder {
        Holder {
            uid: 7,
            node: "https://n1.example.com".to_owned(),
            fxa_uid: "abc".to_owned(),
            device: None,
            generation: 12,
            keys_changed_at: 1234,
            client_state: "aaba".to_owned(),
        }
    }

    #[test]
    fn the_key_id_is_thirteen_digits_and_the_client_state() {
        assert_eq!(key_id(&holder()), "0000000001234-qro");
        let old = Holder { keys_changed_at: 0, client_state: String::new(), ..holder() };
        assert_eq!(key_id(&old), "0000000000012-");
        assert_eq!(key_id(&Holder { generation: 0, ..old }), "0000000000000-");
        assert_eq!(key_id(&Holder { client_state: "AABB".to_owned(), ..holder() }), "0000000001234-qrs");
    }

    #[test]
    fn hashed_ids_are_half_an_hmac() {
        // python3: hmac.new(b"secret", b"abc", "sha256").hexdigest()[:32], then the same of that and "none"
        let hashed = Hashed::new(b"secret", &holder());
        assert_eq!(hashed.account, "9946dad4e00e913fc8be8e5d3f7e110a");
        assert_eq!(hashed.device.len(), 32);
        let other = Hashed::new(b"secret", &Holder { device: Some("d".to_owned()), ..holder() });
        assert_eq!(other.account, hashed.account);
        assert_ne!(other.device, hashed.device);
    }

    #[test]
    fn sealed_claims_lie_under_private_and_come_back() {
        let hashed = Hashed::new(b"secret", &holder());
        let open = claims(&holder(), &hashed, &Form::default());
        let form = Form { origin: None, sealed: vec!["fxa_uid".to_owned(), "unknown".to_owned()] };
        let closed = claims(&holder(), &hashed, &form);
        assert!(!closed.contains_key("fxa_uid") && closed[PRIVATE]["fxa_uid"] == "abc");
        assert_eq!(unsealed(closed), open);
    }
}
