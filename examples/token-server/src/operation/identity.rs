//! Who may say who somebody is: the flags, and the verifier that is made of them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, bail};
use clap::Args;
use powerhose::JobRunner;
use powerhose_example_token::program::read;
use url::Url;

use crate::identity::bearer::{BearerRules, KeySet};
use crate::identity::browserid::{BrowserIdRules, Demands, Dialect, SupportDocument};
use crate::verifier::{Documents, Fetcher, Keys, Reach, Verifier};

/// Files of documents and keys are not longer than what is fetched.
const FILE_BYTES_MAX: usize = 64 * 1024;

/// Who may say who somebody is.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Whom to believe")]
pub struct IdentityOptions {
    /// For whom assertions have to be made; --public-url if missing; may be repeated
    #[arg(long, value_name = "URL")]
    pub audience: Vec<String>,
    /// Whose rules for assertions
    #[arg(long, value_name = "LIBRARY", default_value = "javascript")]
    pub assertion_rules: Dialect,
    /// A host that speaks for any address; may be repeated
    #[arg(long, value_name = "HOST")]
    pub trusted_issuer: Vec<String>,
    /// The host that speaks for domains which have no document of their own
    #[arg(long, value_name = "HOST")]
    pub fallback_issuer: Option<String>,
    /// The support document of a host, which is then not fetched; may be repeated
    #[arg(long, value_name = "HOST=FILE")]
    pub support_document: Vec<String>,
    /// The key set of the accounts server for bearer tokens: an https: URL, or a file
    #[arg(long, value_name = "URL|FILE")]
    pub bearer_keys: Option<String>,
    /// Where the accounts server is asked about bearer tokens that are no JWT, as `https://oauth.example.org/v1/verify`; they
    /// are refused if missing
    #[arg(long, value_name = "URL", requires = "bearer_keys")]
    pub bearer_verify: Option<Url>,
    /// What `iss` of bearer tokens has to be; anything if missing
    #[arg(long, value_name = "URL")]
    pub bearer_issuer: Option<String>,
    /// What `aud` of bearer tokens has to hold; anything if missing
    #[arg(long, value_name = "AUDIENCE")]
    pub bearer_audience: Option<String>,
    /// The scope that bearer tokens have to reach
    #[arg(long, value_name = "SCOPE", default_value = "https://identity.mozilla.com/apps/oldsync")]
    pub bearer_scope: String,
    /// What stands behind the @ of users with bearer tokens; the first --trusted-issuer if missing
    #[arg(long, value_name = "HOST")]
    pub email_domain: Option<String>,
    /// Seconds that an accounts server's clock may be off
    #[arg(long, value_name = "SECONDS", default_value_t = 0)]
    pub bearer_leeway: u32,
    /// Which hosts documents may be fetched from
    #[arg(long, value_name = "HOSTS", default_value = "public")]
    pub issuer_hosts: Reach,
    /// A certificate (PEM) to trust beside the public ones when documents are fetched; may be repeated
    #[arg(long, value_name = "FILE")]
    pub root_certificate: Vec<PathBuf>,
    /// Seconds that fetched documents and key sets are good
    #[arg(long, value_name = "SECONDS", default_value_t = 600)]
    pub document_age: u64,
    /// Seconds that a host has to answer
    #[arg(long, value_name = "SECONDS", default_value_t = 10)]
    pub fetch_timeout: u64,
}

impl IdentityOptions {
    /// The verifier.
    ///
    /// # Errors
    /// A file cannot be read, or holds something else.
    pub fn verifier(
        &self,
        runner: JobRunner,
        job_timeout: Duration,
        public_url: Option<&Url>,
    ) -> anyhow::Result<Verifier> {
        let roots = self
            .root_certificate
            .iter()
            .map(|path| read(path, FILE_BYTES_MAX))
            .collect::<anyhow::Result<Vec<_>>>()?;
        let fetcher = Fetcher::new(Duration::from_secs(self.fetch_timeout), self.issuer_hosts, &roots)
            .context("cannot set up HTTPS")?;
        let (browserid, bearer) = (self.browserid(public_url), self.bearer(&fetcher)?);
        let opaque = self.bearer_verify.clone().map(|url| (fetcher.clone(), url));
        let documents = Documents::new(fetcher, self.document_age(), self.documents()?);
        Ok(Verifier { runner, browserid, bearer, opaque, documents, job_timeout })
    }

    /// Refuses options with which nobody would be believed.
    ///
    /// # Errors
    /// There are neither assertions nor bearer tokens that would be taken.
    pub fn demand_somebody(&self, public_url: Option<&Url>) -> anyhow::Result<()> {
        if self.browserid(public_url).is_none() && self.bearer_keys.is_none() {
            bail!(
                "nobody would be believed: assertions need --audience or --public-url, bearer tokens --bearer-keys"
            );
        }
        Ok(())
    }

    fn document_age(&self) -> Duration {
        Duration::from_secs(self.document_age)
    }

    fn browserid(&self, public_url: Option<&Url>) -> Option<BrowserIdRules> {
        let own = || public_url.map(|url| url.as_str().trim_end_matches('/').to_owned());
        let audiences = match self.audience.is_empty() {
            true => own().into_iter().collect(),
            false => self.audience.clone(),
        };
        (!audiences.is_empty()).then(|| BrowserIdRules {
            audiences,
            dialect: self.assertion_rules,
            trusted_issuers: self.trusted_issuer.clone(),
            fallback: self.fallback_issuer.clone(),
            demands: Demands::Strict,
        })
    }

    fn bearer(&self, fetcher: &Fetcher) -> anyhow::Result<Option<(BearerRules, Keys)>> {
        let Some(keys) = &self.bearer_keys else { return Ok(None) };
        let domain = self.email_domain.as_ref().or(self.trusted_issuer.first());
        let email_domain =
            domain.context("--bearer-keys needs --email-domain: what stands behind the @ of its users")?;
        let keys = if keys.starts_with("https:") {
            let url = keys.parse().context("--bearer-keys: no URL")?;
            Keys::fetched(fetcher.clone(), url, self.document_age())
        } else {
            let set = KeySet::parse(&read(Path::new(keys), FILE_BYTES_MAX)?);
            Keys::given(set.with_context(|| format!("{keys} is no key set"))?)
        };
        let rules = BearerRules {
            email_domain: email_domain.clone(),
            issuer: self.bearer_issuer.clone(),
            audience: self.bearer_audience.clone(),
            scope: self.bearer_scope.clone(),
            leeway_seconds: self.bearer_leeway,
        };
        Ok(Some((rules, keys)))
    }

    fn documents(&self) -> anyhow::Result<BTreeMap<String, SupportDocument>> {
        let documents = self.support_document.iter().map(|given| {
            let (host, path) = given.split_once('=').context("--support-document: HOST=FILE is wanted")?;
            let document = SupportDocument::parse(&read(Path::new(path), FILE_BYTES_MAX)?);
            Ok((host.to_owned(), document.with_context(|| format!("{path} is no support document"))?))
        });
        documents.collect()
    }
}
