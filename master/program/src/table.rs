//! Text in columns.

/// Rows under a head, each column as wide as its widest text. Columns of numbers stand to the right.
pub(crate) fn table(head: &[&str], rows: &[Vec<String>]) -> String {
    let width = |column: usize| {
        let texts = rows.iter().filter_map(|row| row.get(column)).map(|text| text.chars().count());
        texts.chain([head[column].chars().count()]).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..head.len()).map(width).collect();
    let numeric: Vec<bool> = (0..head.len()).map(|column| is_numeric(rows, column)).collect();
    let line = |texts: &mut dyn Iterator<Item = &str>| {
        let cells = texts.zip(&widths).zip(&numeric).map(|((text, width), numeric)| match numeric {
            true => format!("{text:>width$}"),
            false => format!("{text:<width$}"),
        });
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    let mut text = line(&mut head.iter().copied());
    for row in rows {
        text.push('\n');
        text.push_str(&line(&mut row.iter().map(String::as_str)));
    }
    text
}

fn is_numeric(rows: &[Vec<String>], column: usize) -> bool {
    let mut texts = rows.iter().filter_map(|row| row.get(column)).filter(|text| *text != "-").peekable();
    texts.peek().is_some() && texts.all(|text| text.starts_with(|first: char| first.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_and_numbers_stand_to_the_right() {
        let rows = [vec!["a".to_owned(), "1".to_owned()], vec!["long".to_owned(), "23".to_owned()]];
        assert_eq!(table(&["NAME", "JOBS"], &rows), "NAME  JOBS\na        1\nlong    23");
    }
}
