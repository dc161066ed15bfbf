//! One table for people.

use super::{Report, Verdict, parts};
use crate::figure::Figure;
use crate::loads::{Against, Bound, Load, Row, Side};
use crate::machine::Machine;
use crate::statistics::Summary;
use std::fmt::Write;

const HEADINGS: [&str; COLUMNS] =
    ["", "figure", "median", "least … greatest", "compared", "least … greatest", "reach", "try for", ""];
const COLUMNS: usize = 9;
/// The rest are numbers, which stand at the right of their columns.
const COLUMNS_OF_TEXT: usize = 2;

type Line = [String; COLUMNS];

impl Report<'_> {
    pub(crate) fn table(&self) -> String {
        let loads: Vec<(&Load, Vec<Line>)> =
            self.options.loads().into_iter().map(|load| (load, self.lines(load))).collect();
        let headings = HEADINGS.map(str::to_owned);
        let widths = widths(loads.iter().flat_map(|(_, lines)| lines).chain([&headings]));
        let mut text = self.preface();
        text.push_str(&written(&headings, &widths));
        for (load, lines) in loads {
            let _ = writeln!(text, "{}", load.title);
            lines.iter().for_each(|line| text.push_str(&written(line, &widths)));
        }
        text
    }

    fn preface(&self) -> String {
        let Machine { processor, cores, kernel, commit } = Machine::look();
        let conditions = self.options.conditions(0);
        let (repeats, seconds) = (self.options.repeats(), conditions.window.as_secs_f64());
        format!(
            "{processor}, {cores} cores, Linux {kernel}, commit {commit}\n\
             {repeats} interleaved repeats of {seconds} s, {} workers, {}-byte echo, {} jobs/s where the rate is fixed\n\n",
            conditions.workers, conditions.payload_bytes, conditions.rate,
        )
    }

    fn lines(&self, load: &Load) -> Vec<Line> {
        load.rows.iter().filter_map(|row| self.line(row)).collect()
    }

    /// None if it was not measured.
    fn line(&self, row: &Row) -> Option<Line> {
        let summary = self.results.summary(row.contender, row.figure)?;
        let name = match row.contender.side {
            Side::Ours => format!("  {}", row.contender.name),
            Side::Floor => format!("  {} (floor)", row.contender.name),
        };
        let (median, range) = in_unit(summary, row.figure);
        let [compared, compared_range, reach, try_for, verdict] = self.target(row).unwrap_or_default();
        let figure = row.figure.name().to_owned();
        Some([name, figure, median, range, compared, compared_range, reach, try_for, verdict])
    }

    fn target(&self, row: &Row) -> Option<[String; 5]> {
        let (target, compared, verdict) = self.verdict(row)?;
        let number = |value: f64| match target.against {
            Against::Itself | Against::Excess(_) => row.figure.text(value),
            Against::Ratio(..) => format!("{value:.2}"),
        };
        let bound = |bound: Bound| {
            let (sign, value) = parts(bound);
            format!("{sign} {}", number(value))
        };
        let (value, range) = match target.against {
            // It stands in the row already.
            Against::Itself => (String::new(), String::new()),
            Against::Ratio(..) => {
                (number(compared.typical), format!("{:.2} … {:.2}", compared.least, compared.greatest))
            }
            Against::Excess(_) => {
                let (value, range) = in_unit(compared, row.figure);
                (format!("+ {value}"), range)
            }
        };
        let [reach, try_for] = [target.reach, target.try_for].map(|it| it.map(bound).unwrap_or_default());
        let verdict = verdict.map_or("", Verdict::name).to_owned();
        Some([value, range, reach, try_for, verdict])
    }
}

fn in_unit(summary: Summary, figure: Figure) -> (String, String) {
    let range = format!("{} … {}", figure.text(summary.least), figure.text(summary.greatest));
    (figure.text(summary.typical), range)
}

fn widths<'a>(lines: impl Iterator<Item = &'a Line>) -> [usize; COLUMNS] {
    lines.fold([0; COLUMNS], |widths, line| {
        std::array::from_fn(|column| widths[column].max(line[column].chars().count()))
    })
}

fn written(line: &Line, widths: &[usize; COLUMNS]) -> String {
    let cells = line.iter().zip(widths).enumerate().map(|(column, (cell, width))| {
        if column < COLUMNS_OF_TEXT || column + 1 == COLUMNS {
            format!("{cell:<width$}")
        } else {
            format!("{cell:>width$}")
        }
    });
    cells.collect::<Vec<String>>().join("  ").trim_end().to_owned() + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stand_at_the_right() {
        let mut line = [""; COLUMNS].map(str::to_owned);
        (line[0], line[1], line[2]) = ("µ".to_owned(), "p50".to_owned(), "7".to_owned());
        let mut widths = [0; COLUMNS];
        (widths[0], widths[1], widths[2]) = (3, 4, 3);
        assert_eq!(written(&line, &widths), "µ    p50     7\n");
    }
}
