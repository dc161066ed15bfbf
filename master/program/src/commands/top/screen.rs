//! How `top` looks. Only draws.

use super::view::{View, WIDTHS};
use crate::state::{TIME_COLUMNS, number, pool_times, text};
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::Line;
use ratatui::widgets::{Cell, Paragraph, Row, Table};

const KEYS: &str = "q quit   s or ←/→ sort by another column   r reverse   ↑/↓ scroll";

/// Draws all of it.
pub(super) fn draw(frame: &mut Frame<'_>, view: &View) {
    let pools = u16::try_from(view.pools().len()).unwrap_or(u16::MAX).min(8);
    let areas = Layout::vertical([
        Constraint::Length(3),
        Constraint::Length(pools + 2),
        Constraint::Min(2),
        Constraint::Length(1),
    ])
    .split(frame.area());
    frame.render_widget(summary(view), areas[0]);
    frame.render_widget(pool_table(view), areas[1]);
    frame.render_widget(worker_table(view), areas[2]);
    frame.render_widget(Line::from(KEYS).style(Style::new().add_modifier(Modifier::DIM)), areas[3]);
}

fn summary(view: &View) -> Paragraph<'_> {
    let number = |name| view.master().map_or(0, |master| number(master, name));
    let mut lines = vec![
        Line::from(format!(
            "powerhose  master {}  up {}  {} workers  {} clients",
            number("pid"),
            view.uptime(),
            number("workers"),
            number("clients")
        )),
        Line::from(format!(
            "jobs  {:.1}/s  {} running  {} waiting  {} done  {} failed  {} timed out  {} lost  {} rejected",
            view.done_per_second,
            number("jobs_running"),
            number("jobs_waiting"),
            number("done"),
            number("failed"),
            number("timed_out"),
            number("lost"),
            number("rejected")
        )),
    ];
    if let Some(trouble) = &view.trouble {
        lines.push(Line::from(trouble.as_str()).style(Style::new().fg(Color::Red)));
    }
    Paragraph::new(lines)
}

fn pool_table(view: &View) -> Table<'_> {
    let row = |pool| {
        let count = |name| number(pool, name).to_string();
        let counts = ["workers", "waiting", "running", "done"].map(count);
        Row::new([vec![text(pool, "pool").to_owned()], counts.to_vec(), pool_times(pool).to_vec()].concat())
    };
    let widths = [
        Constraint::Length(24),
        Constraint::Length(8),
        Constraint::Length(8),
        Constraint::Length(8),
        Constraint::Length(10),
        Constraint::Length(16),
        Constraint::Length(16),
        Constraint::Min(16),
    ];
    let head = [&["POOL", "WORKERS", "WAITING", "RUNNING", "DONE"][..], &TIME_COLUMNS].concat();
    let head = Row::new(head).style(head_style());
    Table::new(view.pools().iter().map(row), widths).header(head)
}

fn worker_table(view: &View) -> Table<'_> {
    let head = (0..WIDTHS.len()).map(|column| view.head(column));
    let rows = view.rows().into_iter().skip(view.scrolled).map(|cells| {
        let color = state_color(&cells[1]);
        Row::new(cells.map(Cell::from)).style(Style::new().fg(color))
    });
    let widths = WIDTHS.map(Constraint::Length);
    Table::new(rows, widths).header(Row::new(head).style(head_style()))
}

fn head_style() -> Style {
    Style::new().add_modifier(Modifier::REVERSED)
}

fn state_color(state: &str) -> Color {
    match state {
        "busy" => Color::Green,
        "overdue" => Color::Red,
        "quiet" => Color::Yellow,
        _ => Color::Reset,
    }
}
