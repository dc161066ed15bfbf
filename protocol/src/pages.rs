//! Puts the pages of an answer to STATUS together again.
//!
//! Must never ask for more pages than [`PAGES_MAX`]: a master that always names a next one would fill the memory of its
//! peer.

use crate::Value;
use crate::limits::PAGES_MAX;

/// The name under which a page tells which query asks for the next one.
const NEXT: &str = "next";

/// The pages of one answer that have come so far.
#[derive(Debug, Default)]
pub struct Pages {
    so_far: Option<Value>,
    taken: usize,
}

/// What to do after a page.
#[derive(Debug, PartialEq)]
pub enum Page {
    /// Ask this next.
    More(String),
    /// This was the last page: here is the whole answer.
    Last(Value),
}

impl Pages {
    /// Takes the answer to a query: the first page, or the one that was asked for last.
    ///
    /// The elements of an array come behind those of the array of the same name in the pages before. All else is as the
    /// latest page has it. An answer that is still cut after [`PAGES_MAX`] pages keeps its `next`.
    pub fn take(&mut self, page: Value) -> Page {
        self.taken += 1;
        let next = page.field(NEXT).and_then(Value::as_text).map(str::to_owned);
        let joined = match self.so_far.take() {
            Some(so_far) => join(so_far, page),
            None => page,
        };
        match next {
            Some(next) if self.taken < PAGES_MAX => {
                self.so_far = Some(joined);
                Page::More(next)
            }
            Some(_) | None => {
                self.taken = 0;
                Page::Last(joined)
            }
        }
    }

    /// Forgets what has come: the rest will not follow.
    pub fn clear(&mut self) {
        *self = Pages::default();
    }
}

/// The lists of a page are those that rows were left out of: maps in an array. Arrays of numbers, such as the bounds of
/// histograms, are the same in every page.
fn join(so_far: Value, page: Value) -> Value {
    let (Value::Map(mut so_far), Value::Map(page)) = (so_far, page) else { return Value::Nil };
    so_far.retain(|(name, _)| name != NEXT);
    for (name, value) in page {
        match (so_far.iter_mut().find(|(known, _)| *known == name), value) {
            (Some((_, Value::Array(rows))), Value::Array(more)) if is_list(&more) => rows.extend(more),
            (Some((_, known)), value) => *known = value,
            (None, value) => so_far.push((name, value)),
        }
    }
    Value::Map(so_far)
}

fn is_list(rows: &[Value]) -> bool {
    rows.iter().all(|row| matches!(row, Value::Map(_)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(ids: std::ops::Range<u64>, next: Option<&str>) -> Value {
        let row = |id: u64| Value::Map(vec![("id".to_owned(), id.into())]);
        let mut entries = vec![
            ("rows".to_owned(), Value::Array(ids.map(row).collect())),
            ("bounds".to_owned(), Value::Array(vec![10.into(), 20.into()])),
        ];
        entries.extend(next.map(|next| (NEXT.to_owned(), next.into())));
        Value::Map(entries)
    }

    #[test]
    fn an_answer_that_is_whole_is_its_only_page() {
        assert_eq!(Pages::default().take(page(0..3, None)), Page::Last(page(0..3, None)));
        assert_eq!(
            Pages::default().take(Value::Nil),
            Page::Last(Value::Nil),
            "it is the reader who finds it wrong"
        );
    }

    #[test]
    fn rows_of_later_pages_come_behind_and_all_else_stays_once() {
        let mut pages = Pages::default();
        assert_eq!(pages.take(page(0..2, Some("rows:1"))), Page::More("rows:1".to_owned()));
        assert_eq!(pages.take(page(2..3, Some("rows:2"))), Page::More("rows:2".to_owned()));
        assert_eq!(pages.take(page(3..3, None)), Page::Last(page(0..3, None)));
        assert_eq!(pages.take(page(5..6, None)), Page::Last(page(5..6, None)), "the next answer begins anew");
    }

    #[test]
    fn what_came_of_an_answer_can_be_forgotten() {
        let mut pages = Pages::default();
        pages.take(page(0..2, Some("rows:1")));
        pages.clear();
        assert_eq!(pages.take(page(0..3, None)), Page::Last(page(0..3, None)));
    }

    #[test]
    fn a_master_without_end_is_asked_for_so_many_pages_only() {
        let mut pages = Pages::default();
        let mut asked = 0;
        while let Page::More(_) = pages.take(page(0..1, Some("rows:0"))) {
            asked += 1;
        }
        assert_eq!(asked + 1, PAGES_MAX);
    }
}
