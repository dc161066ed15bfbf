//! `GET /1.0/{application}/{version}`: who asks, on which node that user is, and a token for it.
//!
//! A worker must not wait for a database, and the web server must not compute. So verification and token are two jobs, and
//! between them the database says who the user is on which node. Nearly always it can say that beforehand, of the user
//! that the credentials claim, and nothing has to be written: then the worker that finds the claim true makes the token
//! at once.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{ConnectInfo, Path, RawQuery, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse as _, Response};
use serde_json::json;

use super::answer::{Problem, Scheme};
use super::asked::{Application, Credentials, Keys, client_state, duration_seconds};
use super::meta::nothing;
use super::server::{Server, now};
use crate::behaviour::Behaviour;
use crate::identity::Identity;
use crate::store::decide::Claims;
use crate::store::{Assignment, Request};
use crate::token::job::{Reply, Task};
use crate::token::payload::Holder;
use crate::verifier::Verified;
use crate::verifier::job::Ahead;

/// What is asked for.
struct Asked {
    application: Application,
    scheme: Scheme,
    duration_seconds: u64,
}

/// The answer but for its token.
struct Rest {
    uid: i64,
    endpoint: String,
    node_type: Option<String>,
    duration_seconds: u64,
}

pub(super) async fn token(
    State(server): State<Arc<Server>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    path: Result<Path<(String, String)>, PathRejection>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let Ok(Path((name, version))) = path else { return Ok(nothing().await) };
    let application = Application { name, version };
    let behaviour = server.options.behaviour;
    let mut pattern = None;
    if behaviour == Behaviour::Original {
        application.check(&server.options.application)?;
        client_state(&headers, behaviour)?;
    }
    let credentials = Credentials::read(&headers, behaviour)?;
    if behaviour == Behaviour::Original {
        pattern = Some(server.pattern(&application).await?);
    }
    server.limit(server.address(peer, &headers), &credentials)?;
    // What is wrong with the keys is told to nobody who is not believed.
    let keys = Keys::read(&headers, credentials.scheme, behaviour);
    let duration_seconds = duration_seconds(query.as_deref(), server.options.duration);
    let asked = Asked { application, scheme: credentials.scheme, duration_seconds };
    let (ahead, rest) = keys.as_ref().ok().and_then(|keys| server.expect(&asked, &credentials, keys)).unzip();
    let key_id = keys.as_ref().ok().and_then(|keys| keys.key_id.as_ref());
    let Verified { identity, token } = server.identify(&credentials, key_id, ahead).await?;
    if let (Some(token), Some(rest)) = (token, rest) {
        return server.answer(token, rest);
    }
    let keys = keys?;
    if behaviour == Behaviour::Successor {
        asked.application.check(&server.options.application)?;
    }
    let pattern = match pattern {
        Some(pattern) => pattern,
        None => server.pattern(&asked.application).await?,
    };
    let assigned = server.store.assign(&request(&asked, &identity, &keys)).await;
    let assigned = assigned.map_err(|error| Problem::store(&error, behaviour))?;
    let (task, rest) = completed(&asked, &pattern, identity, assigned);
    server.answer(server.ask(task).await?, rest)
}

impl Server {
    /// The form of the service's endpoints.
    async fn pattern(&self, application: &Application) -> Result<String, Problem> {
        let name = application.service();
        let service = self.store.service(&name).await;
        let service = service.map_err(|error| Problem::store(&error, self.options.behaviour))?;
        service.pattern.ok_or_else(|| Problem::no_endpoint(&name))
    }

    /// What will be answered if the credentials are good: none where that cannot be said yet, or will be a refusal.
    fn expect(&self, asked: &Asked, credentials: &Credentials, keys: &Keys) -> Option<(Ahead, Rest)> {
        asked.application.check(&self.options.application).ok()?;
        let claimed = self.claimed(credentials, keys.key_id.as_ref())?;
        let (assigned, service) = self.store.kept(&request(asked, &claimed, keys))?;
        let (task, rest) = completed(asked, &service.pattern?, claimed.clone(), assigned);
        Some((Ahead { claimed, token: self.with_keyring(task) }, rest))
    }

    fn answer(&self, reply: Reply, rest: Rest) -> Result<Response, Problem> {
        let Reply::Made { token, key, hashed_fxa_uid } = reply else { return Err(self.unexpected()) };
        Ok(Json(json!({
            "id": token,
            "key": key,
            "uid": rest.uid,
            "api_endpoint": rest.endpoint,
            "duration": rest.duration_seconds,
            "hashalg": "sha256",
            "hashed_fxa_uid": hashed_fxa_uid,
            "node_type": rest.node_type,
        }))
        .into_response())
    }
}

/// What the database is asked.
fn request(asked: &Asked, identity: &Identity, keys: &Keys) -> Request {
    let claims = Claims {
        generation: identity.account.generation,
        keys_changed_at: match asked.scheme {
            Scheme::BrowserId => identity.account.keys_changed_at,
            Scheme::Bearer => keys.key_id.as_ref().map(|key_id| key_id.keys_changed_at),
        },
        client_state: keys.client_state.clone(),
    };
    Request {
        service: asked.application.service(),
        email: identity.email.clone(),
        claims,
        now: i64::try_from(now().as_millis()).unwrap_or(i64::MAX),
    }
}

/// The token that a worker has to make, and all else that the client needs.
fn completed(asked: &Asked, pattern: &str, identity: Identity, assigned: Assignment) -> (Task, Rest) {
    let Assignment { uid, node, node_type, generation, keys_changed_at, client_state } = assigned;
    let endpoint = pattern
        .replace("{node}", &node)
        .replace("{uid}", &uid.to_string())
        .replace("{service}", &asked.application.service());
    let account = identity.email.split('@').next().unwrap_or_default().to_owned();
    let holder = Holder {
        uid,
        node,
        fxa_uid: account,
        device: identity.account.device_id,
        generation,
        keys_changed_at,
        client_state,
    };
    let duration_seconds = asked.duration_seconds;
    (Task::Make { holder, duration_seconds }, Rest { uid, endpoint, node_type, duration_seconds })
}
