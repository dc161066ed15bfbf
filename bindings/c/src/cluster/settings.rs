//! What a cluster is made with.

use super::processes::Processes;
use crate::guard::{given, text};
use crate::master::{Master, powerhose_master_settings};
use crate::problem::Problem;
use crate::settings::{Settings, set};
use powerhose::{Cluster, Recycling};
use std::ffi::c_char;
use std::time::Duration;

/// Settings of a cluster. Freed by `powerhose_cluster_settings_free`; what is made with them does not need them any longer. What is
/// wrong with a setting is told by the function that uses them.
pub struct powerhose_cluster_settings(Settings<Chosen>);

#[derive(Default)]
pub(super) struct Chosen {
    program: String,
    arguments: Vec<String>,
    environment: Vec<(String, String)>,
    workers: Option<usize>,
    worker_start: Option<Duration>,
    endpoint: Option<String>,
    pub(super) recycling: Recycling,
    pub(super) processes: Processes,
    master: Master,
}

impl Chosen {
    pub(super) fn set(
        settings: Option<&powerhose_cluster_settings>,
        change: impl FnOnce(&mut Chosen) -> Result<(), Problem>,
    ) {
        set(settings, |settings| &settings.0, change);
    }

    fn start(&self) -> Result<Cluster, Problem> {
        let mut builder = Cluster::builder(&self.program).args(&self.arguments);
        for (name, value) in &self.environment {
            builder = builder.env(name, value);
        }
        if let Some(workers) = self.workers {
            builder = builder.workers(workers);
        }
        if let Some(within) = self.worker_start {
            builder = builder.worker_start(within);
        }
        if let Some(endpoint) = &self.endpoint {
            builder = builder.endpoint(endpoint);
        }
        builder = builder.recycling(self.recycling.clone()).command(|command| self.processes.build(command));
        Ok(builder.master(|master| self.master.build(master)).start()?)
    }
}

impl powerhose_cluster_settings {
    /// Starts it, if nothing was wrong with them.
    pub(super) fn start(&self) -> Result<Cluster, Problem> {
        self.0.read(Chosen::start)?
    }
}

/// A cluster of workers of this program, which find their master as `powerhose_worker_new(NULL)` does: one for each core. A name
/// without a slash is looked up in PATH. The master listens on a socket in a private folder.
#[unsafe(no_mangle)]
pub extern "C" fn powerhose_cluster_settings_new(program: *const c_char) -> Box<powerhose_cluster_settings> {
    let settings = Box::new(powerhose_cluster_settings(Settings::new(Chosen::default())));
    Chosen::set(Some(&settings), |chosen| {
        // SAFETY: C passes text.
        chosen.program = unsafe { text(program, "program")? }.to_owned();
        Ok(())
    });
    settings
}

/// Adds an argument for the program.
#[unsafe(no_mangle)]
pub extern "C" fn powerhose_cluster_settings_argument(
    settings: Option<&powerhose_cluster_settings>,
    argument: *const c_char,
) {
    Chosen::set(settings, |chosen| {
        // SAFETY: C passes text.
        chosen.arguments.push(unsafe { text(argument, "argument")? }.to_owned());
        Ok(())
    });
}

/// Sets a variable in the workers' environment, beside those of this process.
#[unsafe(no_mangle)]
pub extern "C" fn powerhose_cluster_settings_variable(
    settings: Option<&powerhose_cluster_settings>,
    name: *const c_char,
    value: *const c_char,
) {
    Chosen::set(settings, |chosen| {
        // SAFETY: C passes text, twice.
        let (name, value) = unsafe { (text(name, "name")?, text(value, "value")?) };
        chosen.environment.push((name.to_owned(), value.to_owned()));
        Ok(())
    });
}

/// How many workers. Default: one for each core that this process may use.
#[unsafe(no_mangle)]
pub extern "C" fn powerhose_cluster_settings_workers(
    settings: Option<&powerhose_cluster_settings>,
    workers: usize,
) {
    Chosen::set(settings, |chosen| {
        chosen.workers = Some(workers);
        Ok(())
    });
}

/// How long a worker may take to register. Default: 10 s.
#[unsafe(no_mangle)]
pub extern "C" fn powerhose_cluster_settings_worker_start_ms(
    settings: Option<&powerhose_cluster_settings>,
    within_ms: u64,
) {
    Chosen::set(settings, |chosen| {
        chosen.worker_start = Some(Duration::from_millis(within_ms));
        Ok(())
    });
}

/// Where the master listens, for the workers and whoever else connects. Default: a socket in a private folder.
#[unsafe(no_mangle)]
pub extern "C" fn powerhose_cluster_settings_endpoint(
    settings: Option<&powerhose_cluster_settings>,
    endpoint: *const c_char,
) {
    Chosen::set(settings, |chosen| {
        // SAFETY: C passes text.
        chosen.endpoint = Some(unsafe { text(endpoint, "endpoint")? }.to_owned());
        Ok(())
    });
}

/// The master's settings, as they are now.
#[unsafe(no_mangle)]
pub extern "C" fn powerhose_cluster_settings_master(
    settings: Option<&powerhose_cluster_settings>,
    master: Option<&powerhose_master_settings>,
) {
    Chosen::set(settings, |chosen| {
        chosen.master = given(master, "master")?.chosen()?;
        Ok(())
    });
}

/// Frees settings. NULL is nothing to free.
#[unsafe(no_mangle)]
pub extern "C" fn powerhose_cluster_settings_free(settings: Option<Box<powerhose_cluster_settings>>) {
    drop(settings);
}
