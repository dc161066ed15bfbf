//! Hosts, addresses and paths, read as the JavaScript libraries read them (Node's `url.parse`).

use idna::domain_to_ascii;

/// What no host holds: it ends there.
const HOST_ENDS: &str = "/?#\\ %;'\"<>^`{|}";

/// The longest address, in UTF-16 units.
const ADDRESS_UNITS_MAX: usize = 254;

/// The parts of a URL that make an origin.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Origin {
    /// Small letters, without the colon; `None` where there is none.
    pub(super) scheme: Option<String>,
    /// Small letters, by IDNA; empty where there is none.
    pub(super) host: String,
    /// As written; empty where there is none.
    pub(super) port: String,
    /// Path and query, empty where both are.
    pub(super) path: String,
}

impl Origin {
    /// Reads a URL; user name and fragment do not matter. `None` where its host is none.
    pub(super) fn parse(url: &str) -> Option<Self> {
        let url = slashed(url.trim());
        let scheme = url.split_once(':').map(|(scheme, _)| scheme).filter(|scheme| is_scheme(scheme));
        let rest = scheme.map_or(&*url, |scheme| &url[scheme.len() + 1..]);
        let scheme = scheme.map(str::to_ascii_lowercase);
        let Some(rest) = rest.strip_prefix("//") else {
            let path = rest.split('#').next().unwrap_or_default().to_owned();
            return Some(Self { scheme, host: String::new(), port: String::new(), path });
        };
        let end = rest.find(|character| HOST_ENDS.contains(character)).unwrap_or(rest.len());
        let (authority, rest) = rest.split_at(end);
        let authority = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
        let (host, port) = split_port(authority);
        // A colon before something else than a port ends the host, and begins the path.
        let host_ends = host.find(':').filter(|_| !host.starts_with('[')).unwrap_or(host.len());
        let (host, rest_of_host) = host.split_at(host_ends);
        let host = canonical(host)?;
        let path = format!("{rest_of_host}{}", rest.split('#').next().unwrap_or_default());
        let path = if path.starts_with('/') { path } else { format!("/{path}") };
        Some(Self { scheme, host, port: port.to_owned(), path })
    }

    /// The port, or the scheme's own.
    pub(super) fn port(&self) -> &str {
        match (self.port.as_str(), self.scheme.as_deref()) {
            ("", Some("https")) => "443",
            ("", _) => "80",
            (port, _) => port,
        }
    }
}

/// With the slashes before query and fragment all the same way.
fn slashed(url: &str) -> String {
    let (front, rest) = url.split_at(url.find(['?', '#']).unwrap_or(url.len()));
    front.replace('\\', "/") + rest
}

/// Whether a host with perhaps a port is written in the one way that issuers are: small letters, no user name, no path.
#[must_use]
pub fn is_authority(text: &str) -> bool {
    let (host, port) = split_port(text);
    let is_whole = text.len() == host.len() || !port.is_empty();
    is_whole && !host.is_empty() && canonical(host).as_deref() == Some(host)
}

/// The domain of a mail address; `None` where it is no address.
pub(super) fn address_domain(address: &str) -> Option<&str> {
    let units = address.encode_utf16().count();
    let (user, domain) = address.split_once('@')?;
    let is_user =
        |character: char| character.is_ascii_alphanumeric() || "_!#$%&'*+/=?^`{|}~.-".contains(character);
    let is_address =
        (3..=ADDRESS_UNITS_MAX).contains(&units) && !user.is_empty() && user.chars().all(is_user);
    (is_address && is_authority(domain)).then_some(domain)
}

/// Whether a support document may name this path: absolute, and without query or fragment.
pub(super) fn is_absolute_path(path: &str) -> bool {
    path.starts_with('/')
        && path.bytes().all(|byte| byte.is_ascii_graphic() && !b"?#\"'<>\\^`{|}".contains(&byte))
}

fn is_scheme(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+.-".contains(&byte))
}

/// Host and port; the port is empty where there is none, or only a colon.
fn split_port(authority: &str) -> (&str, &str) {
    match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|digit| digit.is_ascii_digit()) => (host, port),
        _ => (authority, ""),
    }
}

/// The host in small letters and by IDNA; `None` where it is none.
fn canonical(host: &str) -> Option<String> {
    if let Some(address) = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        let is_address = address.bytes().all(|byte| byte.is_ascii_hexdigit() || b":.".contains(&byte));
        return is_address.then(|| host.to_ascii_lowercase());
    }
    let is_ascii_host =
        |byte: u8| byte.is_ascii_alphanumeric() || b"-+_.!$&()*,=~".contains(&byte) || !byte.is_ascii();
    if host.len() > 255 || !host.bytes().all(is_ascii_host) {
        return None;
    }
    let host = if host.is_ascii() { host.to_ascii_lowercase() } else { domain_to_ascii(host).ok()? };
    let is_decodable =
        host.split('.').all(|label| !label.starts_with("xn--") || domain_to_ascii(label).is_ok());
    is_decodable.then_some(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_taken_apart_as_node_does() {
        let origin = Origin::parse(" HTTPS://me:pw@TOKEN.example.org:8443/a?b#c").unwrap();
        assert_eq!(origin.scheme.as_deref(), Some("https"));
        assert_eq!((&*origin.host, &*origin.port, &*origin.path), ("token.example.org", "8443", "/a?b"));
        assert_eq!(Origin::parse("https://x").unwrap().port(), "443");
        assert_eq!(Origin::parse("app://x").unwrap().port(), "80");
        assert_eq!(Origin::parse("https://bücher.example").unwrap().host, "xn--bcher-kva.example");
        assert_eq!(
            Origin::parse("token.example.org:80").unwrap().scheme.as_deref(),
            Some("token.example.org")
        );
        assert_eq!(Origin::parse("token.example.org").unwrap().scheme, None);
        assert_eq!(Origin::parse("https://a b/").unwrap().host, "a");
        assert_eq!(Origin::parse("https://a,b/").unwrap().host, "a,b");
        let origin = Origin::parse("https:\\\\a:b/\\").unwrap();
        assert_eq!((&*origin.host, origin.port(), &*origin.path), ("a", "443", "/:b//"));
    }

    #[test]
    fn an_authority_has_one_spelling() {
        for good in [
            "example.org",
            "127.0.0.1:10002",
            "a_b.example",
            "[::1]:80",
            "xn--bcher-kva.example",
            "a!$&()*,=~b.example",
        ] {
            assert!(is_authority(good), "{good}");
        }
        for bad in [
            "",
            "EXAMPLE.ORG",
            "me@example.org",
            "example.org:",
            "example.org/",
            "a b",
            "bücher.example",
            "xn--a.example",
            "xn--",
            "a:b",
            ":80",
        ] {
            assert!(!is_authority(bad), "{bad}");
        }
    }

    #[test]
    fn an_address_has_a_domain() {
        assert_eq!(address_domain("user+tag@example.org"), Some("example.org"));
        assert_eq!(address_domain("user@127.0.0.1:10002"), Some("127.0.0.1:10002"));
        for bad in [
            "",
            "@a",
            "user",
            "us er@a",
            "user@EXAMPLE.ORG",
            "a@b@c",
            &format!("{}@example.org", "a".repeat(243)),
        ] {
            assert_eq!(address_domain(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_path_of_a_support_document_is_absolute() {
        assert!(is_absolute_path("/sign_in"));
        for bad in ["", "sign_in", "/a?b", "/a#b", "/a b"] {
            assert!(!is_absolute_path(bad), "{bad}");
        }
    }
}
