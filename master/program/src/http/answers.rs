//! What an answer looks like: bytes of a kind, which no browser keeps, frames, or takes for anything else.

use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

/// On every answer.
const EVERYWHERE: [(HeaderName, HeaderValue); 5] = [
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin")),
];

const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");

/// Adds what every answer carries.
pub(super) async fn harden(mut response: Response) -> Response {
    response.headers_mut().extend(EVERYWHERE);
    // The page brings a policy of its own; nothing else loads anything.
    response
        .headers_mut()
        .entry(header::CONTENT_SECURITY_POLICY)
        .or_insert(HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"));
    response
}

/// A line for people.
pub(super) fn line(status: StatusCode, text: &str) -> Response {
    (status, [(header::CONTENT_TYPE, TEXT)], format!("{text}\n")).into_response()
}

/// The master does not answer.
pub(super) fn no_answer() -> Response {
    line(StatusCode::SERVICE_UNAVAILABLE, "the master is gone, or does not answer")
}
