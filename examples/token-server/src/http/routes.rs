//! Which path is answered by what, and what every answer carries.

use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::body::HttpBody as _;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{MethodRouter, any, get, post};

use super::answer::{Problem, Word};
use super::server::{Server, now};
use super::{meta, resource, token, verify};

/// What everybody may ask.
pub fn routes(server: Arc<Server>) -> Router {
    let only = |route: MethodRouter<Arc<Server>>, allowed| route.fallback(async move || not_allowed(allowed));
    Router::new()
        .route("/", only(get(meta::offered), "GET, HEAD"))
        .route("/__heartbeat__", only(get(meta::heartbeat), "GET, HEAD"))
        .route("/__lbheartbeat__", only(get(meta::life), "GET, HEAD"))
        .route("/1.0/{application}/{version}", only(get(token::token), "GET, HEAD"))
        .route("/tokens/verify", only(post(verify::claims), "POST"))
        .route("/1.5/{uid}", any(resource::resource))
        .route("/1.5/{uid}/{*path}", any(resource::resource))
        .fallback(meta::nothing)
        .layer(DefaultBodyLimit::max(verify::BODY_BYTES_MAX))
        .layer(middleware::from_fn_with_state(Arc::clone(&server), common))
        .with_state(server)
}

/// What the operator and the nodes may ask, at an address that others do not reach.
pub fn inner_routes(server: Arc<Server>) -> Router {
    Router::new()
        .route("/metrics", get(meta::metrics))
        .route("/tokens/verify", post(verify::secrets))
        .fallback(meta::nothing)
        .layer(DefaultBodyLimit::max(verify::BODY_BYTES_MAX))
        .layer(middleware::from_fn_with_state(Arc::clone(&server), common))
        .with_state(server)
}

fn not_allowed(allowed: &'static str) -> Response {
    let problem = Problem::new(StatusCode::METHOD_NOT_ALLOWED, "error", "method", "Not with this method");
    let mut response = problem.into_response();
    response.headers_mut().insert(header::ALLOW, HeaderValue::from_static(allowed));
    response
}

fn too_slow() -> Response {
    Problem::new(StatusCode::REQUEST_TIMEOUT, "error", "body", "The body did not come in time")
        .into_response()
}

/// The headers of every answer, and its place in the numbers.
async fn common(State(server): State<Arc<Server>>, request: Request, next: Next) -> Response {
    let begin = Instant::now();
    let route = request.extensions().get::<axum::extract::MatchedPath>().map(|path| path.as_str().to_owned());
    let mut response = match request.body().is_end_stream() {
        true => next.run(request).await,
        // A body comes as slowly as its client likes, and then it costs a job.
        false => {
            let within = server.options.head_timeout() + server.options.job_timeout();
            tokio::time::timeout(within, next.run(request)).await.unwrap_or_else(|_| too_slow())
        }
    };
    let word = response.extensions().get::<Word>().map_or("", |word| word.0);
    let (status, took) = (response.status().as_u16(), begin.elapsed());
    server.metrics.answered(route.as_deref().unwrap_or("other"), status, word, took);
    tracing::debug!(route, status, word, ?took, "answered");
    let headers = response.headers_mut();
    headers.insert("x-timestamp", now().as_secs().into());
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    // Nearly every answer holds a secret, or is for one client only.
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}
