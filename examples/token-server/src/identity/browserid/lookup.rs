//! From a domain to who speaks for it: support documents may name another domain. Says what to fetch; fetches nothing.

use serde_json::Value;

use super::super::IdentityError;
use super::super::host::is_authority;
use super::support::{SupportDocument, bad};

/// How often a domain may be delegated.
const HOPS_MAX: usize = 5;

/// A look-up under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lookup {
    question: Question,
    /// The domains that have been named so far.
    chain: Vec<String>,
    /// Asked where the domain has no good answer.
    fallback: Option<String>,
}

/// A document to fetch: `https://HOST/.well-known/browserid?domain=DOMAIN`.
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

/// Where a look-up stands.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// The document has to be fetched that [`Lookup::question`] names.
    Ask(Lookup),
    /// It is known.
    Found(Authority),
    /// It will not be known.
    Failed(IdentityError),
}

impl Lookup {
    /// Begins at a domain, on behalf of a user of `principal` or of the domain itself.
    #[must_use]
    pub fn start(domain: &str, principal: Option<&str>, fallback: Option<&str>) -> Step {
        let principal = principal.unwrap_or(domain);
        let lookup = Self {
            question: Question { host: domain.to_owned(), domain: principal.to_owned() },
            chain: vec![principal.to_owned()],
            fallback: fallback.map(str::to_owned),
        };
        match is_authority(principal) && is_authority(domain) {
            true => Step::Ask(lookup),
            false => lookup.fall_back(bad("the issuer is no host")),
        }
    }

    /// What to fetch.
    #[must_use]
    pub fn question(&self) -> &Question {
        &self.question
    }

    /// Goes on with the document, or with why there is none.
    #[must_use]
    pub fn answered(mut self, document: Result<SupportDocument, IdentityError>) -> Step {
        match document {
            Ok(SupportDocument::Supported(keys)) => self.found(keys),
            Ok(SupportDocument::Disabled) => self.found(Vec::new()),
            Ok(SupportDocument::Delegated(host)) if self.chain.contains(&host) => {
                self.fall_back(bad("the domains delegate in a circle"))
            }
            Ok(SupportDocument::Delegated(_)) if self.chain.len() > HOPS_MAX => {
                self.fall_back(bad("the domain is delegated too often"))
            }
            Ok(SupportDocument::Delegated(host)) => {
                self.chain.push(host.clone());
                self.question.host = host;
                Step::Ask(self)
            }
            Err(error) => self.fall_back(error),
        }
    }

    fn found(mut self, keys: Vec<Value>) -> Step {
        let host = self.chain.pop().unwrap_or(self.question.host);
        Step::Found(Authority { host, keys })
    }

    fn fall_back(mut self, error: IdentityError) -> Step {
        let Some(fallback) = self.fallback.take() else { return Step::Failed(error) };
        if !is_authority(&self.question.domain) || !is_authority(&fallback) {
            return Step::Failed(error);
        }
        self.chain = vec![fallback.clone()];
        self.question.host = fallback;
        Step::Ask(self)
    }
}
