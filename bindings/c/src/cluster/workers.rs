//! What the worker processes of a cluster may use, and where what they print goes.

use super::processes::Cores;
use super::settings::{Chosen, powerhose_cluster_settings};
use crate::guard::text;
use crate::kinds::{POWERHOSE_OUTPUT_DISCARD, POWERHOSE_OUTPUT_INHERIT, POWERHOSE_OUTPUT_NAMED};
use crate::problem::Problem;
use powerhose::WorkerOutput;
use std::ffi::{c_char, c_int};

/// The folder in which workers start. Default: this process's own.
#[unsafe(no_mangle)]
pub extern "C" fn powerhose_cluster_settings_folder(
    settings: Option<&powerhose_cluster_settings>,
    folder: *const c_char,
) {
    Chosen::set(settings, |chosen| {
        // SAFETY: C passes text.
        chosen.processes.folder = Some(unsafe { text(folder, "folder")? }.to_owned());
        Ok(())
    });
}

/// Where what workers print goes, one of POWERHOSE_OUTPUT_…. Default: where that of this process does.
#[unsafe(no_mangle)]
pub extern "C" fn powerhose_cluster_settings_output(
    settings: Option<&powerhose_cluster_settings>,
    output: u32,
) {
    Chosen::set(settings, |chosen| {
        chosen.processes.output = match output {
            POWERHOSE_OUTPUT_INHERIT => WorkerOutput::Inherit,
            POWERHOSE_OUTPUT_DISCARD => WorkerOutput::Discard,
            POWERHOSE_OUTPUT_NAMED => WorkerOutput::Named,
            other => return Err(Problem::invalid(format!("no output has the number {other}"))),
        };
        Ok(())
    });
}

/// Keeps each worker on one of the cores that this process may use. With more workers than cores, some share one.
#[unsafe(no_mangle)]
pub extern "C" fn powerhose_cluster_settings_pinned(settings: Option<&powerhose_cluster_settings>) {
    Chosen::set(settings, |chosen| {
        chosen.processes.cores = Cores::Pinned;
        Ok(())
    });
}

/// How willingly workers leave a core to others: 0 as everybody, up to 19. Below 0 needs a privilege.
#[unsafe(no_mangle)]
pub extern "C" fn powerhose_cluster_settings_nice(
    settings: Option<&powerhose_cluster_settings>,
    nice: c_int,
) {
    Chosen::set(settings, |chosen| {
        chosen.processes.nice = Some(nice);
        Ok(())
    });
}

/// The most address space that a worker may have (RLIMIT_AS): what asks for more gets no memory.
#[unsafe(no_mangle)]
pub extern "C" fn powerhose_cluster_settings_address_space_bytes_max(
    settings: Option<&powerhose_cluster_settings>,
    bytes: u64,
) {
    Chosen::set(settings, |chosen| {
        chosen.processes.address_space_bytes_max = Some(bytes);
        Ok(())
    });
}
