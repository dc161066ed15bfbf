//! Fetches small JSON documents by HTTPS: within a time and a size, without following redirects or obeying proxies.
//!
//! The hosts come out of assertions that nobody has verified, so by default only public addresses are asked.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use clap::ValueEnum;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::CONTENT_TYPE;
use reqwest::redirect::Policy;
use reqwest::{Certificate, Client, RequestBuilder, StatusCode, Url};

use crate::identity::{ErrorKind, IdentityError};

/// The longest document, in bytes.
const DOCUMENT_BYTES_MAX: usize = 64 * 1024;

/// Which hosts may be asked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Reach {
    /// Hosts with a name and public addresses, on port 443: an assertion cannot make this server knock at doors of its
    /// own network.
    #[default]
    Public,
    /// Every host and port: for tests, and for servers that know only their own accounts server.
    Everywhere,
}

/// The client. Clones share its connections.
#[derive(Clone)]
pub struct Fetcher {
    client: Client,
    reach: Reach,
}

const UNREACHABLE: IdentityError =
    IdentityError::new(ErrorKind::IssuerUnreachable, "the host of the issuer does not answer");

impl Fetcher {
    /// A client that trusts these certificates, each as PEM, beside the public ones. The time is for connecting and the
    /// whole answer.
    ///
    /// # Errors
    /// A certificate is none, or TLS gives out.
    pub fn new(timeout: Duration, reach: Reach, roots: &[Vec<u8>]) -> Result<Self, reqwest::Error> {
        let mut client = Client::builder()
            .https_only(true)
            .no_proxy()
            .redirect(Policy::none())
            .timeout(timeout)
            .user_agent("powerhose-token-server");
        if reach == Reach::Public {
            client = client.dns_resolver(Arc::new(PublicOnly));
        }
        for root in roots {
            client = client.add_root_certificate(Certificate::from_pem(root)?);
        }
        Ok(Self { client: client.build()?, reach })
    }

    /// The document behind a URL.
    ///
    /// A host that answers, with whatever, is [`ErrorKind::Issuer`]; one that does not, or with a status of 500 or above, is
    /// [`ErrorKind::IssuerUnreachable`].
    pub(super) async fn document(&self, url: Url) -> Result<Vec<u8>, IdentityError> {
        self.answer(self.client.get(url)).await
    }

    /// What a host answers to this JSON, in the same way.
    pub(super) async fn ask(&self, url: Url, question: String) -> Result<Vec<u8>, IdentityError> {
        self.answer(self.client.post(url).header(CONTENT_TYPE, "application/json").body(question)).await
    }

    async fn answer(&self, request: RequestBuilder) -> Result<Vec<u8>, IdentityError> {
        let request = request.build().map_err(|_| no_document("the issuer is no host"))?;
        let is_named = request.url().domain().is_some() && request.url().port().is_none();
        if self.reach == Reach::Public && !is_named {
            return Err(no_document("the issuer is no public host"));
        }
        let mut response = self.client.execute(request).await.map_err(|_| UNREACHABLE)?;
        match response.status() {
            StatusCode::OK => {}
            status if status.is_server_error() => return Err(UNREACHABLE),
            status if status.is_redirection() => return Err(no_document("the document is elsewhere")),
            _ => return Err(no_document("the host has no document")),
        }
        let kind = response.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        if !kind.is_some_and(|kind| kind.starts_with("application/json")) {
            return Err(no_document("the document is not application/json"));
        }
        let mut document = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|_| UNREACHABLE)? {
            if document.len() + chunk.len() > DOCUMENT_BYTES_MAX {
                return Err(no_document("the document is too long"));
            }
            document.extend_from_slice(&chunk);
        }
        Ok(document)
    }
}

fn no_document(text: &'static str) -> IdentityError {
    IdentityError::new(ErrorKind::Issuer, text)
}

/// Resolves names, and knows no other addresses than public ones.
struct PublicOnly;

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let public: Vec<SocketAddr> = found.filter(|address| is_public(address.ip())).collect();
            Ok(Box::new(public.into_iter()) as Addrs)
        })
    }
}

/// Whether an address is one of the whole internet's.
fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => {
            let [first, second, ..] = address.octets();
            let is_shared = first == 100 && (64..128).contains(&second);
            let is_benchmark = first == 198 && (18..20).contains(&second);
            let is_special = address.is_loopback()
                || address.is_private()
                || address.is_link_local()
                || address.is_documentation();
            !(is_special
                || is_shared
                || is_benchmark
                || first == 0
                || first >= 224
                || (first, second) == (192, 0))
        }
        // Global unicast, less documentation, Teredo and 6to4: the last two hold IPv4 addresses.
        IpAddr::V6(address) => match address.segments() {
            [0x2001, 0xdb8 | 0, ..] | [0x2002, ..] => false,
            [first, ..] => first & 0xe000 == 0x2000,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_the_whole_internet_are_public() {
        for public in ["93.184.215.14", "2606:2800:21f::1"] {
            assert!(is_public(public.parse().unwrap()), "{public}");
        }
        for ours in [
            "127.0.0.1",
            "10.1.2.3",
            "192.168.1.1",
            "172.16.0.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "224.0.0.1",
            "255.255.255.255",
            "198.18.0.1",
            "192.0.0.1",
            "::1",
            "::",
            "fe80::1",
            "fd00::1",
            "::ffff:127.0.0.1",
            "2001:db8::1",
            "2002:7f00:1::1",
            "ff02::1",
        ] {
            assert!(!is_public(ours.parse().unwrap()), "{ours}");
        }
    }
}
