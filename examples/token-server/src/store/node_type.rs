//! The kind of a node, which clients put into their measurements: coarser than its name.

/// Patterns of node URLs, each with the kind that it stands for; the first that fits counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NodeTypes(Vec<(String, String)>);

impl NodeTypes {
    /// One kind for every node, as the successor has it.
    pub fn one(kind: &str) -> NodeTypes {
        NodeTypes(vec![(kind.to_owned(), "*".to_owned())])
    }

    /// Pairs of kind and pattern, as the original has them. In a pattern `*` stands for any characters, `?` for one.
    pub fn patterns(pairs: impl IntoIterator<Item = (String, String)>) -> NodeTypes {
        NodeTypes(pairs.into_iter().collect())
    }

    /// The kind of this node; none if no pattern fits.
    pub fn of(&self, node: &str) -> Option<&str> {
        let fitting = self.0.iter().find(|(_, pattern)| fits(pattern.as_bytes(), node.as_bytes()));
        fitting.map(|(kind, _)| &**kind)
    }
}

/// Goes back to the last star only: a pattern costs at most its length times the text's.
fn fits(pattern: &[u8], text: &[u8]) -> bool {
    let (mut at, mut position) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while position < text.len() {
        match pattern.get(at) {
            Some(b'*') => {
                star = Some((at, position));
                at += 1;
            }
            Some(letter) if *letter == b'?' || *letter == text[position] => {
                at += 1;
                position += 1;
            }
            Some(_) | None => {
                let Some((starred, from)) = star else { return false };
                star = Some((starred, from + 1));
                at = starred + 1;
                position = from + 1;
            }
        }
    }
    pattern[at..].iter().all(|letter| *letter == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_pattern_that_fits_names_the_kind() {
        let pairs = [("local", "http://127.0.0.?:*"), ("foo", "*.example.com"), ("other", "https://*")];
        let types = NodeTypes::patterns(pairs.map(|(kind, pattern)| (kind.to_owned(), pattern.to_owned())));
        assert_eq!(types.of("https://n1.example.com"), Some("foo"));
        assert_eq!(types.of("https://n1.example.org"), Some("other"));
        assert_eq!(types.of("http://127.0.0.1:8000"), Some("local"));
        assert_eq!(types.of("http://n1.example.org"), None);
        assert_eq!(NodeTypes::one("spanner").of("anything"), Some("spanner"));
    }

    #[test]
    fn many_stars_end_soon() {
        assert!(!fits("*a".repeat(60).as_bytes(), "a".repeat(59).as_bytes()));
        assert!(fits("*a*".repeat(30).as_bytes(), "a".repeat(1000).as_bytes()));
    }
}
