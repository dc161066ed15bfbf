//! The page: one file with all that it needs, which loads nothing from anywhere but what it shows.

use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};
use std::sync::LazyLock;

const STYLE: &str = include_str!("style.css");
/// One script, so that its parts share their names.
const SCRIPT: &str = concat!(
    "'use strict';\n",
    include_str!("numbers.js"),
    include_str!("tables.js"),
    include_str!("charts.js"),
    include_str!("live.js"),
);
const HTML: HeaderValue = HeaderValue::from_static("text/html; charset=utf-8");

static PAGE: LazyLock<String> =
    LazyLock::new(|| include_str!("page.html").replace("{{style}}", STYLE).replace("{{script}}", SCRIPT));

/// Allows exactly the style and the script that stand in the page, and its questions to where it comes from.
static POLICY: LazyLock<HeaderValue> = LazyLock::new(|| {
    let policy = format!(
        "default-src 'none'; connect-src 'self'; style-src '{}'; script-src '{}'; base-uri 'none'; \
         form-action 'none'; frame-ancestors 'none'",
        hash(STYLE),
        hash(SCRIPT),
    );
    HeaderValue::from_str(&policy).expect("hashes in Base64 are ASCII")
});

pub(super) async fn answer() -> Response {
    ([(header::CONTENT_TYPE, HTML), (header::CONTENT_SECURITY_POLICY, POLICY.clone())], PAGE.as_str())
        .into_response()
}

fn hash(text: &str) -> String {
    format!("sha256-{}", STANDARD.encode(Sha256::digest(text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_names_nothing_outside_itself() {
        for word in
            ["http:", "https:", "//cdn", "src=", "@import", "url(", "<link", "<img", "innerHTML", "style=\""]
        {
            assert!(!PAGE.contains(word), "{word}");
        }
    }

    #[test]
    fn the_page_has_one_style_and_one_script_and_they_end_where_they_should() {
        for tag in ["<style>", "</style>", "<script>", "</script>"] {
            assert_eq!(PAGE.matches(tag).count(), 1, "{tag}");
        }
        assert!(!PAGE.contains("{{"), "nothing is left to fill in");
    }
}
