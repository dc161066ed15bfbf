//! A master in this process and its worker processes.

use crate::birth::Native;
use crate::guard::{ErrorOut, given, guard, text};
use crate::kinds::powerhose_status::{self, *};
use crate::master::{Master, powerhose_master_settings};
use crate::problem::Problem;
use crate::runner::powerhose_runner;
use crate::settings::{Settings, set};
use powerhose::Cluster;
use std::ffi::c_char;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Settings of a cluster. Freed by `powerhose_cluster_settings_free`; what is made with them does not need them any longer. What is
/// wrong with a setting is told by the function that uses them.
pub struct powerhose_cluster_settings(Settings<Chosen>);

#[derive(Default)]
struct Chosen {
    program: String,
    arguments: Vec<String>,
    environment: Vec<(String, String)>,
    workers: Option<usize>,
    worker_start: Option<Duration>,
    endpoint: Option<String>,
    master: Master,
}

impl Chosen {
    fn set(
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
        Ok(builder.master(|master| self.master.build(master)).start()?)
    }
}

/// A master in this process and worker processes, which are started again when they die. Freed by `powerhose_cluster_free`, which ends
/// everything at once; `powerhose_cluster_close` lets jobs finish before. The workers end with this process in any case.
///
/// It catches no signal.
pub struct powerhose_cluster(Native<Mutex<Option<Cluster>>>);

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

/// Starts the master and the workers, and waits until all of them have registered. After an error nothing is left running.
#[unsafe(no_mangle)]
pub extern "C" fn powerhose_cluster_start(
    settings: Option<&powerhose_cluster_settings>,
    error: ErrorOut<'_>,
) -> Option<Box<powerhose_cluster>> {
    let start = || {
        let cluster = given(settings, "settings")?.0.read(Chosen::start)??;
        Ok(Some(Box::new(powerhose_cluster(Native::new(Mutex::new(Some(cluster)))))))
    };
    guard(error, |_| None, start)
}

/// What runs jobs on the workers: a runner of its own, which is to be freed too.
#[unsafe(no_mangle)]
pub extern "C" fn powerhose_cluster_runner(
    cluster: Option<&powerhose_cluster>,
    error: ErrorOut<'_>,
) -> Option<Box<powerhose_runner>> {
    let runner = || {
        let runner = here(cluster, |cluster| cluster.as_ref().map(Cluster::runner))?;
        Ok(Some(Box::new(powerhose_runner::new(runner.ok_or_else(closed)?))))
    };
    guard(error, |_| None, runner)
}

/// Writes the process ids of the workers, in the order of their slots, and returns how many there are; no more than `pids_max` are
/// written.
#[unsafe(no_mangle)]
pub extern "C" fn powerhose_cluster_pids(
    cluster: Option<&powerhose_cluster>,
    pids: *mut u32,
    pids_max: usize,
) -> usize {
    let write = || {
        let found = here(cluster, |cluster| cluster.as_ref().map(Cluster::pids))?.unwrap_or_default();
        if !pids.is_null() {
            for (place, pid) in found.iter().take(pids_max).enumerate() {
                // SAFETY: C has room for `pids_max` of them.
                unsafe { pids.add(place).write(*pid) };
            }
        }
        Ok(found.len())
    };
    guard(None, |_| 0, write)
}

/// Takes no further jobs, lets those it has finish for so long, then ends the workers and the master. The cluster is still to be freed.
/// POWERHOSE_JOBS_LOST: some jobs were lost or timed out meanwhile.
#[unsafe(no_mangle)]
pub extern "C" fn powerhose_cluster_close(
    cluster: Option<&powerhose_cluster>,
    drain_timeout_ms: u64,
    error: ErrorOut<'_>,
) -> powerhose_status {
    let close = || {
        let taken = here(cluster, Option::take)?;
        taken.ok_or_else(closed)?.close(Duration::from_millis(drain_timeout_ms))?;
        Ok(POWERHOSE_OK)
    };
    guard(error, |problem| problem.status, close)
}

/// Ends everything at once, and frees the cluster. No other thread may be using it. NULL is nothing to free.
#[unsafe(no_mangle)]
pub extern "C" fn powerhose_cluster_free(cluster: Option<Box<powerhose_cluster>>) {
    guard(
        None,
        |_| (),
        || {
            drop(cluster);
            Ok(())
        },
    );
}

fn here<R>(
    cluster: Option<&powerhose_cluster>,
    read: impl FnOnce(&mut Option<Cluster>) -> R,
) -> Result<R, Problem> {
    let cluster = given(cluster, "cluster")?.0.here()?;
    Ok(read(&mut cluster.lock().unwrap_or_else(PoisonError::into_inner)))
}

fn closed() -> Problem {
    Problem::misuse("closed", "the cluster is closed")
}
