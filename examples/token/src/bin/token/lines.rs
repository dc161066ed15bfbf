//! Reading lines that are no longer than claims can be.
//!
//! Never holds more than one line's limit in memory, however long a line is.

use std::io::{self, BufRead, Read as _};

/// Bytes a line may have: four times what a token carries, for claims that are written with many escapes.
pub(crate) const MAX_LINE_BYTES: usize = 32 * 1024;

/// One line.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Line {
    /// Its bytes, without the line feed.
    Whole(Vec<u8>),
    /// Longer than [`MAX_LINE_BYTES`]; skipped.
    TooLong,
}

/// The next line; `None` at the end. A last line without line feed counts, an empty rest does not.
pub(crate) fn next(input: &mut impl BufRead) -> io::Result<Option<Line>> {
    let mut bytes = Vec::new();
    input.take(MAX_LINE_BYTES as u64 + 1).read_until(b'\n', &mut bytes)?;
    match bytes.pop() {
        None => Ok(None),
        Some(b'\n') => Ok(Some(Line::Whole(bytes))),
        Some(_) if bytes.len() == MAX_LINE_BYTES => {
            input.skip_until(b'\n')?;
            Ok(Some(Line::TooLong))
        }
        Some(last) => {
            bytes.push(last);
            Ok(Some(Line::Whole(bytes)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(mut input: &[u8]) -> Vec<Line> {
        std::iter::from_fn(|| next(&mut input).unwrap()).collect()
    }

    fn whole(text: &str) -> Line {
        Line::Whole(text.as_bytes().to_vec())
    }

    #[test]
    fn lines_end_with_a_line_feed_or_the_input() {
        assert_eq!(all(b""), []);
        assert_eq!(all(b"a\n\nb"), [whole("a"), whole(""), whole("b")]);
        assert_eq!(all(b"a\n"), [whole("a")]);
    }

    #[test]
    fn a_line_too_long_is_skipped_whole() {
        let longest = "x".repeat(MAX_LINE_BYTES);
        let input = format!("{longest}\n{longest}y\n{longest}{longest}\n{longest}");
        let wanted = [whole(&longest), Line::TooLong, Line::TooLong, whole(&longest)];
        assert_eq!(all(input.as_bytes()), wanted);
        assert_eq!(all(format!("{longest}y").as_bytes()), [Line::TooLong]);
    }
}
