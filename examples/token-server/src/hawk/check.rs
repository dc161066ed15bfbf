//! Whether a request is signed with the secret of its token. For workers: it computes.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::digest::{SHA256, digest};
use ring::hmac;
use serde::{Deserialize, Serialize};
use strum::IntoStaticStr;
use thiserror::Error;

use super::Header;

/// How far a client's clock may be off. 60 seconds themselves are too far.
pub(super) const SKEW_SECONDS_MAX: u64 = 60;

/// A request as it came in. Holds a token, therefore without `Debug`.
#[derive(Clone, Serialize, Deserialize)]
pub struct Presented {
    /// What the client says of it.
    pub header: Header,
    /// `GET`, `POST` …
    pub method: String,
    /// The path and the query, as they stand in the request.
    pub resource: String,
    /// The host that the client asked, without its port.
    pub host: String,
    /// The port that the client asked.
    pub port: u16,
    /// The content type of the body, empty if there is none.
    pub content_type: String,
    /// The body, in base64.
    pub body: String,
}

/// Why a request is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error, IntoStaticStr)]
pub enum Fault {
    /// The secret of this token did not make this signature over this request.
    #[error("the signature does not belong to this request")]
    #[strum(serialize = "bad_mac")]
    Signature,
    /// The header has a hash of another body.
    #[error("the body is not the one that was hashed")]
    #[strum(serialize = "bad_payload_hash")]
    Body,
}

impl Fault {
    /// A stable name for programs.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// A request whose signature is good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Checked {
    /// It was signed now.
    Good,
    /// It was signed at another time than now.
    Stale {
        /// The signature of our own time, so that the client can believe it.
        proof: String,
    },
}

impl Presented {
    /// The token that the request is made with.
    #[must_use]
    pub fn token(&self) -> &str {
        &self.header.id
    }

    /// Checks signature, body and time, in this order. `now` is the time since 1970.
    ///
    /// # Errors
    /// [`Fault`]
    pub fn check(&self, key: &[u8], now: Duration) -> Result<Checked, Fault> {
        let key = hmac::Key::new(hmac::HMAC_SHA256, key);
        let signature = STANDARD.decode(&self.header.mac).map_err(|_| Fault::Signature)?;
        hmac::verify(&key, self.normalized().as_bytes(), &signature).map_err(|_| Fault::Signature)?;
        if self.header.hash.as_ref().is_some_and(|hash| *hash != self.body_hash()) {
            return Err(Fault::Body);
        }
        let now = now.as_secs();
        if now.abs_diff(self.header.ts) < SKEW_SECONDS_MAX {
            return Ok(Checked::Good);
        }
        let proof = hmac::sign(&key, format!("hawk.1.ts\n{now}\n").as_bytes());
        Ok(Checked::Stale { proof: STANDARD.encode(proof) })
    }

    /// The signature that makes the request good.
    #[must_use]
    pub fn sign(&self, key: &[u8]) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA256, key);
        STANDARD.encode(hmac::sign(&key, self.normalized().as_bytes()))
    }

    /// What is signed.
    fn normalized(&self) -> String {
        let Presented { header, method, resource, host, port, .. } = self;
        let Header { ts, nonce, .. } = header;
        let hash = header.hash.as_deref().unwrap_or_default();
        let ext = header.ext.as_deref().unwrap_or_default().replace('\\', "\\\\").replace('\n', "\\n");
        let (method, host) = (method.to_uppercase(), host.to_lowercase());
        let mut text =
            format!("hawk.1.header\n{ts}\n{nonce}\n{method}\n{resource}\n{host}\n{port}\n{hash}\n{ext}\n");
        if let Some(app) = &header.app {
            text += &format!("{app}\n{}\n", header.dlg.as_deref().unwrap_or_default());
        }
        text
    }

    fn body_hash(&self) -> String {
        let kind = self.content_type.split(';').next().unwrap_or_default().trim().to_lowercase();
        let body = STANDARD.decode(&self.body).unwrap_or_default();
        let text = [format!("hawk.1.payload\n{kind}\n").as_bytes(), &body, b"\n"].concat();
        STANDARD.encode(digest(&SHA256, &text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the HAWK documentation.
    const KEY: &[u8] = b"werxhqb98rpaxn39848xrunpaw3489ruxnpa98w4rxn";

    fn example(method: &str, body: &str, header: Header) -> Presented {
        Presented {
            header: Header {
                id: "dh37fgj492je".to_owned(),
                ts: 1_353_832_234,
                nonce: "j4h3g2".to_owned(),
                ext: Some("some-app-ext-data".to_owned()),
                ..header
            },
            method: method.to_owned(),
            resource: "/resource/1?b=1&a=2".to_owned(),
            host: "Example.com".to_owned(),
            port: 8000,
            content_type: "text/plain; charset=utf-8".to_owned(),
            body: STANDARD.encode(body),
        }
    }

    fn get() -> Presented {
        let mac = "6R4rV5iE+NPoym+WwjeHzjAGXUtLNIxmo1vpMofpLAE=".to_owned();
        example("GET", "", Header { mac, ..Header::default() })
    }

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn the_examples_of_the_documentation_are_good() {
        assert_eq!(get().check(KEY, at(1_353_832_234)), Ok(Checked::Good));
        let mac = "aSe1DERmZuRl3pI36/9BdZmnErTw3sNzOOAUlfeKjVw=".to_owned();
        let hash = Some("Yi9LfIIFRtBEPt74PVmbTF/xVAwPn7ub15ePICfgnuY=".to_owned());
        let header = Header { mac, hash, ..Header::default() };
        let post = example("POST", "Thank you for flying Hawk", header.clone());
        assert_eq!(post.check(KEY, at(1_353_832_234)), Ok(Checked::Good));
        let other = example("POST", "Thank you for flying Hawks", header);
        assert_eq!(other.check(KEY, at(1_353_832_234)), Err(Fault::Body));
    }

    #[test]
    fn every_part_of_the_request_is_signed() {
        let changes: [fn(&mut Presented); 8] = [
            |request| request.method = "PUT".to_owned(),
            |request| request.resource += "3",
            |request| request.host = "example.org".to_owned(),
            |request| request.port = 80,
            |request| request.header.nonce = "j4h3g3".to_owned(),
            |request| request.header.ts += 1,
            |request| request.header.ext = None,
            |request| request.header.hash = Some("x".to_owned()),
        ];
        for change in changes {
            let mut request = get();
            change(&mut request);
            assert_eq!(request.check(KEY, at(1_353_832_234)), Err(Fault::Signature));
        }
        assert_eq!(get().check(b"another", at(1_353_832_234)), Err(Fault::Signature));
    }

    #[test]
    fn sixty_seconds_are_too_far() {
        for seconds in [1_353_832_175, 1_353_832_293] {
            assert_eq!(get().check(KEY, at(seconds)), Ok(Checked::Good));
        }
        for seconds in [1_353_832_174, 1_353_832_294] {
            assert!(matches!(get().check(KEY, at(seconds)), Ok(Checked::Stale { .. })));
        }
    }
}
