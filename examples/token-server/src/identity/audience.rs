//! For whom an assertion was made, and whether that is us.

use super::browserid::Dialect;
use super::host::Origin;
use crate::glob;

impl Dialect {
    /// Whether the assertion's audience is ours.
    pub(super) fn matches(self, ours: &str, theirs: &str) -> bool {
        match self {
            Self::JavaScript => same_origin(ours, theirs).is_some(),
            Self::PyBrowserId => matches_pattern(ours, theirs),
        }
    }
}

fn same_origin(ours: &str, theirs: &str) -> Option<()> {
    let ours = match Origin::parse(ours) {
        Some(origin) if matches!(origin.scheme.as_deref(), Some("https" | "http" | "app")) => origin,
        _ => Origin::parse(&format!("http://{ours}"))?,
    };
    let theirs = Origin::parse(theirs)?;
    let is_same = ours.scheme == theirs.scheme && ours.port() == theirs.port() && ours.host == theirs.host;
    (is_same && !ours.host.is_empty() && matches!(&*ours.path, "" | "/")).then_some(())
}

fn matches_pattern(pattern: &str, text: &str) -> bool {
    if pattern.contains("://") {
        return glob::matches(pattern, text);
    }
    let behind_scheme = text
        .split_once("://")
        .filter(|(scheme, _)| !scheme.is_empty() && scheme.bytes().all(|byte| byte.is_ascii_lowercase()));
    glob::matches(pattern, text) || behind_scheme.is_some_and(|(_, rest)| glob::matches(pattern, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_compared_part_by_part() {
        let ours = "https://token.example.org";
        for theirs in [
            ours,
            "https://token.example.org:443/x?y#z",
            "https://me@TOKEN.example.org",
            "HTTPS://token.example.org",
        ] {
            assert!(Dialect::JavaScript.matches(ours, theirs), "{theirs}");
        }
        for theirs in [
            "",
            "http://token.example.org",
            "https://token.example.org:444",
            "https://example.org",
            "token.example.org",
        ] {
            assert!(!Dialect::JavaScript.matches(ours, theirs), "{theirs}");
        }
        assert!(Dialect::JavaScript.matches("token.example.org:8080", "http://token.example.org:8080"));
        assert!(Dialect::JavaScript.matches("http://token.example.org:80/", "http://token.example.org"));
        assert!(Dialect::JavaScript.matches("app://x", "app://x"));
        assert!(
            !Dialect::JavaScript.matches("https://token.example.org/1.0", "https://token.example.org/1.0")
        );
        assert!(!Dialect::JavaScript.matches("https://token.example.org@", "https:token.example.org"));
        assert!(!Dialect::JavaScript.matches("https://*.example.org", "https://token.example.org"));
    }

    #[test]
    fn patterns_are_those_of_python() {
        for (ours, theirs) in [
            ("*", "anything"),
            ("https://*.example.org", "https://token.example.org"),
            ("token.example.org", "https://token.example.org"),
            ("token.example.org", "token.example.org"),
            ("t?ken.[a-f]xample.[!n]rg", "token.example.org"),
            ("https://[]]", "https://]"),
            ("a[", "a["),
            ("*a*b*", "xxaxxbxx"),
        ] {
            assert!(Dialect::PyBrowserId.matches(ours, theirs), "{ours} {theirs}");
        }
        for (ours, theirs) in [
            ("https://token.example.org", "https://token.example.org/"),
            ("https://token.example.org", "https://TOKEN.example.org"),
            ("https://token.example.org", "https://token.example.org:443"),
            ("token.example.org", "HTTPS://token.example.org"),
            ("token.example.org", "x://://token.example.org"),
            ("", "x"),
            ("[!a]", "a"),
        ] {
            assert!(!Dialect::PyBrowserId.matches(ours, theirs), "{ours} {theirs}");
        }
    }
}
