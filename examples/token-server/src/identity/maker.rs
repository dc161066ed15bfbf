//! Makes what the other modules verify: keys, support documents, certificates, assertions, bearer tokens. For tests and
//! demonstrations.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use dsa::{BoxedUint, Components, SigningKey, VerifyingKey};
use num_bigint::BigUint;
use ring::rand::{SecureRandom as _, SystemRandom};
use ring::rsa::{self, PublicKeyComponents};
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256,
};
use serde_json::{Value, json};
use sha1::{Digest as _, Sha1};
use sha2::Sha256;

/// The group that browserid-crypto uses for DS128: p, q, g.
const DS128: [&str; 3] = [
    "ff600483db6abfc5b45eab78594b3533d550d9f1bf2a992a7a8daa6dc34f8045ad4e6e0c429d334eeeaaefd7e23d4810\
     be00e4cc1492cba325ba81ff2d5a5b305a8d17eb3bf4a06a349d392e00d329744a5179380344e82a18c47933438f891e\
     22aeef812d69c8f75e326cb70ea000c3f776dfdbd604638c2ef717fc26d02e17",
    "e21e04f911d1ed7991008ecaab3bf775984309c3",
    "c52a4a0ff3b7e61fdf1867ce84138369a6154f4afa92966e3c827e25cfa6cf508b90e5de419e1337e07a2e9e2a3cd5de\
     a704d175f8ebf6af397d69e110b96afb17c7a03259329e4829b0d03bbc7896b15b4ade53e130858cc34d96269aa89041\
     f409136c7242a38895c9d5bccad4f389af1d7a4bd1398bd072dffa896233397a",
];

/// The group that browserid-crypto uses for DS256: p, q, g.
const DS256: [&str; 3] = [
    "d6c4e5045697756c7a312d02c2289c25d40f9954261f7b5876214b6df109c738b76226b199bb7e33f8fc7ac1dcc316e1\
     e7c78973951bfc6ff2e00cc987cd76fcfb0b8c0096b0b460fffac960ca4136c28f4bfb580de47cf7e7934c3985e3b3d9\
     43b77f06ef2af3ac3494fc3c6fc49810a63853862a02bb1c824a01b7fc688e4028527a58ad58c9d512922660db5d505b\
     c263af293bc93bcd6d885a157579d7f52952236dd9d06a4fc3bc2247d21f1a70f5848eb0176513537c983f5a36737f01\
     f82b44546e8e7f0fabc457e3de1d9c5dba96965b10a2a0580b0ad0f88179e10066107fb74314a07e6745863bc797b700\
     2ebec0b000a98eb697414709ac17b401",
    "b1e370f6472c8754ccd75e99666ec8ef1fd748b748bbbc08503d82ce8055ab3b",
    "9a8269ab2e3b733a5242179d8f8ddb17ff93297d9eab00376db211a22b19c854dfa80166df2132cbc51fb224b0904abb\
     22da2c7b7850f782124cb575b116f41ea7c4fc75b1d77525204cd7c23a15999004c23cdeb72359ee74e886a1dde7855a\
     e05fe847447d0a68059002c3819a75dc7dcbb30e39efac36e07e2c404b7ca98b263b25fa314ba93c0625718bd489cea6\
     d04ba4b0b7f156eeb4c56c44b50e4fb5bce9d7ae0d55b379225feb0214a04bed72f33e0664d290e7c840df3e2abb5e48\
     189fa4e90646f1867db289c6560476799f7be8420a6dc01d078de437f280fff2d7ddf1248d56e1a54b933a41629d6c25\
     2983c58795105802d30d7bcd819cf6ef",
];

/// The keys of an issuer, a user or an accounts server.
pub struct KeyPair {
    algorithm: &'static str,
    secret: Secret,
    public: Value,
}

