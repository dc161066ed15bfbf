//! What a master notices is told to the conductor; and how masters of a run are set.

use super::Site;
use crate::clock::Moment;
use crate::told::{Teller, Told};
use crate::work::{BYTES_MAX, POOLS};
use powerhose::{MasterBuilder, Notice, PoolSettings, Settings};
use std::time::Duration;

/// How long a handler may hang after its deadline before its worker ends itself. Longer than the stops that a worker is to
/// survive: it cannot tell a stop of less than two seconds from a handler that runs.
const OVERRUN_GRACE: Duration = Duration::from_secs(3);

/// Settings that every master of a run has.
pub(super) fn settings(builder: MasterBuilder, site: &Site, teller: Teller) -> MasterBuilder {
    let mut settings = Settings::default();
    settings.overrun_grace = OVERRUN_GRACE;
    settings.payload_bytes_max = BYTES_MAX;
    let builder =
        builder.settings(settings).endpoint(&site.tcp).on_notice(move |notice| tell(&teller, notice));
    POOLS.into_iter().fold(builder, |builder, pool| builder.pool(pool, PoolSettings::new()))
}

fn tell(teller: &Teller, notice: &Notice) {
    let at = Moment::now();
    match notice {
        Notice::WorkerRegistered { worker, pid, .. } => {
            teller.tell(Told::Registered { worker: *worker, pid: *pid, at });
        }
        Notice::WorkerGone { worker, pid, cause, .. } => {
            teller.tell(Told::Gone { worker: *worker, pid: *pid, cause: format!("{cause:?}"), at });
        }
        _ => {}
    }
}
