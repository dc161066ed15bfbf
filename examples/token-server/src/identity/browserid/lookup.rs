//! From a domain to who speaks for it: support documents may name another domain. Says what to fetch; fetches nothing.

use std::future::Future;

use serde_json::Value;

use super::super::IdentityError;
use super::super::host::is_authority;
use super::support::{SupportDocument, bad};

/// How often a domain may be delegated.
const HOPS_MAX: usize = 5;

/// Where documents come from.
pub trait Source {
    /// The document, or why there is none.
    fn document(
        &self,
        question: &Question,
    ) -> impl Future<Output = Result<SupportDocument, IdentityError>> + Send;
}

/// A document: `https://HOST/.well-known/browserid?domain=DOMAIN`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Question {
    /// Whom to ask; perhaps with a port.
    pub host: String,
    /// For whose users.
    pub domain: String,
}

/// Who speaks for a domain.
#[derive(Debug, Clone, PartialEq)]
pub struct Authority {
    /// The host.
    pub host: String,
    /// Its keys; none where the domain is disabled.
    pub keys: Vec<Value>,
}

/// Looks up a host, on behalf of a user of this domain; where there is no good answer, the fallback.
pub(super) async fn look_up(
    host: &str,
    domain: &str,
    fallback: Option<&str>,
    source: &(impl Source + Sync),
) -> Result<Authority, IdentityError> {
    let found = match is_authority(domain) && is_authority(host) {
        true => follow(host, domain, domain, source).await,
        false => Err(bad("the issuer is no host")),
    };
    match (found, fallback) {
        (Err(_), Some(fallback)) if is_authority(domain) && is_authority(fallback) => {
            follow(fallback, domain, fallback, source).await
        }
        (found, _) => found,
    }
}

/// Follows the documents, from that of a host on, to who speaks for `named` at last.
async fn follow(
    host: &str,
    domain: &str,
    named: &str,
    source: &(impl Source + Sync),
) -> Result<Authority, IdentityError> {
    let mut question = Question { host: host.to_owned(), domain: domain.to_owned() };
    let mut chain = vec![named.to_owned()];
    loop {
        let keys = match source.document(&question).await? {
            SupportDocument::Delegated(host) if chain.contains(&host) => {
                return Err(bad("the domains delegate in a circle"));
            }
            SupportDocument::Delegated(_) if chain.len() > HOPS_MAX => {
                return Err(bad("the domain is delegated too often"));
            }
            SupportDocument::Delegated(host) => {
                chain.push(host.clone());
                question.host = host;
                continue;
            }
            SupportDocument::Supported(keys) => keys,
            SupportDocument::Disabled => Vec::new(),
        };
        return Ok(Authority { host: chain.pop().unwrap_or(question.host), keys });
    }
}
