//! `GET /1.0/{application}/{version}`: who asks, on which node that user is, and a token for it.
//!
//! Verification and token are two jobs: between them the database says who the user is on which node. A worker must not
//! wait for a database, and the web server must not compute.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Json;
use axum::extract::{ConnectInfo, Path, RawQuery, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse as _, Response};
use serde_json::json;

use super::answer::{Problem, Scheme};
use super::asked::{Application, Credentials, Keys, client_state, duration_seconds};
use super::server::{Server, now};
use crate::behaviour::Behaviour;
use crate::identity::Identity;
use crate::store::decide::Claims;
use crate::store::{Assignment, Request};
use crate::token::job::{Reply, Task};
use crate::token::payload::Holder;

pub(super) async fn token(
    State(server): State<Arc<Server>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    Path((name, version)): Path<(String, String)>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
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
    let key_id = keys.as_ref().ok().and_then(|keys| keys.key_id.as_ref());
    let identity = server.identify(&credentials, key_id).await?;
    let keys = keys?;
    if behaviour == Behaviour::Successor {
        application.check(&server.options.application)?;
    }
    let pattern = match pattern {
        Some(pattern) => pattern,
        None => server.pattern(&application).await?,
    };
    let assigned = server.assign(&application, &identity, keys, credentials.scheme).await?;
    let duration = duration_seconds(query.as_deref(), server.options.duration);
    server.make(&application, &pattern, identity, assigned, duration).await
}

impl Server {
    /// The form of the service's endpoints.
    async fn pattern(&self, application: &Application) -> Result<String, Problem> {
        let name = application.service();
        let service = self.store.service(&name).await;
        let service = service.map_err(|error| Problem::store(&error, self.options.behaviour))?;
        service.pattern.ok_or_else(|| Problem::no_endpoint(&name))
    }

    /// The user's record.
    async fn assign(
        &self,
        application: &Application,
        identity: &Identity,
        keys: Keys,
        scheme: Scheme,
    ) -> Result<Assignment, Problem> {
        let claims = Claims {
            generation: identity.account.generation,
            keys_changed_at: match scheme {
                Scheme::BrowserId => identity.account.keys_changed_at,
                Scheme::Bearer => keys.key_id.map(|key_id| key_id.keys_changed_at),
            },
            client_state: keys.client_state,
        };
        let request = Request {
            service: application.service(),
            email: identity.email.clone(),
            claims,
            now: i64::try_from(now().as_millis()).unwrap_or(i64::MAX),
        };
        let assigned = self.store.assign(&request).await;
        assigned.map_err(|error| Problem::store(&error, self.options.behaviour))
    }

    /// The token, and all else that the client needs.
    async fn make(
        &self,
        application: &Application,
        pattern: &str,
        identity: Identity,
        assigned: Assignment,
        duration_seconds: u64,
    ) -> Result<Response, Problem> {
        let Assignment { uid, node, node_type, generation, keys_changed_at, client_state } = assigned;
        let endpoint = pattern
            .replace("{node}", &node)
            .replace("{uid}", &uid.to_string())
            .replace("{service}", &application.service());
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
        match self.ask(Task::Make { holder, duration_seconds }).await? {
            Reply::Made { token, key, hashed_fxa_uid } => Ok(Json(json!({
                "id": token,
                "key": key,
                "uid": uid,
                "api_endpoint": endpoint,
                "duration": duration_seconds,
                "hashalg": "sha256",
                "hashed_fxa_uid": hashed_fxa_uid,
                "node_type": node_type,
            }))
            .into_response()),
            Reply::Valid { .. } | Reply::Signed { .. } | Reply::Stale { .. } | Reply::Invalid(_) => {
                Err(self.unexpected())
            }
        }
    }
}
