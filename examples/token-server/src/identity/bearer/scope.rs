//! OAuth scopes as an accounts server reads them: a scope that is a URL reaches all that lies below it.

/// Whether a scope that was granted reaches the wanted one.
pub(super) fn reaches(granted: &str, wanted: &str) -> bool {
    let is_url = |scope: &str| scope.starts_with("https://");
    match (is_url(granted), is_url(wanted)) {
        (true, true) => url_reaches(granted, wanted),
        (false, false) => name_reaches(granted, wanted),
        _ => false,
    }
}

fn url_reaches(granted: &str, wanted: &str) -> bool {
    let (granted, granted_fragment) = granted.rsplit_once('#').unwrap_or((granted, ""));
    let (wanted, wanted_fragment) = wanted.rsplit_once('#').unwrap_or((wanted, ""));
    let below = wanted.strip_prefix(granted);
    below.is_some_and(|below| below.is_empty() || below.starts_with('/'))
        && (granted_fragment.is_empty() || granted_fragment == wanted_fragment)
}

/// `profile` reaches `profile:email`; only what ends in `:write` reaches what does.
fn name_reaches(granted: &str, wanted: &str) -> bool {
    let (granted_base, may_write) = split_write(granted);
    let (wanted_base, has_to_write) = split_write(wanted);
    let below = wanted_base.strip_prefix(granted_base);
    below.is_some_and(|below| below.is_empty() || below.starts_with(':')) && (may_write || !has_to_write)
}

fn split_write(scope: &str) -> (&str, bool) {
    scope.strip_suffix(":write").map_or((scope, false), |scope| (scope, true))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_reaches_what_lies_below_it() {
        let wanted = "https://identity.mozilla.com/apps/oldsync";
        for granted in [wanted, "https://identity.mozilla.com/apps", "https://identity.mozilla.com"] {
            assert!(reaches(granted, wanted), "{granted}");
        }
        for granted in [
            "profile",
            "https:",
            "https://identity.mozilla.com/app",
            &format!("{wanted}/x"),
            &format!("{wanted}#read"),
            "",
        ] {
            assert!(!reaches(granted, wanted), "{granted}");
        }
    }

    #[test]
    fn a_name_reaches_what_lies_below_it_and_writing_has_to_be_granted() {
        for (granted, wanted) in
            [("profile", "profile:email"), ("profile:write", "profile"), ("a:write", "a:b:write")]
        {
            assert!(reaches(granted, wanted), "{granted} {wanted}");
        }
        for (granted, wanted) in
            [("profile", "profile:write"), ("profile:email", "profile"), ("prof", "profile")]
        {
            assert!(!reaches(granted, wanted), "{granted} {wanted}");
        }
    }
}
