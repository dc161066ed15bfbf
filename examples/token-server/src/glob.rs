//! Patterns as Python's `fnmatchcase` reads them.

/// Whether the pattern stands for the text: `*` for any characters, `?` for one, `[...]` and `[!...]` for one of some.
///
/// Goes back to the last star only, so its cost is bounded by the product of the lengths.
pub(crate) fn matches(mut pattern: &str, mut text: &str) -> bool {
    // What follows the last star, and the text that it was tried with.
    let mut star: Option<(&str, &str)> = None;
    loop {
        if let Some(rest) = pattern.strip_prefix('*') {
            star = Some((rest, text));
            pattern = rest;
            continue;
        }
        let Some(character) = text.chars().next() else { return pattern.is_empty() };
        if let Some(rest) = behind_one(pattern, character) {
            pattern = rest;
            text = &text[character.len_utf8()..];
        } else if let Some((rest, tried)) = star {
            let mut later = tried.chars();
            later.next();
            star = Some((rest, later.as_str()));
            (pattern, text) = (rest, later.as_str());
        } else {
            return false;
        }
    }
}

/// The pattern behind what stands for this one character; `None` if it is another.
fn behind_one(pattern: &str, character: char) -> Option<&str> {
    let mut rest = pattern.chars();
    let first = rest.next()?;
    let rest = rest.as_str();
    match (first, class(rest)) {
        ('?', _) => Some(rest),
        ('[', Some((class, behind))) => is_in(class, character).then_some(behind),
        _ => (first == character).then_some(rest),
    }
}

/// What stands in the brackets, and what is behind them; the first character inside does not close them.
fn class(text: &str) -> Option<(&str, &str)> {
    let begin = usize::from(text.starts_with('!'));
    let first = begin + text[begin..].chars().next()?.len_utf8();
    let end = first + text[first..].find(']')?;
    Some((&text[..end], &text[end + 1..]))
}

fn is_in(class: &str, character: char) -> bool {
    let (wanted, class) = class.strip_prefix('!').map_or((true, class), |others| (false, others));
    let mut rest = class.chars();
    while let Some(first) = rest.next() {
        let mut ahead = rest.clone();
        let last = match (ahead.next(), ahead.next()) {
            (Some('-'), Some(last)) => {
                rest = ahead;
                last
            }
            _ => first,
        };
        if (first..=last).contains(&character) {
            return wanted;
        }
    }
    !wanted
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn many_stars_end_soon() {
        assert!(!matches(&"*a".repeat(60), &"a".repeat(59)));
        assert!(matches(&"*a*".repeat(30), &"a".repeat(1000)));
    }

    #[test]
    fn patterns_are_those_of_python() {
        for (pattern, text) in [
            ("", ""),
            ("*", ""),
            ("t?ken.[a-f]x[é-í].[!n]rg", "token.exê.org"),
            ("[]]", "]"),
            ("[a-]", "-"),
            ("a[", "a["),
            ("a[!", "a[!"),
            ("*a*b*", "xxaxxbxx"),
        ] {
            assert!(matches(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [("", "x"), ("x", ""), ("?", ""), ("[!a]", "a"), ("[b-a]", "a"), ("*b", "ba")]
        {
            assert!(!matches(pattern, text), "{pattern} {text}");
        }
    }
}