enum Secret {
    Dsa(SigningKey),
    Rsa(rsa::KeyPair),
    P256(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

impl KeyPair {
    /// Fresh DSA keys with p of 1024 bits.
    ///
    /// # Errors
    /// The system gives no randomness.
    pub fn ds128() -> anyhow::Result<Self> {
        Self::dsa("DS128", DS128)
    }

    /// Fresh DSA keys with p of 2048 bits.
    ///
    /// # Errors
    /// The system gives no randomness.
    pub fn ds256() -> anyhow::Result<Self> {
        Self::dsa("DS256", DS256)
    }

    fn dsa(algorithm: &'static str, group: [&str; 3]) -> anyhow::Result<Self> {
        let [p, q, g] = group.map(|hex| BigUint::parse_bytes(hex.as_bytes(), 16).unwrap_or_default());
        let mut random = [0; 40];
        SystemRandom::new().fill(&mut random)?;
        let x = BigUint::from_bytes_be(&random) % (&q - 1_u8) + 1_u8;
        let y = g.modpow(&x, &p);
        let public =
            json!({"algorithm": "DS", "y": format!("{y:x}"), "p": group[0], "q": group[1], "g": group[2]});
        let boxed = |number: &BigUint, like: &BigUint| {
            BoxedUint::from_be_slice(&number.to_bytes_be(), 8 * like.to_bytes_be().len() as u32)
        };
        let group = Components::from_components(boxed(&p, &p)?, boxed(&q, &q)?, boxed(&g, &p)?)?;
        let key = VerifyingKey::from_components(group, boxed(&y, &p)?)?;
        let key = SigningKey::from_components(key, boxed(&x, &q)?)?;
        Ok(Self { algorithm, secret: Secret::Dsa(key), public })
    }

    /// The RSA keys in this PKCS#8 document, for certificates and assertions.
    ///
    /// # Errors
    /// There are none.
    pub fn rs256(pkcs8: &[u8]) -> anyhow::Result<Self> {
        let decimal = |number: Vec<u8>| BigUint::from_bytes_be(&number).to_string();
        Self::rsa(pkcs8, |n, e| json!({"algorithm": "RS", "n": decimal(n), "e": decimal(e)}))
    }

    /// The same for bearer tokens.
    ///
    /// # Errors
    /// There are none.
    pub fn bearer_rs256(pkcs8: &[u8]) -> anyhow::Result<Self> {
        Self::rsa(pkcs8, |n, e| json!({"kty": "RSA", "n": encoded(n), "e": encoded(e)}))
    }

    fn rsa(pkcs8: &[u8], public: impl Fn(Vec<u8>, Vec<u8>) -> Value) -> anyhow::Result<Self> {
        let keys = rsa::KeyPair::from_pkcs8(pkcs8)?;
        let PublicKeyComponents { n, e } = keys.public().into();
        Ok(Self { algorithm: "RS256", secret: Secret::Rsa(keys), public: public(n, e) })
    }

    /// Fresh keys on the curve P-256, for bearer tokens.
    ///
    /// # Errors
    /// The system gives no randomness.
    pub fn es256() -> anyhow::Result<Self> {
        let (random, algorithm) = (SystemRandom::new(), &ECDSA_P256_SHA256_FIXED_SIGNING);
        let document = EcdsaKeyPair::generate_pkcs8(algorithm, &random)?;
        let keys = EcdsaKeyPair::from_pkcs8(algorithm, document.as_ref(), &random)?;
        let (x, y) = keys.public_key().as_ref()[1..].split_at(32);
        let public = json!({"kty": "EC", "crv": "P-256", "x": encoded(x), "y": encoded(y)});
        Ok(Self { algorithm: "ES256", secret: Secret::P256(keys), public })
    }

    /// Fresh Ed25519 keys, for bearer tokens.
    ///
    /// # Errors
    /// The system gives no randomness.
    pub fn eddsa() -> anyhow::Result<Self> {
        let document = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new())?;
        let keys = Ed25519KeyPair::from_pkcs8(document.as_ref())?;
        let public = json!({"kty": "OKP", "crv": "Ed25519", "x": encoded(keys.public_key())});
        Ok(Self { algorithm: "EdDSA", secret: Secret::Ed25519(keys), public })
    }

    /// The algorithm's name in a header.
    #[must_use]
    pub fn algorithm(&self) -> &'static str {
        self.algorithm
    }

    /// The public key as certificates and documents hold it.
    #[must_use]
    pub fn public(&self) -> &Value {
        &self.public
    }

    /// The public key under this name, as a key set holds it.
    #[must_use]
    pub fn jwk(&self, name: &str) -> Value {
        let mut key = self.public.clone();
        key["kid"] = name.into();
        key
    }

    /// The support document of a domain that speaks for itself with these keys.
    #[must_use]
    pub fn support_document(&self) -> Value {
        json!({"public-key": self.public, "authentication": "/sign_in", "provisioning": "/provision"})
    }

    /// Signs the claims of a certificate or an assertion as the real libraries do: an RSA signature loses its leading zero
    /// bytes.
    ///
    /// # Errors
    /// The system gives no randomness.
    pub fn sign(&self, claims: &Value) -> anyhow::Result<String> {
        let (signed, signature) = self.signed(&json!({"alg": self.algorithm}), claims)?;
        let lost = match self.secret {
            Secret::Rsa(_) => signature.iter().take_while(|byte| **byte == 0).count(),
            Secret::Dsa(_) | Secret::P256(_) | Secret::Ed25519(_) => 0,
        };
        Ok(format!("{signed}.{}", encoded(&signature[lost..])))
    }

    /// Signs a bearer token.
    ///
    /// # Errors
    /// The system gives no randomness.
    pub fn sign_bearer(&self, header: &Value, claims: &Value) -> anyhow::Result<String> {
        let (signed, signature) = self.signed(header, claims)?;
        Ok(format!("{signed}.{}", encoded(signature)))
    }

    fn signed(&self, header: &Value, claims: &Value) -> anyhow::Result<(String, Vec<u8>)> {
        let text = format!("{}.{}", encoded(header.to_string()), encoded(claims.to_string()));
        let (signed, random) = (text.as_bytes(), SystemRandom::new());
        let signature = match &self.secret {
            Secret::Dsa(key) if self.algorithm == "DS128" => {
                concatenated(&key.sign_prehashed_rfc6979::<Sha1>(&Sha1::digest(signed))?, 20)
            }
            Secret::Dsa(key) => {
                concatenated(&key.sign_prehashed_rfc6979::<Sha256>(&Sha256::digest(signed))?, 32)
            }
            Secret::Rsa(keys) => {
                let mut signature = vec![0; keys.public().modulus_len()];
                keys.sign(&RSA_PKCS1_SHA256, &random, signed, &mut signature)?;
                signature
            }
            Secret::P256(keys) => keys.sign(&random, signed)?.as_ref().to_vec(),
            Secret::Ed25519(keys) => keys.sign(signed).as_ref().to_vec(),
        };
        Ok((text, signature))
    }
}

/// r and s, each with this many bytes.
fn concatenated(signature: &dsa::Signature, width: usize) -> Vec<u8> {
    let half = |number: &BoxedUint| {
        let bytes = number.to_be_bytes();
        bytes[bytes.len() - width..].to_vec()
    };
    [half(signature.r()), half(signature.s())].concat()
}

/// Joins a certificate and an assertion.
#[must_use]
pub fn bundle(certificate: &str, assertion: &str) -> String {
    format!("{certificate}~{assertion}")
}

fn encoded(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}
