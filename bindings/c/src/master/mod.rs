//! A master in this process.

mod access;
mod numbers;

use crate::guard::{ErrorOut, bytes, given, guard, text};
use crate::problem::Problem;
use crate::runner::powerhose_runner;
use crate::settings::{Settings, set};
use powerhose::{
    CurveServer, IpcAccess, JobRunner, MasterBuilder, PoolSettings, SharedSecret, SharedSecrets,
};
use std::ffi::{c_char, c_void};
use std::time::Duration;

/// Settings of a master. Freed by `powerhose_master_settings_free`; what is made with them does not need them any longer. What is
/// wrong with a setting is told by the function that uses them.
pub struct powerhose_master_settings(Settings<Master>);

#[derive(Clone, Default)]
pub(crate) struct Master {
    endpoints: Vec<String>,
    chosen: powerhose::Settings,
    caller_spin: Option<Duration>,
    ipc_access: IpcAccess,
    curve: Option<CurveServer>,
    tcp: Tcp,
}

#[derive(Clone, Copy, Default)]
enum Tcp {
    #[default]
    Guarded,
    Insecure,
}

impl Master {
    fn set(
        settings: Option<&powerhose_master_settings>,
        change: impl FnOnce(&mut Master) -> Result<(), Problem>,
    ) {
        set(settings, |settings| &settings.0, change);
    }

    fn set_secrets(
        settings: Option<&powerhose_master_settings>,
        secret: *const c_void,
        secret_size: usize,
        role: impl FnOnce(&mut SharedSecrets) -> &mut Vec<SharedSecret>,
    ) {
        Master::set(settings, |master| {
            // SAFETY: C passes so many bytes.
            let secret = unsafe { bytes(secret, secret_size, "secret")? };
            role(&mut master.chosen.secrets).push(SharedSecret::new(secret).map_err(Problem::invalid)?);
            Ok(())
        });
    }

    /// On top of what the builder has.
    pub(crate) fn build(&self, builder: MasterBuilder) -> MasterBuilder {
        let builder = self.endpoints.iter().fold(builder, MasterBuilder::endpoint);
        let mut builder = builder.settings(self.chosen.clone()).ipc_access(self.ipc_access);
        if let Some(spin) = self.caller_spin {
            builder = builder.caller_spin(spin);
        }
        if let Some(keys) = &self.curve {
            builder = builder.curve(keys.clone());
        }
        match self.tcp {
            Tcp::Guarded => builder,
            Tcp::Insecure => builder.insecure_tcp(),
        }
    }
}

impl powerhose_master_settings {
    /// What was set, if nothing was wrong with it.
    pub(crate) fn chosen(&self) -> Result<Master, Problem> {
        self.0.read(Master::clone)
    }
}

/// The defaults, and no endpoint.
#[unsafe(no_mangle)]
pub extern "C" fn powerhose_master_settings_new() -> Box<powerhose_master_settings> {
    Box::new(powerhose_master_settings(Settings::new(Master::default())))
}

/// Listens here; may be called several times. `ipc:///path/to/socket` or `tcp://127.0.0.1:port` (port 0: any).
#[unsafe(no_mangle)]
pub extern "C" fn powerhose_master_settings_endpoint(
    settings: Option<&powerhose_master_settings>,
    endpoint: *const c_char,
) {
    Master::set(settings, |master| {
        // SAFETY: C passes text.
        master.endpoints.push(unsafe { text(endpoint, "endpoint")? }.to_owned());
        Ok(())
    });
}

/// Declares a pool: its jobs wait for a worker until their deadline, even if none has ever come. A worker is given `credit` of its
/// jobs at once (0: the master finds out). Its workers' processes end if they go on for `end_within_ms` with a run that nobody waits for
/// any longer (POWERHOSE_FOREVER: they do not).
#[unsafe(no_mangle)]
pub extern "C" fn powerhose_master_settings_pool(
    settings: Option<&powerhose_master_settings>,
    name: *const c_char,
    credit: u32,
    end_within_ms: u64,
) {
    Master::set(settings, |master| {
        // SAFETY: C passes text.
        let name = unsafe { text(name, "name")? }.to_owned();
        let mut pool = PoolSettings::new();
        if credit > 0 {
            pool = pool.credit(credit);
        }
        if let Some(grace) = crate::guard::time(end_within_ms) {
            pool = pool.end_within(grace);
        }
        master.chosen.pools.push((name, pool));
        Ok(())
    });
}

