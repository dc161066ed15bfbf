//! The verifier's async face: fetches what a verification needs, hands it to a worker as one job, and gives the identity.
//!
//! Waits for the network here and computes nothing: every signature is verified in a worker, see [`job`].

mod documents;
mod fetch;
pub mod job;
mod keys;

use std::time::Duration;

use powerhose::{Job, JobError, JobRunner};
use reqwest::Url;
use thiserror::Error;

pub use self::documents::Documents;
pub use self::fetch::{Fetcher, Reach};
use self::job::{Ahead, POOL, Reply, Request, Task};
pub use self::keys::Keys;
use crate::identity::bearer::{self, BearerRules};
use crate::identity::browserid::{self, BrowserIdRules, Dialect, Plan};
use crate::identity::{ErrorKind, Identity, IdentityError, KeyId};
use crate::token;

/// Somebody who is believed.
pub struct Verified {
    /// Who it is.
    pub identity: Identity,
    /// The token that was asked for ahead; none where it still has to be made.
    pub token: Option<token::job::Reply>,
}

/// Why there is no identity.
#[derive(Debug, Error)]
pub enum Unverified {
    /// It is not believed, or its issuer could not be asked.
    #[error(transparent)]
    Refused(#[from] IdentityError),
    /// The worker's job has no reply.
    #[error("a verification has no reply: {0}")]
    NoReply(#[from] JobError),
    /// The worker answered something else.
    #[error("a worker's reply is no verification")]
    BadReply(#[from] serde_json::Error),
}

impl Unverified {
    /// Its name in metrics: that of the refusal, `no-reply` or `bad-reply`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Refused(error) => error.kind.name(),
            Self::NoReply(_) => "no-reply",
            Self::BadReply(_) => "bad-reply",
        }
    }
}

/// Verifies with the workers of a runner, in the pool [`POOL`]. Share it behind an `Arc`.
pub struct Verifier {
    /// The workers.
    pub runner: JobRunner,
    /// Which assertions are believed; none where absent.
    pub browserid: Option<BrowserIdRules>,
    /// Which bearer tokens are believed, and the keys of their accounts server; none where absent.
    pub bearer: Option<(BearerRules, Keys)>,
    /// Where the accounts server is asked about bearer tokens that are no JWT; none is believed where absent.
    pub opaque: Option<(Fetcher, Url)>,
    /// What the issuers of assertions say.
    pub documents: Documents,
    /// How long a worker may take for a verification, the wait for it included.
    pub job_timeout: Duration,
}

impl Verifier {
    /// Who an assertion says that it is from. Nothing is verified.
    #[must_use]
    pub fn claimed_by_assertion(&self, assertion: &str) -> Option<Identity> {
        self.browserid.as_ref().and_then(|_| browserid::claimed(assertion))
    }

    /// Who a bearer token says that it is from. Nothing is verified.
    #[must_use]
    pub fn claimed_by_bearer(&self, token: &str, key_id: Option<&KeyId>) -> Option<Identity> {
        self.bearer.as_ref().and_then(|(rules, _)| bearer::claimed(token, key_id, rules))
    }

    /// Who made this BrowserID assertion. `now` is the time since 1970.
    ///
    /// # Errors
    /// Why it is not believed, [`ErrorKind::IssuerUnreachable`] where that is not known; or what became of the job.
    pub async fn verify_browserid(
        &self,
        assertion: &str,
        ahead: Option<Ahead>,
        now: Duration,
    ) -> Result<Verified, Unverified> {
        let rules = self.browserid.as_ref().ok_or(NOT_TAKEN)?;
        let evidence = Plan::read(assertion)?.evidence(rules, &self.documents).await;
        if let (Err(error), Dialect::JavaScript) = (&evidence.issuer_keys, rules.dialect) {
            // Whatever else is wrong, this is told first: no worker need look.
            return Err(error.clone().into());
        }
        let (assertion, rules) = (assertion.to_owned(), rules.clone());
        let now = u64::try_from(now.as_millis()).unwrap_or(u64::MAX);
        let task = Task::BrowserId { assertion, rules, evidence, now };
        self.run(task, ahead).await
    }

    /// Whose this bearer token is; `key_id` says which keys the client has. `now` is the time since 1970.
    ///
    /// # Errors
    /// As [`verify_browserid`](Verifier::verify_browserid).
    pub async fn verify_bearer(
        &self,
        token: &str,
        key_id: Option<&KeyId>,
        ahead: Option<Ahead>,
        now: Duration,
    ) -> Result<Verified, Unverified> {
        let (rules, keys) = self.bearer.as_ref().ok_or(NOT_TAKEN)?;
        if bearer::is_opaque(token) {
            let (accounts, url) = self.opaque.as_ref().ok_or(NOT_TAKEN)?;
            let answer = accounts.ask(url.clone(), bearer::question(token)?).await?;
            let identity = bearer::told(&answer, key_id, rules)?;
            return Ok(Verified { identity, token: None });
        }
        let name = bearer::key_name(token)?;
        let task = Task::Bearer {
            token: token.to_owned(),
            key_id: key_id.cloned(),
            rules: rules.clone(),
            keys: keys.select(name.as_deref()).await?,
            now: now.as_secs(),
        };
        self.run(task, ahead).await
    }

    async fn run(&self, task: Task, ahead: Option<Ahead>) -> Result<Verified, Unverified> {
        let payload = Request::new(task, ahead).to_payload();
        let job = Job::new(payload).pool(POOL).timeout(self.job_timeout);
        let reply = self.runner.submit(job).await?;
        let Reply { identity, token } = serde_json::from_slice(&reply)?;
        Ok(Verified { identity: identity?, token })
    }
}

const NOT_TAKEN: IdentityError =
    IdentityError::new(ErrorKind::Malformed, "this server does not take such credentials");

#[cfg(test)]
mod tests;
