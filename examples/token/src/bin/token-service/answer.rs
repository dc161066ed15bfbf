//! The service's answers: JSON, errors always as `{"error": {"code", "text"}}`.
//!
//! No answer may be stored by anything on its way (`Cache-Control: no-store`), for most of them hold secrets.
//! An error's text never quotes the request.

use axum::Json;
use axum::extract::rejection::BytesRejection;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use powerhose::JobError;
use powerhose_example_token::error::SignError;
use powerhose_example_token::job::Reason;
use serde::Serialize;
use serde_json::json;

/// Seconds after which an overloaded service may be asked again.
const RETRY_AFTER_SECONDS: u16 = 1;

/// An answer with content.
pub(crate) fn content(status: StatusCode, content: &impl Serialize) -> Response {
    let mut response = (status, Json(content)).into_response();
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// An answer that says why not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    status: StatusCode,
    code: String,
    text: String,
}

impl Problem {
    pub(crate) fn new(status: StatusCode, code: &str, text: &str) -> Self {
        Self { status, code: code.to_owned(), text: text.to_owned() }
    }

    pub(crate) fn bad_request(text: &str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad_request", text)
    }

    /// Claims that are not signed and need no worker to say so.
    pub(crate) fn sign(error: &SignError) -> Self {
        Self::refused(&Reason { reason: error.reason().to_owned(), text: error.to_string() })
    }

    /// Claims that are not signed: 413 where they are too large, else 400.
    pub(crate) fn refused(reason: &Reason) -> Self {
        let status = match reason.reason.as_str() {
            "claims_too_large" => StatusCode::PAYLOAD_TOO_LARGE,
            _ => StatusCode::BAD_REQUEST,
        };
        Self::new(status, &reason.reason, &reason.text)
    }

    /// A token that is not to be believed: 401, so that who looks at nothing but the status is safe.
    pub(crate) fn invalid(reason: &Reason) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, &reason.reason, &reason.text)
    }

    /// A body that did not arrive, or is too large.
    pub(crate) fn body(rejection: &BytesRejection) -> Self {
        match rejection.status() {
            StatusCode::PAYLOAD_TOO_LARGE => {
                Self::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", "the request's body is too large")
            }
            _ => Self::bad_request("the request's body did not arrive"),
        }
    }

    /// A job without a reply: 504 after its time, 503 where no worker can take it now, 502 where its worker
    /// was lost, else 500.
    pub(crate) fn job(error: &JobError) -> Self {
        let (status, code, text) = match error.http_status() {
            504 => (StatusCode::GATEWAY_TIMEOUT, "timed_out", "no worker answered in time"),
            503 => (StatusCode::SERVICE_UNAVAILABLE, "unavailable", "no worker can take this now"),
            502 => (StatusCode::BAD_GATEWAY, "lost", "the worker went away before it answered"),
            _ => (StatusCode::INTERNAL_SERVER_ERROR, "failed", "the worker failed"),
        };
        Self::new(status, code, text)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = content(self.status, &json!({"error": {"code": self.code, "text": self.text}}));
        match self.status {
            StatusCode::SERVICE_UNAVAILABLE => {
                response.headers_mut().insert(header::RETRY_AFTER, RETRY_AFTER_SECONDS.into());
            }
            StatusCode::UNAUTHORIZED => {
                // RFC 9110 wants a challenge with every 401; RFC 6750 has this one for bad tokens of all
                // kinds.
                let challenge = HeaderValue::from_static("Bearer error=\"invalid_token\"");
                response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
            }
            _ => {}
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_asked_again_says_when() {
        let overloaded = Problem::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", "");
        let response = overloaded.into_response();
        assert_eq!(response.headers()[header::RETRY_AFTER], "1");
        assert_eq!(response.headers()[header::CACHE_CONTROL], "no-store");
    }

    #[test]
    fn a_bad_token_is_a_401_with_a_challenge() {
        let reason = Reason { reason: "expired".to_owned(), text: "the token has expired".to_owned() };
        let response = Problem::invalid(&reason).into_response();
        assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
        assert_eq!(response.headers()[header::WWW_AUTHENTICATE], "Bearer error=\"invalid_token\"");
    }
}