/// A worker whose runs of jobs of this pool take longer than `run_time_ms` more than `overruns_max` times in a row is taken out, and
/// comes back when it answers in time. Declares the pool, unless it is.
#[unsafe(no_mangle)]
pub extern "C" fn powerhose_master_settings_pool_run_time_soft_ms(
    settings: Option<&powerhose_master_settings>,
    name: *const c_char,
    run_time_ms: u64,
    overruns_max: u32,
) {
    Master::set(settings, |master| {
        // SAFETY: C passes text.
        let name = unsafe { text(name, "name")? };
        let pools = &mut master.chosen.pools;
        let declared = pools.iter().rposition(|(declared, _)| declared == name);
        let (name, pool) =
            declared.map_or((name.to_owned(), PoolSettings::new()), |place| pools.remove(place));
        pools.push((name, pool.run_time_soft(Duration::from_millis(run_time_ms), overruns_max)));
        Ok(())
    });
}

/// How long a caller waits that names no timeout. Default: 5 s.
#[unsafe(no_mangle)]
pub extern "C" fn powerhose_master_settings_timeout_ms(
    settings: Option<&powerhose_master_settings>,
    timeout_ms: u64,
) {
    Master::set(settings, |master| {
        master.chosen.timeout = Duration::from_millis(timeout_ms);
        Ok(())
    });
}

/// Bytes of a payload or a reply. Default: 64 MiB.
#[unsafe(no_mangle)]
pub extern "C" fn powerhose_master_settings_payload_bytes_max(
    settings: Option<&powerhose_master_settings>,
    bytes: usize,
) {
    Master::set(settings, |master| {
        master.chosen.payload_bytes_max = bytes;
        Ok(())
    });
}

/// Jobs that may wait at once. Default: 100,000.
#[unsafe(no_mangle)]
pub extern "C" fn powerhose_master_settings_queue_jobs_max(
    settings: Option<&powerhose_master_settings>,
    jobs: usize,
) {
    Master::set(settings, |master| {
        master.chosen.queue_jobs_max = jobs;
        Ok(())
    });
}

/// Bytes of payloads and headers that may wait at once. Default: 256 MiB.
#[unsafe(no_mangle)]
pub extern "C" fn powerhose_master_settings_queue_bytes_max(
    settings: Option<&powerhose_master_settings>,
    bytes: usize,
) {
    Master::set(settings, |master| {
        master.chosen.queue_bytes_max = bytes;
        Ok(())
    });
}

/// How often each side says that it lives, and how long a peer may be silent before it counts as gone. Default: 1 s, 5 s.
#[unsafe(no_mangle)]
pub extern "C" fn powerhose_master_settings_heartbeats_ms(
    settings: Option<&powerhose_master_settings>,
    heartbeat_interval_ms: u64,
    silence_max_ms: u64,
) {
    Master::set(settings, |master| {
        master.chosen.heartbeat_interval = Duration::from_millis(heartbeat_interval_ms);
        master.chosen.silence_max = Duration::from_millis(silence_max_ms);
        Ok(())
    });
}

/// Frees settings. NULL is nothing to free.
#[unsafe(no_mangle)]
pub extern "C" fn powerhose_master_settings_free(settings: Option<Box<powerhose_master_settings>>) {
    drop(settings);
}

/// Starts a master in this process, on a thread of its own.
#[unsafe(no_mangle)]
pub extern "C" fn powerhose_master_bind(
    settings: Option<&powerhose_master_settings>,
    error: ErrorOut<'_>,
) -> Option<Box<powerhose_runner>> {
    let bind = || {
        let master = given(settings, "settings")?.chosen()?;
        let runner = master.build(JobRunner::builder()).bind()?;
        Ok(Some(Box::new(powerhose_runner::new(runner))))
    };
    guard(error, |_| None, bind)
}

/// The same with default settings, listening on one endpoint.
#[unsafe(no_mangle)]
pub extern "C" fn powerhose_bind(
    endpoint: *const c_char,
    error: ErrorOut<'_>,
) -> Option<Box<powerhose_runner>> {
    let bind = || {
        // SAFETY: C passes text.
        let runner = JobRunner::bind(unsafe { text(endpoint, "endpoint")? })?;
        Ok(Some(Box::new(powerhose_runner::new(runner))))
    };
    guard(error, |_| None, bind)
}
