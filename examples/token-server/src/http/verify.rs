//! `POST /tokens/verify`: whether a token is good, and what it says.
//!
//! Who has a token is not therefore given its secret: tokens travel in the clear. Only the operator's address tells it,
//! and only there are sealed claims opened.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;
use serde_json::json;

use super::answer::Problem;
use super::server::Server;
use crate::token::job::{Reply, Task};

/// Bytes that the request may have: room for the longest token.
pub(super) const BODY_BYTES_MAX: usize = 64 * 1024;

#[derive(Deserialize)]
struct Asked {
    token: String,
}

/// For everybody: what the token says, apart from what is sealed.
pub(super) async fn claims(State(server): State<Arc<Server>>, body: Bytes) -> Result<Response, Problem> {
    let (mut claims, _) = server.valid(&body).await?;
    for sealed in &server.options.sealed {
        claims.remove(sealed);
    }
    Ok(Json(json!({"claims": claims})).into_response())
}

/// For nodes: all of it.
pub(super) async fn secrets(State(server): State<Arc<Server>>, body: Bytes) -> Result<Response, Problem> {
    let (claims, key) = server.valid(&body).await?;
    Ok(Json(json!({"claims": claims, "secret": key})).into_response())
}

type Valid = (powerhose_example_token::claims::Claims, String);

impl Server {
    async fn valid(&self, body: &[u8]) -> Result<Valid, Problem> {
        let Ok(Asked { token }) = serde_json::from_slice(body) else {
            let wanted = "a JSON object {\"token\": \"...\"} is wanted";
            return Err(Problem::new(StatusCode::BAD_REQUEST, "error", "body", wanted));
        };
        match self.ask(Task::Verify { token }).await? {
            Reply::Valid { claims, key } => Ok((claims, key)),
            Reply::Invalid(reason) => {
                let problem = Problem::new(StatusCode::UNAUTHORIZED, "invalid-token", "body", &reason.text);
                Err(problem.named(&reason.reason))
            }
            Reply::Made { .. } | Reply::Signed { .. } | Reply::Stale { .. } => Err(self.unexpected()),
        }
    }
}
