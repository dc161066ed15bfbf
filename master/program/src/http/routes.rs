//! Which question gets which answer. All of them only read.

use super::answers::{self, line, no_answer};
use super::hosts::Hosts;
use super::observer::{Observer, Ready};
use super::status::StatusAnswer;
use super::{metrics, page};
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, Request, State};
use axum::http::{Method, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde::Deserialize;

const PATHS: &str = "there is / (the page), /status.json, /metrics, /healthz and /readyz";

pub(super) fn router(observer: Observer, hosts: Hosts) -> Router {
    Router::new()
        .route("/", get(page::answer))
        .route("/status.json", get(status))
        .route("/metrics", get(metrics))
        .route("/healthz", get(healthy))
        .route("/readyz", get(ready))
        .fallback(async || line(StatusCode::NOT_FOUND, PATHS))
        .method_not_allowed_fallback(only_reads)
        .with_state(observer)
        .layer(middleware::from_fn_with_state(hosts, only_known_hosts))
        .layer(middleware::map_response(answers::harden))
}

async fn only_reads(method: Method) -> Response {
    let text = format!("{method} changes something, and nothing can be changed here: use GET");
    let mut response = line(StatusCode::METHOD_NOT_ALLOWED, &text);
    response.headers_mut().insert(header::ALLOW, header::HeaderValue::from_static("GET, HEAD"));
    response
}

async fn only_known_hosts(State(hosts): State<Hosts>, request: Request, next: Next) -> Response {
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    let Some(host) = host else {
        return line(StatusCode::BAD_REQUEST, "a request has a Host header");
    };
    if !hosts.accept(host) {
        let text = "this service is not known by the name in the Host header: ask for its address, or declare the \
                    name with --http-host";
        return line(StatusCode::MISDIRECTED_REQUEST, text);
    }
    next.run(request).await
}

async fn metrics(State(observer): State<Observer>) -> Response {
    let (Ok(stats), Ok(view)) = (observer.stats().await, observer.view().await) else { return no_answer() };
    let memory_bytes = view.memory_bytes.values().sum();
    (
        [(header::CONTENT_TYPE, metrics::CONTENT_TYPE)],
        metrics::render(stats, memory_bytes, &view.reachability),
    )
        .into_response()
}

/// Whether the master's loop turns.
async fn healthy(State(observer): State<Observer>) -> Response {
    match observer.stats().await {
        Ok(_) => line(StatusCode::OK, "ok"),
        Err(_) => no_answer(),
    }
}

/// Whether jobs can be sent.
async fn ready(State(observer): State<Observer>) -> Response {
    match observer.ready().await {
        Ok(Ready::Yes { workers }) => line(StatusCode::OK, &format!("ready: {workers} workers")),
        Ok(Ready::Degraded { workers, failure }) => {
            let text = format!("degraded: {workers} workers, and new ones do not start: {failure}");
            line(StatusCode::OK, &text)
        }
        Ok(Ready::TooFewWorkers { workers, workers_min }) => {
            let text = format!("not ready: {workers} of at least {workers_min} workers are there");
            line(StatusCode::SERVICE_UNAVAILABLE, &text)
        }
        Ok(Ready::Closing) => line(StatusCode::SERVICE_UNAVAILABLE, "not ready: the master is closing"),
        Ok(Ready::Unreachable(why)) => line(StatusCode::SERVICE_UNAVAILABLE, &format!("not ready: {why}")),
        Err(_) => no_answer(),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StatusQuery {
    /// The last sample that the asker has; without it, it gets none.
    after: Option<u64>,
}

async fn status(
    State(observer): State<Observer>,
    query: Result<Query<StatusQuery>, QueryRejection>,
) -> Response {
    let Ok(Query(query)) = query else {
        let text = "the only parameter is after=N: the samples after the one with sequence N";
        return line(StatusCode::BAD_REQUEST, text);
    };
    let samples = query.after.map_or_else(Vec::new, |after| observer.samples(after));
    match observer.view().await {
        Ok(view) => Json(StatusAnswer::new(&view, observer.endpoints(), samples)).into_response(),
        Err(_) => no_answer(),
    }
}
