//! What the program tells systemd, if systemd started it: READY, STATUS, STOPPING, and WATCHDOG at least three times as often as
//! systemd asks.

use sd_notify::NotifyState;
use std::time::Duration;
use tracing::debug;

/// How often the service looks after itself, unless a watchdog wants it more often.
pub(super) const INTERVAL: Duration = Duration::from_secs(1);

/// Tells systemd; without one nothing happens.
pub(super) struct Notifier {
    watchdog: Option<Duration>,
    status: String,
}

impl Notifier {
    pub(super) fn from_environment() -> Notifier {
        Notifier { watchdog: sd_notify::watchdog_enabled(), status: String::new() }
    }

    /// How often to say that we live: three times in the time after which systemd would end us.
    pub(super) fn interval(&self) -> Duration {
        self.watchdog.map_or(INTERVAL, |within| (within / 3).min(INTERVAL))
    }

    pub(super) fn ready(&self) {
        tell(&[NotifyState::Ready]);
    }

    pub(super) fn stopping(&self) {
        tell(&[NotifyState::Stopping]);
    }

    pub(super) fn alive(&mut self, status: &str) {
        if self.watchdog.is_some() {
            tell(&[NotifyState::Watchdog]);
        }
        if self.status != status {
            status.clone_into(&mut self.status);
            tell(&[NotifyState::Status(status)]);
        }
    }
}

fn tell(state: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(state) {
        debug!(%error, "systemd was not told");
    }
}
