//! When a worker of a cluster that works well is replaced all the same: it finishes what it runs, and no job is lost.

use super::settings::{Chosen, powerhose_cluster_settings};
use std::time::Duration;

/// Replaces each worker when it is so old. It finishes what it runs, and no job is lost.
#[unsafe(no_mangle)]
pub extern "C" fn powerhose_cluster_settings_recycle_age_max_ms(
    settings: Option<&powerhose_cluster_settings>,
    age_ms: u64,
) {
    Chosen::set(settings, |chosen| {
        chosen.recycling.age_max = Some(Duration::from_millis(age_ms));
        Ok(())
    });
}

/// Each worker lives shorter by a random part of this share of its age, from 0 to 100. Default: 10.
#[unsafe(no_mangle)]
pub extern "C" fn powerhose_cluster_settings_recycle_age_jitter_percent(
    settings: Option<&powerhose_cluster_settings>,
    percent: u8,
) {
    Chosen::set(settings, |chosen| {
        chosen.recycling.age_jitter_percent = percent;
        Ok(())
    });
}

/// Replaces each worker when it has answered so many jobs.
#[unsafe(no_mangle)]
pub extern "C" fn powerhose_cluster_settings_recycle_jobs_max(
    settings: Option<&powerhose_cluster_settings>,
    jobs: u64,
) {
    Chosen::set(settings, |chosen| {
        chosen.recycling.jobs_max = Some(jobs);
        Ok(())
    });
}

/// Replaces each worker when it holds so much memory with all that it has started. It is looked at once a second.
#[unsafe(no_mangle)]
pub extern "C" fn powerhose_cluster_settings_recycle_memory_bytes_max(
    settings: Option<&powerhose_cluster_settings>,
    bytes: u64,
) {
    Chosen::set(settings, |chosen| {
        chosen.recycling.memory_bytes_max = Some(bytes);
        Ok(())
    });
}

/// At most this share of the workers is away or being replaced at once, from 1 to 100; one may always be. Default: 25.
#[unsafe(no_mangle)]
pub extern "C" fn powerhose_cluster_settings_recycle_share_max_percent(
    settings: Option<&powerhose_cluster_settings>,
    percent: u8,
) {
    Chosen::set(settings, |chosen| {
        chosen.recycling.share_max_percent = percent;
        Ok(())
    });
}
