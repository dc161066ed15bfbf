//! Answers that say why not, in the form of Mozilla's Token Server:
//! `{"status": …, "errors": [{"location", "name", "description"}]}`, always one error.
//!
//! No text quotes the request.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use powerhose::{JobError, JobErrorKind};
use ring::rand::{SecureRandom as _, SystemRandom};
use serde_json::json;
use strum::IntoStaticStr;

use crate::behaviour::Behaviour;
use crate::identity::{ErrorKind, IdentityError};
use crate::store::error::{Refusal, StoreError};

/// Seconds after which a server that is too busy may be asked again.
pub(super) const BUSY_SECONDS: u64 = 1;
/// Seconds after which something that could not be reached may be asked for again.
const UNREACHABLE_SECONDS: u64 = 10;
/// Seconds after which there may be a node again, and up to a twentieth more, so that not all come back at once.
const NO_NODE_SECONDS: u64 = 1800;

/// How an identity was shown; the two are refused in different words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, IntoStaticStr)]
#[strum(serialize_all = "lowercase")]
pub enum Scheme {
    /// An assertion.
    BrowserId,
    /// A bearer token.
    Bearer,
}

/// An answer that says why not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    status: StatusCode,
    word: &'static str,
    location: &'static str,
    name: Box<str>,
    description: Box<str>,
    /// What stands in the place of all that, as the original has it where it broke down.
    text: Option<Box<str>>,
    retry_after_seconds: Option<u64>,
    challenge: Option<Box<str>>,
}

impl Problem {
    /// With these words.
    pub fn new(status: StatusCode, word: &'static str, location: &'static str, description: &str) -> Problem {
        Problem {
            status,
            word,
            location,
            name: "".into(),
            description: description.into(),
            text: None,
            retry_after_seconds: None,
            challenge: None,
        }
    }

    /// 401: not to be believed.
    pub fn unauthorized(word: &'static str) -> Problem {
        Problem::new(StatusCode::UNAUTHORIZED, word, "body", "Unauthorized")
    }

    /// 401 for what is believed but does not fit.
    pub fn invalid_client_state() -> Problem {
        Problem::unauthorized("invalid-client-state")
    }

    /// 400: a header or parameter of this name is no such thing.
    pub fn bad_client_state() -> Problem {
        Problem::new(StatusCode::BAD_REQUEST, "error", "header", "Invalid client state value")
            .named("X-Client-State")
    }

