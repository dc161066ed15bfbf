//! The service's routes: read the request, let a worker compute, answer.
//!
//! Never computes on tokens or claims itself, and never answers 500 because of what a request says.

use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::rejection::QueryRejection;
use axum::extract::{DefaultBodyLimit, FromRequest as _, Query, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use axum::routing::{get, post};
use powerhose::{Job, JobRunner};
use powerhose_example_token::claims::check_depth;
use powerhose_example_token::job::{Reply, Request as TokenRequest};
use powerhose_example_token::program::POOL;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::answer::{Problem, content};

/// Bytes of a request's body: room for the largest token or claims, however many characters are escaped.
const MAX_BODY_BYTES: usize = 64 * 1024;
/// How long a request's body may take to arrive.
const BODY_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a worker may take to show that it lives.
const HEALTH_TIMEOUT: Duration = Duration::from_secs(2);
/// The trace that a request belongs to, passed on with its job.
const TRACE: &str = "traceparent";
/// Characters of a trace that are passed on; W3C's take 55.
const MAX_TRACE_CHARACTERS: usize = 128;

/// What answers the requests.
#[derive(Clone)]
pub(crate) struct Service {
    pub(crate) runner: JobRunner,
    pub(crate) timeout: Duration,
}

impl Service {
    async fn ask(&self, request: &TokenRequest, trace: Option<&str>) -> Result<Reply, Problem> {
        let mut job = Job::new(request.to_payload()).pool(POOL).timeout(self.timeout);
        if let Some(trace) = trace {
            job = job.header(TRACE, trace);
        }
        let reply = self.runner.submit(job).await.map_err(|error| {
            // The error names the job and what became of it, never its payload.
            tracing::warn!(%error, "a job has no reply");
            Problem::job(&error)
        })?;
        Reply::from_payload(&reply).ok_or_else(unexpected_reply)
    }
}

pub(crate) fn routes(service: Service) -> Router {
    Router::new()
        .route("/tokens", post(issue))
        .route("/tokens/verify", post(verify))
        .route("/healthz", get(health))
        .fallback(async || Problem::new(StatusCode::NOT_FOUND, "not_found", "there is nothing at this path"))
        .method_not_allowed_fallback(async || {
            Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "not with this method")
        })
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .with_state(service)
}

#[derive(Deserialize)]
struct IssueQuery {
    alg: Option<String>,
}

async fn issue(
    State(service): State<Service>,
    query: Result<Query<IssueQuery>, QueryRejection>,
    request: Request,
) -> Result<Response, Problem> {
    let Query(query) =
        query.map_err(|_| Problem::bad_request("the query is expected to be ?alg=NAME or none"))?;
    let trace = trace(request.headers());
    let claims: Value = json_body(request, "the body is not JSON").await?;
    check_depth(&claims).map_err(|error| Problem::sign(&error))?;
    match service.ask(&TokenRequest::Sign { claims, alg: query.alg }, trace.as_deref()).await? {
        Reply::Signed { token, secret, expires } => {
            let mut answer = json!({"token": token, "expires": expires});
            add(&mut answer, "secret", secret);
            Ok(content(StatusCode::CREATED, &answer))
        }
        Reply::Refused(reason) => Err(Problem::refused(&reason)),
        Reply::Valid { .. } | Reply::Invalid(_) => Err(unexpected_reply()),
    }
}

#[derive(Deserialize)]
struct VerifyBody {
    token: String,
}

async fn verify(State(service): State<Service>, request: Request) -> Result<Response, Problem> {
    let trace = trace(request.headers());
    let VerifyBody { token } = json_body(request, "the body is not {\"token\": \"...\"}").await?;
    match service.ask(&TokenRequest::Verify { token }, trace.as_deref()).await? {
        Reply::Valid { claims, secret, alg } => {
            let mut answer = json!({"claims": claims});
            add(&mut answer, "secret", secret);
            add(&mut answer, "alg", alg);
            Ok(content(StatusCode::OK, &answer))
        }
        Reply::Invalid(reason) => Err(Problem::invalid(&reason)),
        Reply::Signed { .. } | Reply::Refused(_) => Err(unexpected_reply()),
    }
}

/// Whether a worker answers. One that has too much to do is alive.
async fn health(State(service): State<Service>) -> Result<Response, Problem> {
    let healthy = || content(StatusCode::OK, &json!({"status": "ok"}));
    let request = TokenRequest::Verify { token: String::new() };
    let job = Job::new(request.to_payload()).pool(POOL).timeout(HEALTH_TIMEOUT.min(service.timeout));
    match service.runner.submit(job).await {
        Ok(_) => Ok(healthy()),
        Err(error) if error.is_overload() => Ok(healthy()),
        Err(_) => Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", "no worker answers")),
    }
}

/// The request's body, which must say that it is JSON: a web page of a stranger can then not send it unasked.
async fn json_body<T: DeserializeOwned>(request: Request, expected: &str) -> Result<T, Problem> {
    if !says_json(request.headers()) {
        let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
        return Err(Problem::new(
            status,
            "unsupported_media_type",
            "the content type must be application/json",
        ));
    }
    let body = tokio::time::timeout(BODY_TIMEOUT, Bytes::from_request(request, &())).await;
    let body = body.map_err(|_| {
        Problem::new(
            StatusCode::REQUEST_TIMEOUT,
            "body_too_slow",
            "the request's body did not arrive in time",
        )
    })?;
    let body = body.map_err(|rejection| Problem::body(&rejection))?;
    serde_json::from_slice(&body).map_err(|_| Problem::bad_request(expected))
}

fn says_json(headers: &HeaderMap) -> bool {
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    value.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"))
}

fn trace(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(TRACE)?.to_str().ok()?;
    (value.len() <= MAX_TRACE_CHARACTERS).then(|| value.to_owned())
}

fn add(answer: &mut Value, name: &str, value: Option<String>) {
    if let Some(value) = value {
        answer[name] = Value::String(value);
    }
}

fn unexpected_reply() -> Problem {
    tracing::error!("a worker's reply does not belong to its request");
    Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "failed", "the worker's reply makes no sense")
}
