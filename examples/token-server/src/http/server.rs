//! What answers requests: options, database, workers, and what is counted.

use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use axum::http::HeaderMap;
use powerhose::{Job, JobError, JobRunner};

use super::answer::{BUSY_SECONDS, Problem, Scheme};
use super::asked::Credentials;
use crate::hawk::nonces::Nonces;
use crate::identity::browserid::Plan;
use crate::identity::{Identity, KeyId};
use crate::operation::limits::{Limit, network};
use crate::operation::metrics::Metrics;
use crate::operation::options::ServeOptions;
use crate::store::Store;
use crate::token::job::{POOL, Reply, Request, Task};
use crate::verifier::job::Ahead;
use crate::verifier::{Unverified, Verified, Verifier};

/// Everything that answering takes. Shared by all requests.
pub struct Server {
    /// What was chosen.
    pub options: ServeOptions,
    /// The workers.
    pub runner: JobRunner,
    /// Users and nodes.
    pub store: Store,
    /// Who somebody is.
    pub verifier: Verifier,
    /// What is counted.
    pub metrics: Metrics,
    /// The number of the keyring that workers shall use.
    pub keyring: AtomicU64,
    per_address: Mutex<Limit<IpAddr>>,
    per_issuer: Mutex<Limit<String>>,
    pub(super) nonces: Mutex<Nonces>,
    started: Instant,
}

impl Server {
    /// A server that has answered nothing yet.
    #[must_use]
    pub fn new(options: ServeOptions, runner: JobRunner, store: Store, verifier: Verifier) -> Server {
        Server {
            per_address: Mutex::new(Limit::new(options.verifications_per_address)),
            per_issuer: Mutex::new(Limit::new(options.verifications_per_issuer)),
            nonces: Mutex::default(),
            metrics: Metrics::default(),
            keyring: AtomicU64::new(1),
            started: Instant::now(),
            options,
            runner,
            store,
            verifier,
        }
    }

    /// Whom the request counts for: the address that the outermost of our proxies saw.
    pub(super) fn address(&self, peer: SocketAddr, headers: &HeaderMap) -> IpAddr {
        let lines = headers.get_all("x-forwarded-for").iter().filter_map(|line| line.to_str().ok());
        let hops: Vec<&str> = lines.flat_map(|line| line.split(',')).map(str::trim).collect();
        let seen = self.options.proxies.checked_sub(1).and_then(|behind| hops.iter().rev().nth(behind));
        network(seen.and_then(|hop| hop.parse().ok()).unwrap_or(peer.ip()))
    }

    /// Takes a verification off what the address, and then the issuer, may ask for.
    pub(super) fn limit(&self, address: IpAddr, credentials: &Credentials) -> Result<(), Problem> {
        let now = self.started.elapsed();
        let taken = |by, taken: Result<(), Duration>| {
            taken.map_err(|wait| {
                self.metrics.limited(by);
                // A part of a second is a second: the header has no smaller unit.
                Problem::too_many(by, wait.as_secs() + 1)
            })
        };
        let per_address = &mut *self.per_address.lock().unwrap_or_else(PoisonError::into_inner);
        taken("address", per_address.take(address, now))?;
        let issuer = match credentials.scheme {
            // Named by the assertion, without belief.
            Scheme::BrowserId if self.options.verifications_per_issuer > 0 => {
                Plan::read(&credentials.text).ok().map(|plan| plan.issuer)
            }
            // There is one for all bearer tokens.
            Scheme::BrowserId | Scheme::Bearer => None,
        };
        let per_issuer = &mut *self.per_issuer.lock().unwrap_or_else(PoisonError::into_inner);
        issuer.map_or(Ok(()), |issuer| taken("issuer", per_issuer.take(issuer, now)))
    }

    /// Who asks, without belief: what a worker may find.
    pub(super) fn claimed(&self, credentials: &Credentials, key_id: Option<&KeyId>) -> Option<Identity> {
        match credentials.scheme {
            Scheme::BrowserId => self.verifier.claimed_by_assertion(&credentials.text),
            Scheme::Bearer => self.verifier.claimed_by_bearer(&credentials.text, key_id),
        }
    }

    /// Who asks, and the token that was asked for ahead, if it could be made.
    pub(super) async fn identify(
        &self,
        credentials: &Credentials,
        key_id: Option<&KeyId>,
        ahead: Option<Ahead>,
    ) -> Result<Verified, Problem> {
        let begin = Instant::now();
        let verified = match credentials.scheme {
            Scheme::BrowserId => self.verifier.verify_browserid(&credentials.text, ahead, now()).await,
            Scheme::Bearer => self.verifier.verify_bearer(&credentials.text, key_id, ahead, now()).await,
        };
        let outcome = verified.as_ref().map_or_else(Unverified::name, |_| "good");
        self.metrics.verified(credentials.scheme, outcome, begin.elapsed());
        verified.map_err(|error| match error {
            Unverified::Refused(error) => {
                tracing::debug!(%error, "an identity is not believed");
                Problem::identity(&error, credentials.scheme, self.options.behaviour)
            }
            // Both of Mozilla's servers call it so when nobody can verify now.
            Unverified::NoReply(error) if error.is_retryable() => {
                tracing::warn!(%error, "a verification has no reply");
                Problem::unavailable(BUSY_SECONDS)
            }
            Unverified::NoReply(error) => without_reply(&error),
            Unverified::BadReply(_) => self.unexpected(),
        })
    }

    /// Lets a worker make or check a token.
    pub(super) async fn ask(&self, task: Task) -> Result<Reply, Problem> {
        let request = self.with_keyring(task);
        let job = Job::new(request.to_payload()).pool(POOL).timeout(self.options.job_timeout());
        let reply = self.runner.submit(job).await.map_err(|error| without_reply(&error))?;
        serde_json::from_slice(&reply).map_err(|_| self.unexpected())
    }

    /// To be done with the newest keyring.
    pub(super) fn with_keyring(&self, task: Task) -> Request {
        Request { keyring: self.keyring.load(Ordering::Acquire), task }
    }

    /// A worker that answers something else than it was asked.
    pub(super) fn unexpected(&self) -> Problem {
        tracing::error!("a worker's reply does not belong to its request");
        Problem::internal(self.options.behaviour)
    }
}

/// What becomes of a request whose job has no reply. The error names the job and what became of it, never its payload.
fn without_reply(error: &JobError) -> Problem {
    tracing::warn!(%error, "a job of a request has no reply");
    Problem::job(error)
}

/// The time since 1970.
pub(super) fn now() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}