    /// 503 that tells when to come back.
    pub fn unavailable(retry_after_seconds: u64) -> Problem {
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, "error", "body", "Resource is not available")
            .retry_after(retry_after_seconds)
    }

    /// 429: this address or issuer has had its share.
    pub fn too_many(by: &'static str, retry_after_seconds: u64) -> Problem {
        Problem::new(StatusCode::TOO_MANY_REQUESTS, "error", "body", "Too many verifications")
            .named(by)
            .retry_after(retry_after_seconds)
    }

    /// 500: something that must not happen; the log has said what.
    pub fn internal(behaviour: Behaviour) -> Problem {
        Problem::server_error(StatusCode::INTERNAL_SERVER_ERROR, behaviour)
    }

    fn server_error(status: StatusCode, behaviour: Behaviour) -> Problem {
        // An id of zeros is as good where nobody looks it up.
        let crash = || format!("application error: crash id {}", hex::encode(drawn::<16>())).into();
        let text = (behaviour == Behaviour::Original).then(crash);
        Problem { text, ..Problem::new(status, "internal-error", "internal", "Server error") }
    }

    /// The error's name.
    #[must_use]
    pub fn named(self, name: &str) -> Problem {
        Problem { name: name.into(), ..self }
    }

    #[must_use]
    fn retry_after(self, seconds: u64) -> Problem {
        Problem { retry_after_seconds: Some(seconds), ..self }
    }

    /// With `WWW-Authenticate`.
    #[must_use]
    pub fn challenge(self, challenge: impl Into<Box<str>>) -> Problem {
        Problem { challenge: Some(challenge.into()), ..self }
    }

    /// An identity that is not believed.
    pub fn identity(error: &IdentityError, scheme: Scheme, behaviour: Behaviour) -> Problem {
        match (error.kind, scheme) {
            (ErrorKind::Expired | ErrorKind::IssuedLater, Scheme::BrowserId) => {
                Problem::unauthorized("invalid-timestamp")
            }
            (ErrorKind::Generation, _) if behaviour == Behaviour::Original => {
                Problem::unauthorized("invalid-generation")
            }
            (ErrorKind::KeysChangedAt, _) => {
                Problem::new(StatusCode::UNAUTHORIZED, "invalid-credentials", "body", "invalid keysChangedAt")
            }
            (ErrorKind::IssuerUnreachable, _) => {
                let unavailable = Problem::unavailable(UNREACHABLE_SECONDS);
                // The original says not when to come back.
                let told = unavailable.retry_after_seconds.filter(|_| behaviour == Behaviour::Successor);
                Problem { retry_after_seconds: told, ..unavailable }
            }
            _ => Problem::unauthorized("invalid-credentials"),
        }
    }

    /// Claims that the database refuses, or a database that cannot do it.
    pub fn store(error: &StoreError, behaviour: Behaviour) -> Problem {
        match error {
            StoreError::Refused(refusal) => Problem::refusal(*refusal, behaviour),
            StoreError::NoNode => Problem::no_node(behaviour),
            StoreError::Unavailable(_) => Problem::unavailable(UNREACHABLE_SECONDS),
            StoreError::Invalid(_) => Problem::unauthorized("invalid-credentials"),
            StoreError::UnknownService(service) => Problem::no_endpoint(service),
            _ => {
                tracing::error!(%error, "the database failed");
                Problem::internal(behaviour)
            }
        }
    }

    fn refusal(refusal: Refusal, behaviour: Behaviour) -> Problem {
        match refusal {
            Refusal::InvalidGeneration => Problem::unauthorized("invalid-generation"),
            Refusal::InvalidKeysChangedAt => Problem::unauthorized("invalid-keysChangedAt"),
            Refusal::InvalidClientState(fault) => Problem::new(
                StatusCode::UNAUTHORIZED,
                "invalid-client-state",
                "header",
                &format!("Unacceptable client-state value {}", fault.description()),
            )
            .named("X-Client-State"),
            Refusal::NewUsersDisabled => match behaviour {
                Behaviour::Original => Problem::unauthorized("new-users-disabled"),
                Behaviour::Successor => Problem::new(
                    StatusCode::FORBIDDEN,
                    "new-users-disabled",
                    "body",
                    "New users are not allowed",
                ),
            },
        }
    }

    /// No node takes one more user. The successor tells nobody when to come back; we do.
    fn no_node(behaviour: Behaviour) -> Problem {
        // Without a draw all come back at once: not worse than no word at all.
        let spread = u64::from(u16::from_le_bytes(drawn())) % (NO_NODE_SECONDS / 20 + 1);
        Problem::server_error(StatusCode::SERVICE_UNAVAILABLE, behaviour)
            .retry_after(NO_NODE_SECONDS + spread)
    }

    /// Nobody has said where the nodes of this service are asked.
    pub fn no_endpoint(service: &str) -> Problem {
        let description = format!("The api_endpoint pattern for u'{service}' is not known");
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, "error", "body", &description)
    }

    /// A job without a reply: 504 after its time, 503 where no worker can take it now, 502 where worker or master were
    /// lost, else 500.
    pub fn job(error: &JobError) -> Problem {
        let (word, name, description) = match error.kind() {
            JobErrorKind::TimedOut => ("error", "timed-out", "No worker answered in time"),
            JobErrorKind::Lost(_) => ("error", "lost", "The worker went away before it answered"),
            JobErrorKind::Rejected(_) if error.is_overload() => ("error", "overload", "The server is busy"),
            JobErrorKind::Rejected(_) => ("internal-error", "rejected", "The server cannot take this"),
            JobErrorKind::Failed { .. } => ("internal-error", "failed", "The worker failed"),
            JobErrorKind::Cancelled => ("internal-error", "cancelled", "The server gave up"),
            _ => ("internal-error", "unknown", "Server error"),
        };
        let status = StatusCode::from_u16(error.http_status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let problem = Problem::new(status, word, "internal", description).named(name);
        if status != StatusCode::SERVICE_UNAVAILABLE {
            return problem;
        }
        // A part of a second is a second: the header has no smaller unit.
        let wait = error.retry_after().map_or(BUSY_SECONDS, |wait| wait.as_secs() + 1);
        problem.retry_after(wait)
    }
}

/// Random bytes, zeros where the system gives none.
fn drawn<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    let _ = SystemRandom::new().fill(&mut bytes);
    bytes
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = match self.text {
            Some(text) => json!(text),
            None => json!({
                "status": self.word,
                "errors": [{"location": self.location, "name": self.name, "description": self.description}],
            }),
        };
        let mut response = (self.status, Json(body)).into_response();
        let headers = response.headers_mut();
        if let Some(seconds) = self.retry_after_seconds {
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        if let Some(challenge) = self.challenge {
            let challenge = HeaderValue::from_str(&challenge).expect("a challenge is printable ASCII");
            headers.insert(header::WWW_AUTHENTICATE, challenge);
        }
        response.extensions_mut().insert(Word(self.word));
        response
    }
}

/// The word of a refusal, for whoever counts answers.
#[derive(Debug, Clone, Copy)]
pub(super) struct Word(pub(super) &'static str);

#[cfg(test)]
#[path = "answer_tests.rs"]
mod tests;
