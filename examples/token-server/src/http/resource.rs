//! `/1.5/{uid}` and everything below it: a resource like a storage node's, which takes requests that are signed with a
//! token (HAWK). It is an example: all it tells is who asked.

use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Arc, LazyLock, PoisonError};

use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use super::answer::Problem;
use super::meta::nothing;
use super::server::{Server, now};
use crate::hawk::nonces::Taken;
use crate::hawk::{Header, Presented};
use crate::token::job::{Reply, Task};

/// Tokens are kept by their hash, with a key that nobody knows: no two can be made to share their nonces.
static HASHER: LazyLock<RandomState> = LazyLock::new(RandomState::new);

/// What a path says, be it the resource itself or below it.
#[derive(Deserialize)]
pub(super) struct Named {
    uid: String,
}

pub(super) async fn resource(
    State(server): State<Arc<Server>>,
    path: Result<Path<Named>, PathRejection>,
    (method, uri, headers, body): (Method, Uri, HeaderMap, Bytes),
) -> Result<Response, Problem> {
    let Ok(Path(Named { uid })) = path else { return Ok(nothing().await) };
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let header = Header::parse(text(header::AUTHORIZATION))
        .map_err(|error| refused("malformed", &error.to_string()))?;
    let (host, port) = server.asked_host(text(header::HOST))?;
    let (token, nonce) = (HASHER.hash_one(&header.id), header.nonce.clone());
    let presented = Presented {
        header,
        method: method.to_string(),
        resource: uri.path_and_query().map_or_else(String::new, ToString::to_string),
        host,
        port,
        content_type: text(header::CONTENT_TYPE).to_owned(),
        body: STANDARD.encode(&body),
    };
    let claims = match server.ask(Task::Hawk(presented)).await? {
        Reply::Signed { claims } => claims,
        Reply::Stale { now, proof } => return Err(stale(now, &proof)),
        Reply::Invalid(reason) => return Err(refused(&reason.reason, &reason.text)),
        Reply::Made { .. } | Reply::Valid { .. } => return Err(server.unexpected()),
    };
    let taken =
        server.nonces.lock().unwrap_or_else(PoisonError::into_inner).take(token, &nonce, now().as_secs());
    match taken {
        Taken::New => {}
        Taken::Repeated => return Err(refused("repeated", "this request was made before")),
        Taken::TooMany => return Err(Problem::too_many("nonce", 60)),
    }
    if claims.get("uid").map(ToString::to_string).as_deref() != Some(&*uid) {
        return Err(refused("another_user", "the token is another user's"));
    }
    let told = ["uid", "node", "expires", "hashed_fxa_uid"];
    let told = told.iter().map(|name| ((*name).to_owned(), claims.get(*name).cloned().into()));
    Ok(Json(serde_json::Value::Object(told.collect())).into_response())
}

impl Server {
    /// The host and port that the client signed: those of our public address, else those it says it asked.
    fn asked_host(&self, host: &str) -> Result<(String, u16), Problem> {
        if let Some(url) = &self.options.public_url {
            let host = url.host_str().unwrap_or_default().to_owned();
            return Ok((host, url.port_or_known_default().unwrap_or(80)));
        }
        let (name, port) = match host.rsplit_once(':') {
            // The colons of an address in brackets are its own.
            Some((name, port)) if !port.ends_with(']') => (name, port.parse().ok()),
            _ => (host, Some(80)),
        };
        port.map(|port| (name.to_owned(), port)).ok_or_else(|| refused("malformed", "Host has no such port"))
    }
}

fn refused(name: &str, text: &str) -> Problem {
    Problem::new(StatusCode::UNAUTHORIZED, "invalid-credentials", "header", text)
        .named(name)
        .challenge("Hawk")
}

/// The client's clock is off: it is told the time, with a proof that we know its secret.
fn stale(now: u64, proof: &str) -> Problem {
    Problem::new(StatusCode::UNAUTHORIZED, "invalid-timestamp", "header", "Stale timestamp")
        .named("ts")
        .challenge(format!("Hawk ts=\"{now}\", tsm=\"{proof}\", error=\"Stale timestamp\""))
}
