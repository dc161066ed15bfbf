//! The kind of a node, which clients put into their measurements: coarser than its name.

use crate::glob;

/// Patterns of node URLs, each with the kind that it stands for; the first that fits counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NodeTypes(Vec<(String, String)>);

impl NodeTypes {
    /// One kind for every node, as the successor has it, or `KIND=PATTERN` in each, as the original: in a pattern `*` stands
    /// for any characters, `?` for one. `None` where they are mixed.
    #[must_use]
    pub fn read(kinds: &[String]) -> Option<NodeTypes> {
        let pairs = kinds.iter().map(|kind| match kind.split_once('=') {
            None if kinds.len() == 1 => Some((kind.clone(), "*".to_owned())),
            pair => pair.map(|(kind, pattern)| (kind.to_owned(), pattern.to_owned())),
        });
        pairs.collect::<Option<_>>().map(NodeTypes)
    }

    /// The kind of this node; none if no pattern fits.
    pub fn of(&self, node: &str) -> Option<&str> {
        let fitting = self.0.iter().find(|(_, pattern)| glob::matches(pattern, node));
        fitting.map(|(kind, _)| &**kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_pattern_that_fits_names_the_kind() {
        let read = |kinds: &[&str]| {
            NodeTypes::read(&kinds.iter().map(|kind| (*kind).to_owned()).collect::<Vec<_>>())
        };
        let types = read(&["local=http://127.0.0.?:*", "foo=*.example.com", "other=https://*"]).unwrap();
        assert_eq!(types.of("https://n1.example.com"), Some("foo"));
        assert_eq!(types.of("https://n1.example.org"), Some("other"));
        assert_eq!(types.of("http://127.0.0.1:8000"), Some("local"));
        assert_eq!(types.of("http://n1.example.org"), None);
        assert_eq!(read(&["spanner"]).unwrap().of("anything"), Some("spanner"));
        assert_eq!(read(&[]), Some(NodeTypes::default()));
        assert_eq!(read(&["spanner", "foo=*"]), None);
    }
}
