//! For whom an assertion was made, and whether that is us.

use super::browserid::Dialect;
use super::host::Origin;

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
    (is_same && matches!(&*ours.path, "" | "/")).then_some(())
}

fn matches_pattern(pattern: &str, text: &str) -> bool {
    if pattern.contains("://") {
        return glob(pattern, text);
    }
    let behind_scheme = text
        .split_once("://")
        .filter(|(scheme, _)| !scheme.is_empty() && scheme.bytes().all(|byte| byte.is_ascii_lowercase()));
    glob(pattern, text) || behind_scheme.is_some_and(|(_, rest)| glob(pattern, rest))
}

/// Python's `fnmatchcase`. Goes back to the last star only, so its cost is bounded by the product of the lengths.
fn glob(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut at, mut position) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while position < text.len() {
        if pattern.get(at) == Some(&'*') {
            star = Some((at, position));
            at += 1;
        } else if let Some(width) = matched_width(&pattern[at..], text[position]) {
            at += width;
            position += 1;
        } else if let Some((star_at, from)) = star {
            star = Some((star_at, from + 1));
            (at, position) = (star_at + 1, from + 1);
        } else {
            return false;
        }
    }
    pattern[at..].iter().all(|character| *character == '*')
}

/// How much of the pattern stands for this one character; `None` if it is another.
fn matched_width(pattern: &[char], character: char) -> Option<usize> {
    match pattern.first()? {
        '?' => Some(1),
        '[' => match class_end(pattern) {
            Some(end) => in_class(&pattern[1..end], character).then_some(end + 1),
            None => (character == '[').then_some(1),
        },
        literal => (*literal == character).then_some(1),
    }
}

/// Where the bracket closes; the first character inside does not close it.
fn class_end(pattern: &[char]) -> Option<usize> {
    let first = if pattern.get(1) == Some(&'!') { 3 } else { 2 };
    (first..pattern.len()).find(|at| pattern[*at] == ']')
}

fn in_class(class: &[char], character: char) -> bool {
    let (wanted, class) = match class.first() {
        Some('!') => (false, &class[1..]),
        _ => (true, class),
    };
    let mut at = 0;
    while at < class.len() {
        let last = if class.get(at + 1) == Some(&'-') && at + 2 < class.len() { at + 2 } else { at };
        if (class[at]..=class[last]).contains(&character) {
            return wanted;
        }
        at = last + 1;
    }
    !wanted
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
