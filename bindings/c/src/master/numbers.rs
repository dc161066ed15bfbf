//! The settings of a master that few change: numbers, by their names.

use super::{Master, powerhose_master_settings};
use crate::guard::text;
use crate::problem::Problem;
use powerhose::Overload;
use std::ffi::c_char;
use std::num::NonZeroU64;
use std::time::Duration;

/// Sets one of the settings that few change, by its name:
///
/// - `attempts_max`: how many workers may die with a job before it ends as lost (3)
/// - `overrun_grace_ms`: how long after its deadline a handler may run before its worker's process ends (30,000)
/// - `unknown_pool_wait_ms`: how long a job waits for a pool that nobody knows (1,000)
/// - `workers_max`, `clients_max` (4,096), `pools_max` (1,024): how many there may be at once
/// - `handshakes_per_second_max` (1,000)
/// - `batch_jobs_max` (64), `batch_bytes_max` (262,144): in one message
/// - `worker_served_notice`: a notice each time that a worker has answered so many jobs (0: never)
/// - `caller_spin_us`: how long a caller that blocks looks for its reply before it sleeps, up to 1,000 (100)
#[unsafe(no_mangle)]
pub extern "C" fn powerhose_master_settings_number(
    settings: Option<&powerhose_master_settings>,
    name: *const c_char,
    number: u64,
) {
    Master::set(settings, |master| {
        // SAFETY: C passes text.
        set(master, unsafe { text(name, "name")? }, number)
    });
}

/// Lets a job wait until its deadline that cannot begin before it, at the pace of its pool. Otherwise it is refused at once.
#[unsafe(no_mangle)]
pub extern "C" fn powerhose_master_settings_overload_waits(settings: Option<&powerhose_master_settings>) {
    Master::set(settings, |master| {
        master.chosen.overload = Overload::Wait;
        Ok(())
    });
}

fn set(master: &mut Master, name: &str, number: u64) -> Result<(), Problem> {
    let chosen = &mut master.chosen;
    match name {
        "attempts_max" => chosen.attempts_max = of_32_bits(name, number)?,
        "overrun_grace_ms" => chosen.overrun_grace = Duration::from_millis(number),
        "unknown_pool_wait_ms" => chosen.unknown_pool_wait = Duration::from_millis(number),
        "workers_max" => chosen.workers_max = number as usize,
        "clients_max" => chosen.clients_max = number as usize,
        "pools_max" => chosen.pools_max = number as usize,
        "handshakes_per_second_max" => chosen.handshakes_per_second_max = of_32_bits(name, number)?,
        "batch_jobs_max" => chosen.batch_jobs_max = number as usize,
        "batch_bytes_max" => chosen.batch_bytes_max = number as usize,
        "worker_served_notice" => chosen.worker_served_notice = NonZeroU64::new(number),
        "caller_spin_us" => master.caller_spin = Some(Duration::from_micros(number)),
        other => return Err(Problem::invalid(format!("no setting of a master is called `{other}`"))),
    }
    Ok(())
}

fn of_32_bits(name: &str, number: u64) -> Result<u32, Problem> {
    u32::try_from(number).map_err(|_| Problem::invalid(format!("{name} is {number}: it has 32 bits")))
}
