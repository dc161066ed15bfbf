//! Whether everything returns to where it was: workers registered, nothing waiting, memory and files given back.

use super::cast::Cast;
use super::status::{Standing, ask};
use crate::clock::Moment;
use crate::options::Mode;
use crate::processes::Weight;
use std::time::Duration;

/// How long things may take to settle: a worker that was killed often in a row is started again after 10 s.
const SETTLE_WITHIN: Duration = Duration::from_secs(60);
const GIVE_BACK_WITHIN: Duration = Duration::from_secs(20);
const LOOK_AFTER: Duration = Duration::from_millis(200);
/// What a heap may keep because something lies on the last piece of a page, and what libzmq keeps for the next message.
const BYTES_MORE_MAX: u64 = 16 << 20;

impl Cast {
    /// Waits until every process is registered and nothing is left to do. Gives the workers that are registered, and what was not
    /// as it should be when patience was over.
    pub(super) fn settle(&mut self) -> anyhow::Result<(u64, Vec<String>)> {
        let until = Moment::now().plus(SETTLE_WITHIN);
        loop {
            self.pump_for(LOOK_AFTER)?;
            let standing = ask(&self.site.ipc);
            let (workers, left) = match &standing {
                Some(standing) => (standing.workers, self.unsettled(standing)),
                None => (0, vec!["the master does not answer".to_owned()]),
            };
            if left.is_empty() || Moment::now() > until {
                return Ok((workers, left));
            }
        }
    }

    fn unsettled(&self, standing: &Standing) -> Vec<String> {
        let callers = u64::from(self.options.mode == Mode::Remote);
        // Whoever asks is a client too.
        let clients = callers + self.victims.len() as u64 + 1;
        let numbers = [
            ("workers", standing.workers, self.options.workers),
            ("clients", standing.clients, clients),
            ("waiting jobs", standing.waiting, 0),
            ("waiting bytes", standing.waiting_bytes, 0),
            ("running jobs", standing.running, 0),
        ];
        let wrong = numbers.into_iter().filter(|(_, is, should)| is != should);
        wrong.map(|(what, is, should)| format!("{is} {what} instead of {should}")).collect()
    }

    /// What the master's process holds; if it is known what it held before, waits until it is not more than that, and
    /// says what still is.
    pub(super) fn weigh(&mut self, before: Option<Weight>) -> anyhow::Result<(Weight, Vec<String>)> {
        let until = Moment::now().plus(GIVE_BACK_WITHIN);
        loop {
            self.pump_for(LOOK_AFTER * 5)?;
            self.trim()?;
            let weight = Weight::of(self.host())?;
            let more = before.map_or_else(Vec::new, |before| heavier(before, weight));
            if more.is_empty() || Moment::now() > until {
                return Ok((weight, more));
            }
        }
    }
}

fn heavier(before: Weight, after: Weight) -> Vec<String> {
    let mut more = Vec::new();
    if after.files > before.files {
        more.push(format!("{} open files, before {}", after.files, before.files));
    }
    if after.bytes > before.bytes + BYTES_MORE_MAX {
        more.push(format!("{} KiB of memory, before {}", after.bytes / 1024, before.bytes / 1024));
    }
    more
}
