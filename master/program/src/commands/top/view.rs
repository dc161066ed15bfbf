//! What `top` shows: the last answer, sorted, and how much was done since the one before.

use crate::state::{WORKER_COLUMNS, list, number, time, worker_row};
use powerhose_protocol::Value;
use std::cmp::Ordering;
use std::time::{Duration, Instant};

/// What the master told at once.
pub(super) struct Snapshot {
    pub(super) master: Value,
    pub(super) pools: Value,
    pub(super) workers: Value,
}

/// What is seen.
#[derive(Default)]
pub(super) struct View {
    snapshot: Option<Snapshot>,
    /// When, and how many jobs had been done.
    counted: Option<(Instant, u64)>,
    pub(super) done_per_second: f64,
    /// Why there is no newer one.
    pub(super) trouble: Option<String>,
    sort: usize,
    order: Order,
    pub(super) scrolled: usize,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Order {
    #[default]
    Rising,
    Falling,
}

/// How wide the columns of the workers are.
pub(super) const WIDTHS: [u16; WORKER_COLUMNS.len()] = [8, 8, 16, 6, 10, 8, 8, 16, 10, 24];

impl View {
    pub(super) fn take(&mut self, asked: Result<Snapshot, String>, now: Instant) {
        match asked {
            Ok(snapshot) => {
                let done = number(&snapshot.master, "done");
                if let Some((before, done_before)) = self.counted {
                    let seconds = now.saturating_duration_since(before).as_secs_f64().max(0.001);
                    self.done_per_second = done.saturating_sub(done_before) as f64 / seconds;
                }
                self.counted = Some((now, done));
                self.snapshot = Some(snapshot);
                self.trouble = None;
            }
            Err(trouble) => {
                self.trouble = Some(trouble);
                self.counted = None;
            }
        }
    }

    pub(super) fn master(&self) -> Option<&Value> {
        self.snapshot.as_ref().map(|snapshot| &snapshot.master)
    }

    pub(super) fn pools(&self) -> &[Value] {
        self.snapshot.as_ref().map_or(&[], |snapshot| list(&snapshot.pools, "pools"))
    }

    /// A row for each worker, sorted.
    pub(super) fn rows(&self) -> Vec<[String; WORKER_COLUMNS.len()]> {
        let workers = self.snapshot.as_ref().map_or(&[][..], |snapshot| list(&snapshot.workers, "workers"));
        let mut rows: Vec<_> = workers.iter().map(worker_row).collect();
        rows.sort_by(|one, other| {
            let (one, other) = match self.order {
                Order::Rising => (one, other),
                Order::Falling => (other, one),
            };
            compare(&one[self.sort], &other[self.sort])
        });
        rows
    }

    /// What a column is called, with a mark on the one that it is sorted by.
    pub(super) fn head(&self, column: usize) -> String {
        let name = WORKER_COLUMNS[column];
        match (column == self.sort, self.order) {
            (true, Order::Rising) => format!("{name}^"),
            (true, Order::Falling) => format!("{name}v"),
            (false, _) => name.to_owned(),
        }
    }

    pub(super) fn sort_by_next(&mut self) {
        self.sort = (self.sort + 1) % WORKER_COLUMNS.len();
    }

    pub(super) fn sort_by_previous(&mut self) {
        self.sort = (self.sort + WORKER_COLUMNS.len() - 1) % WORKER_COLUMNS.len();
    }

    pub(super) fn reverse(&mut self) {
        self.order = match self.order {
            Order::Rising => Order::Falling,
            Order::Falling => Order::Rising,
        };
    }

    pub(super) fn scroll_down(&mut self) {
        let last = self.rows().len().saturating_sub(1);
        self.scrolled = (self.scrolled + 1).min(last);
    }

    pub(super) fn scroll_up(&mut self) {
        self.scrolled = self.scrolled.saturating_sub(1);
    }

    /// How long the master has been running.
    pub(super) fn uptime(&self) -> String {
        time(Duration::from_millis(self.master().map_or(0, |master| number(master, "uptime_ms"))))
    }
}

/// Numbers by their size, texts by their letters.
fn compare(one: &str, other: &str) -> Ordering {
    match (one.parse::<u64>(), other.parse::<u64>()) {
        (Ok(one), Ok(other)) => one.cmp(&other),
        _ => one.cmp(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn worker(id: u64, done: u64) -> Value {
        let entry = |name: &str, number: u64| (name.to_owned(), Value::Unsigned(number));
        Value::Map(vec![entry("id", id), entry("done", done)])
    }

    fn view(done: u64) -> Snapshot {
        let workers = Value::Array(vec![worker(1, 20), worker(2, 100), worker(10, 3)]);
        Snapshot {
            master: Value::Map(vec![("done".to_owned(), Value::Unsigned(done))]),
            pools: Value::Nil,
            workers: Value::Map(vec![("workers".to_owned(), workers)]),
        }
    }

    #[test]
    fn rows_are_sorted_by_any_column_either_way() {
        let mut shown = View::default();
        shown.take(Ok(view(0)), Instant::now());
        let ids = |shown: &View| shown.rows().iter().map(|row| row[0].clone()).collect::<Vec<_>>();
        assert_eq!(ids(&shown), ["1", "2", "10"]);
        shown.reverse();
        assert_eq!(ids(&shown), ["10", "2", "1"]);
        (0..4).for_each(|_| shown.sort_by_next());
        assert_eq!(ids(&shown), ["2", "1", "10"], "by jobs done, falling");
        assert_eq!(shown.head(4), "DONEv");
    }

    #[test]
    fn throughput_is_what_was_done_between_two_answers() {
        let (mut shown, now) = (View::default(), Instant::now());
        shown.take(Ok(view(100)), now);
        shown.take(Ok(view(150)), now + Duration::from_secs(2));
        assert_eq!(shown.done_per_second, 25.0);
        shown.take(Err("gone".to_owned()), now + Duration::from_secs(3));
        assert_eq!(shown.rows().len(), 3, "the last answer stays");
    }
}
