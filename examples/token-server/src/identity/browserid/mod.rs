//! BrowserID assertions: one certificate of an issuer over a user's key, and the user's own signature for one audience.
//!
//! First [`Plan::read`] says, without verifying anything, whose documents have to be fetched (from a [`Source`]);
//! then [`verify`] decides with what they said ([`Evidence`]).

mod lookup;
mod support;
mod verify;

use clap::ValueEnum;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use self::lookup::look_up;
pub use self::lookup::{Authority, Question, Source};
pub use self::support::SupportDocument;
pub use self::verify::{Verified, verify};
use super::host::address_domain;
use super::jws::{Jws, malformed};
use super::{AccountClaims, Claims, Identity, IdentityError};

/// The longest assertion, in bytes; the largest good one has about 3,000.
pub const ASSERTION_BYTES_MAX: usize = 10_240;

/// Which assertions are believed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BrowserIdRules {
    /// Our names: an assertion has to be for one of them.
    pub audiences: Vec<String>,
    /// Whose rules where the two libraries differ.
    pub dialect: Dialect,
    /// Hosts that speak for any address.
    pub trusted_issuers: Vec<String>,
    /// The host that speaks for domains which have no document.
    pub fallback: Option<String>,
    /// What is demanded beyond what the libraries demand.
    pub demands: Demands,
}

/// Whose rules where the two libraries differ: how audiences are compared, and which fault is told where there are two.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Dialect {
    /// browserid-local-verify's: audiences by scheme, host and port, where the port may be left out and our own may be a
    /// bare host, which then means http. Signatures before times; what was issued ahead of our clock is refused.
    #[default]
    #[value(name = "javascript")]
    JavaScript,
    /// PyBrowserID's: audiences by text, ours may hold `*`, `?` and `[...]`, and any scheme does where it has none. Times
    /// before signatures; when something was issued does not matter.
    #[serde(rename = "pybrowserid")]
    #[value(name = "pybrowserid")]
    PyBrowserId,
}

/// How careful to be.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Demands {
    /// RSA keys of 2048 bits, DSA keys of 1024 or 2048; an expiry and an address in every assertion.
    #[default]
    Strict,
    /// What the libraries take: RSA keys of 512 and 1024 bits too; an expiry or an address may be missing.
    AsLibraries,
}

/// Whose word an assertion needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The host that signed the certificate; the mail domain where the certificate names none.
    pub issuer: String,
    /// The domain of the user's address; absent where there is no good one.
    pub principal: Option<String>,
}

/// What the documents said.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// The keys of the issuer, as its document has them.
    pub issuer_keys: Result<Vec<Value>, IdentityError>,
    /// The host that speaks for the user's domain. Not looked at where the issuer is trusted.
    pub authority: Result<String, IdentityError>,
}

impl Plan {
    /// Reads what an assertion claims.
    ///
    /// # Errors
    /// [`ErrorKind::Malformed`](super::ErrorKind::Malformed): too long, no certificate, or the first certificate is not
    /// built as it should be. [`ErrorKind::Issuer`](super::ErrorKind::Issuer): it names neither issuer nor address.
    pub fn read(assertion: &str) -> Result<Self, IdentityError> {
        let bundle = Bundle::parse(assertion)?;
        let first = Jws::parse(bundle.certificates[0])?;
        let last = match bundle.certificates[..] {
            [_, .., last] => Some(Jws::parse(last)),
            _ => None,
        };
        let last = last.as_ref().map_or(Ok(&first), Result::as_ref);
        // Both have to be readable for the address to count, as in the original.
        let address = match (last, Jws::parse(bundle.assertion)) {
            (Ok(last), Ok(_)) => address(&last.payload),
            _ => None,
        };
        let principal = address.and_then(address_domain).map(str::to_owned);
        let issuer = issuer(&first.payload);
        let issuer =
            issuer.or(principal.as_deref()).ok_or(support::bad("the certificate names no issuer"))?;
        Ok(Self { issuer: issuer.to_owned(), principal })
    }

    /// Asks for what an assertion needs to be verified.
    pub async fn evidence(&self, rules: &BrowserIdRules, source: &(impl Source + Sync)) -> Evidence {
        let fallback = rules.fallback.as_deref();
        let domain = self.principal.as_deref().unwrap_or(&self.issuer);
        let issuer = look_up(&self.issuer, domain, fallback, source).await;
        // With the JavaScript rules an issuer that is none is told before all else.
        let is_settled = issuer.is_err() && rules.dialect == Dialect::JavaScript;
        let authority = match &self.principal {
            Some(domain) if *domain != self.issuer && !is_settled && !rules.trusts(&self.issuer) => {
                look_up(domain, domain, fallback, source).await.map(|authority| authority.host)
            }
            _ => issuer.as_ref().map(|authority| authority.host.clone()).map_err(Clone::clone),
        };
        Evidence { issuer_keys: issuer.map(|authority| authority.keys), authority }
    }
}

impl BrowserIdRules {
    fn trusts(&self, issuer: &str) -> bool {
        self.trusted_issuers.iter().any(|trusted| trusted == issuer)
    }
}

/// Who an assertion says that it is from, by its one certificate. Nothing is verified.
#[must_use]
pub fn claimed(assertion: &str) -> Option<Identity> {
    let bundle = Bundle::parse(assertion).ok()?;
    let [certificate] = bundle.certificates[..] else { return None };
    let certificate = Jws::parse(certificate).ok()?;
    let account = AccountClaims::read(&verify::extra(&certificate.payload)).ok()?;
    Some(Identity { email: address(&certificate.payload)?.to_owned(), account })
}

/// An assertion in its parts.
struct Bundle<'a> {
    /// One at least.
    certificates: Vec<&'a str>,
    assertion: &'a str,
}

impl<'a> Bundle<'a> {
    fn parse(assertion: &'a str) -> Result<Self, IdentityError> {
        if assertion.len() > ASSERTION_BYTES_MAX {
            return Err(malformed("the assertion is too long"));
        }
        let (certificates, assertion) =
            assertion.rsplit_once('~').ok_or(malformed("there is no certificate"))?;
        Ok(Self { certificates: certificates.split('~').collect(), assertion })
    }
}

/// The host that the certificate names.
fn issuer(certificate: &Claims) -> Option<&str> {
    certificate.get("iss").and_then(Value::as_str).filter(|issuer| !issuer.is_empty())
}

/// The address that the certificate names.
fn address(certificate: &Claims) -> Option<&str> {
    let email = certificate.get("principal").and_then(|principal| principal.get("email"));
    let email = email.filter(|email| support::is_said(email)).or(certificate.get("sub"));
    email.and_then(Value::as_str).filter(|email| !email.is_empty())
}

#[cfg(test)]
mod tests;
