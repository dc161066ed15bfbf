//! What is asked about the server itself: what it offers, and whether it lives.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde_json::{Map, Value, json};

use super::answer::Problem;
use super::server::Server;
use crate::behaviour::Behaviour;
use crate::operation::metrics::CONTENT_TYPE;

/// `GET /`: the services, and how to show who one is.
pub(super) async fn offered(State(server): State<Arc<Server>>, headers: HeaderMap) -> Response {
    let options = &server.options;
    let mut services: Map<String, Value> = Map::new();
    for application in &options.application {
        let versions = services.entry(application.name.clone()).or_insert_with(|| json!([]));
        versions.as_array_mut().expect("they were begun as an array").push(json!(application.version));
    }
    let asked =
        || headers.get(header::HOST).and_then(|host| host.to_str().ok()).map(|host| format!("http://{host}"));
    let url =
        options.public_url.as_ref().map(|url| url.as_str().trim_end_matches('/').to_owned()).or_else(asked);
    let issuers = &options.identity.trusted_issuer;
    Json(json!({
        "services": services,
        "auth": url,
        "browserid": {"allowed_issuers": null, "trusted_issuers": issuers},
        "oauth": {"default_issuer": issuers.first(), "scope": options.identity.bearer_scope},
    }))
    .into_response()
}

/// `/__heartbeat__`: whether the database answers and there is a worker.
pub(super) async fn heartbeat(State(server): State<Arc<Server>>) -> Result<Response, Problem> {
    let database = server.store.ready().await;
    let runner = server.runner.clone();
    // The master answers at once, but the thread that asks it waits.
    let workers = tokio::task::spawn_blocking(move || runner.wait_for_workers(1, Duration::ZERO)).await;
    if let Err(error) = &database {
        tracing::warn!(%error, "the heartbeat finds no database");
    }
    if database.is_err() || !matches!(workers, Ok(Ok(()))) {
        return Err(Problem::unavailable(1));
    }
    Ok(match server.options.behaviour {
        Behaviour::Original => "OK".into_response(),
        Behaviour::Successor => Json(json!({"status": "Ok", "database": "Ok"})).into_response(),
    })
}

/// `/__lbheartbeat__`: whether this process answers.
pub(super) async fn life() -> Response {
    Json(json!({})).into_response()
}

/// `/metrics`, at the operator's address.
pub(super) async fn metrics(State(server): State<Arc<Server>>) -> Response {
    let runner = server.runner.clone();
    let stats = tokio::task::spawn_blocking(move || runner.stats()).await.ok().and_then(Result::ok);
    ([(header::CONTENT_TYPE, CONTENT_TYPE)], server.metrics.render(stats.as_ref())).into_response()
}

/// Nothing is at this path.
pub(super) async fn nothing() -> Response {
    (StatusCode::NOT_FOUND, "404 Not Found\n").into_response()
}
