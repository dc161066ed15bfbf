//! An issuer and its users: BrowserID assertions and bearer tokens, signed with one RSA key.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use num_bigint::BigUint;
use ring::rand::SystemRandom;
use ring::rsa::PublicKeyComponents;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use serde_json::{Value, json};

pub(crate) const HOST: &str = "accounts.example.org";
pub(crate) const AUDIENCE: &str = "https://token.example.org";
pub(crate) const SCOPE: &str = "https://identity.mozilla.com/apps/oldsync";

/// Where the issuer's key lies, and what it signs with.
pub(crate) struct Issuer {
    key: RsaKeyPair,
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
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../token/tests/keys/rfc7515-a2-rs256.pem");
        let pem = fs::read_to_string(path).unwrap();
        let lines = pem.lines().filter(|line| !line.starts_with("-----"));
        let key = RsaKeyPair::from_pkcs8(&STANDARD.decode(lines.collect::<String>()).unwrap()).unwrap();
        let issuer = Issuer { key, folder: folder.to_owned() };
        let (n, e) = (issuer.modulus(), issuer.exponent());
        let keys = json!({"keys": [{
            "kty": "RSA", "kid": "1", "alg": "RS256", "use": "sig",
            "n": URL_SAFE_NO_PAD.encode(&n), "e": URL_SAFE_NO_PAD.encode(&e),
        }]});
        fs::write(folder.join("keys.json"), keys.to_string()).unwrap();
        let document = json!({
            "public-key": issuer.public_key(), "authentication": "/sign_in", "provisioning": "/provision",
        });
        fs::write(folder.join("support.json"), document.to_string()).unwrap();
        issuer
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

    fn modulus(&self) -> Vec<u8> {
        PublicKeyComponents::<Vec<u8>>::from(self.key.public()).n
    }

    fn exponent(&self) -> Vec<u8> {
        PublicKeyComponents::<Vec<u8>>::from(self.key.public()).e
    }

    fn public_key(&self) -> Value {
        let decimal = |bytes: Vec<u8>| BigUint::from_bytes_be(&bytes).to_string();
        json!({"algorithm": "RS", "n": decimal(self.modulus()), "e": decimal(self.exponent())})
    }

    fn signed(&self, header: &Value, claims: &Value) -> String {
        let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let text = format!("{}.{}", encode(header), encode(claims));
        let mut signature = vec![0; self.key.public().modulus_len()];
        let random = SystemRandom::new();
        self.key.sign(&RSA_PKCS1_SHA256, &random, text.as_bytes(), &mut signature).unwrap();
        format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    /// `BrowserID …` for a user, with these claims of certificate and assertion in the place of good ones.
    pub(crate) fn assertion_with(&self, user: &str, certificate: &Value, assertion: &Value) -> String {
        let now = now();
        let certificate = changed(
            json!({
                "iss": HOST, "iat": now - 10_000, "exp": now + 3_600_000,
                "principal": {"email": format!("{user}@{HOST}")}, "public-key": self.public_key(),
            }),
            certificate,
        );
        let assertion = changed(json!({"aud": AUDIENCE, "exp": now + 300_000}), assertion);
        let header = json!({"alg": "RS256"});
        let (certificate, assertion) = (self.signed(&header, &certificate), self.signed(&header, &assertion));
        format!("BrowserID {certificate}~{assertion}")
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
        format!("Bearer {}", self.signed(&header, &claims))
    }

    /// A good bearer token of a user.
    pub(crate) fn bearer(&self, user: &str) -> String {
        self.bearer_with(user, &json!({}), &json!({}))
    }
}
