//! Peers that are refused, or leave before they have said who they are: counted, and told in the log, but not each of many.

use crate::zmtp::connection::Connection;
use crate::zmtp::over::Over;
use tracing::warn;

/// Ticks (seconds) in which one line is written.
const QUIET_TICKS: u32 = 10;

#[derive(Debug, Default)]
pub(super) struct Refusals {
    /// Since the router is there.
    total: u64,
    /// Since the last line.
    untold: u64,
    /// Who was refused last, and why.
    last: String,
    /// Ticks until the next line may be written.
    quiet_ticks: u32,
}

impl Refusals {
    #[cfg(test)]
    pub(super) fn last(&self) -> &str {
        &self.last
    }

    pub(super) fn total(&self) -> u64 {
        self.total
    }

    /// Whether time must pass for it.
    pub(super) fn waits(&self) -> bool {
        self.quiet_ticks > 0
    }

    /// A connection is over. Whether it counts as refused.
    pub(super) fn note(&mut self, connection: &Connection, over: &Over) -> bool {
        let reason = match over {
            Over::Violated(violation) => violation.to_string(),
            Over::Silent if !connection.is_open() => "it does not say READY".to_owned(),
            // Who says nothing at all only looks whether somebody listens.
            Over::Ended | Over::Broken(_) if !connection.is_open() && connection.has_heard() => {
                "it left before it had said READY".to_owned()
            }
            Over::Ended | Over::Broken(_) | Over::Silent | Over::NotRead => return false,
        };
        self.total += 1;
        self.untold += 1;
        self.last = format!("{}: {reason}", connection.peer());
        if self.quiet_ticks == 0 {
            self.tell();
        }
        true
    }

    pub(super) fn tick(&mut self) {
        self.quiet_ticks = self.quiet_ticks.saturating_sub(1);
        if self.quiet_ticks == 0 && self.untold > 0 {
            self.tell();
        }
    }

    fn tell(&mut self) {
        let Refusals { last, untold, total, .. } = self;
        warn!(%last, refused = %untold, in_all = %total, "a peer is refused");
        self.untold = 0;
        self.quiet_ticks = QUIET_TICKS;
    }
}
