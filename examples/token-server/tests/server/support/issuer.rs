//! An issuer and its users: BrowserID assertions and bearer tokens, signed with one RSA key.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use powerhose_token_server::identity::maker::{KeyPair, bundle};
use serde_json::{Value, json};

pub(crate) const HOST: &str = "accounts.example.org";
pub(crate) const AUDIENCE: &str = "https://token.example.org";
pub(crate) const SCOPE: &str = "https://identity.mozilla.com/apps/oldsync";

const KEY: &[u8] = include_bytes!("../../data/throw-away-rsa.pk8");

/// Where the issuer's key lies, and what it signs with.
pub(crate) struct Issuer {
    keys: KeyPair,
    bearer: KeyPair,
    folder: PathBuf,
}

/// Milliseconds since 1970.
pub(crate) fn now() -> i64 {
    i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap()
}

/// The claims with others in the place of some; null takes a claim away.
fn changed(mut claims: Value, changes: &Value) -> Value {
    for (name, value) in changes.as_object().unwrap() {
        match value {
            Value::String(text) if text == "absent" => drop(claims.as_object_mut().unwrap().remove(name)),
            value => claims[name] = value.clone(),
        }
    }
    claims
}

impl Issuer {
    pub(crate) fn new(folder: &Path) -> Issuer {
        let (keys, bearer) = (KeyPair::rs256(KEY).unwrap(), KeyPair::bearer_rs256(KEY).unwrap());
        let set = json!({"keys": [bearer.jwk("1")]});
        fs::write(folder.join("keys.json"), set.to_string()).unwrap();
        fs::write(folder.join("support.json"), keys.support_document().to_string()).unwrap();
        Issuer { keys, bearer, folder: folder.to_owned() }
    }

    /// What tells the server whom to believe.
    pub(crate) fn flags(&self) -> Vec<String> {
        let file = |name: &str| self.folder.join(name).display().to_string();
        let document = format!("{HOST}={}", file("support.json"));
        let issuer = format!("https://{HOST}");
        let flags = [
            ["--audience", AUDIENCE],
            ["--trusted-issuer", HOST],
            ["--support-document", &document],
            ["--bearer-keys", &file("keys.json")],
            ["--bearer-issuer", &issuer],
        ];
        flags.concat().into_iter().map(str::to_owned).collect()
    }

    /// `BrowserID …` for a user, with these claims of certificate and assertion in the place of good ones.
    pub(crate) fn assertion_with(&self, user: &str, certificate: &Value, assertion: &Value) -> String {
        let now = now();
        let certificate = changed(
            json!({
                "iss": HOST, "iat": now - 10_000, "exp": now + 3_600_000,
                "principal": {"email": format!("{user}@{HOST}")}, "public-key": self.keys.public(),
            }),
            certificate,
        );
        let assertion = changed(json!({"aud": AUDIENCE, "exp": now + 300_000}), assertion);
        let (certificate, assertion) = (self.keys.sign(&certificate), self.keys.sign(&assertion));
        format!("BrowserID {}", bundle(&certificate.unwrap(), &assertion.unwrap()))
    }

    /// A good assertion of a user with these claims of the accounts server.
    pub(crate) fn assertion(&self, user: &str, claims: &Value) -> String {
        self.assertion_with(user, claims, &json!({}))
    }

    /// `Bearer …` for a user, with these parts of header and claims in the place of good ones.
    pub(crate) fn bearer_with(&self, user: &str, header: &Value, claims: &Value) -> String {
        let now = now() / 1000;
        let header = changed(json!({"alg": "RS256", "typ": "at+jwt", "kid": "1"}), header);
        let claims = changed(
            json!({
                "iss": format!("https://{HOST}"), "sub": user, "client_id": "5882386c6d801776",
                "iat": now, "exp": now + 3600, "scope": SCOPE,
            }),
            claims,
        );
        format!("Bearer {}", self.bearer.sign_bearer(&header, &claims).unwrap())
    }

    /// A good bearer token of a user.
    pub(crate) fn bearer(&self, user: &str) -> String {
        self.bearer_with(user, &json!({}), &json!({}))
    }
}
