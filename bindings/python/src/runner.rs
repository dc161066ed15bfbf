//! A runner of jobs: it belongs to the process that made it, and the package makes another one after a fork.

use crate::errors;
use crate::job::{self, Options};
use crate::reply;
use crate::waiting::interruptibly;
use powerhose::{
    BindError, ConnectError, CurveClient, CurveError, CurveServer, JobRunner, SharedSecret, SharedSecrets,
};
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};
use std::mem::ManuallyDrop;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::time::Duration;

/// How often the main thread looks for signals while it waits.
pub(crate) const SIGNALS_EVERY: Duration = Duration::from_millis(50);

/// A [`JobRunner`] of this process.
#[pyclass(frozen, module = "powerhose._powerhose")]
pub(crate) struct Runner {
    /// Never dropped in a process that was forked from its own: the loop's thread is not there.
    runner: ManuallyDrop<JobRunner>,
    /// The process it belongs to.
    #[pyo3(get)]
    pid: u32,
}

impl Runner {
    pub(crate) fn new(runner: JobRunner) -> Runner {
        Runner { runner: ManuallyDrop::new(runner), pid: std::process::id() }
    }

    pub(crate) fn runner(&self) -> &JobRunner {
        &self.runner
    }
}

impl Drop for Runner {
    fn drop(&mut self) {
        if self.pid == std::process::id() {
            // SAFETY: it is dropped here only, and nobody can look at it any longer.
            unsafe { ManuallyDrop::drop(&mut self.runner) }
        }
    }
}

#[pymethods]
impl Runner {
    /// A client of a master in another process. Waits for it.
    #[staticmethod]
    fn connect(py: Python<'_>, endpoint: String, settings: &Bound<'_, PyDict>) -> PyResult<Runner> {
        let connector = connector(py, JobRunner::connector(endpoint), settings)?;
        let connected = interruptibly(py, || connector.connect())?;
        connected.map(Runner::new).map_err(|error| {
            let class = if matches!(error, ConnectError::NoCurve) { "NoCurve" } else { "ConnectError" };
            errors::error(py, class, &error.to_string())
        })
    }

    /// A master in this process.
    #[staticmethod]
    #[pyo3(signature = (endpoints, settings))]
    fn bind(py: Python<'_>, endpoints: Vec<String>, settings: &Bound<'_, PyDict>) -> PyResult<Runner> {
        let mut master = master(JobRunner::builder(), settings)?;
        for endpoint in endpoints {
            master = master.endpoint(endpoint);
        }
        let bound = interruptibly(py, || master.bind())?;
        bound.map(Runner::new).map_err(|error| {
            let class = if matches!(error, BindError::NoCurve) { "NoCurve" } else { "BindError" };
            errors::error(py, class, &error.to_string())
        })
    }

    /// Runs a job and blocks. Other Python threads run meanwhile, and the main thread looks for signals.
    fn execute<'py>(
        &self,
        py: Python<'py>,
        payload: &Bound<'py, PyAny>,
        options: Options,
    ) -> PyResult<Bound<'py, PyAny>> {
        let job = options.job(payload)?;
        let mut interrupted = None;
        let slice = if is_main_thread() { SIGNALS_EVERY } else { Duration::MAX };
        let result = py.detach(|| {
            self.runner.execute_while(job, slice, || match Python::attach(|py| py.check_signals()) {
                Ok(()) => ControlFlow::Continue(()),
                Err(error) => {
                    interrupted = Some(error);
                    ControlFlow::Break(())
                }
            })
        });
        match (interrupted, result) {
            (Some(error), _) => Err(error),
            (None, Ok(reply)) => reply::to_python(py, reply, options.form),
            (None, Err(error)) => Err(errors::job_error(py, &error)),
        }
    }

    /// The workers, each as a dictionary.
    fn workers<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let runner = (*self.runner).clone();
        let workers = interruptibly(py, move || runner.workers())?;
        let workers = workers.map_err(|error| errors::error(py, "MasterGone", &error.to_string()))?;
        let list = PyList::empty(py);
        for worker in workers {
            let entry = PyDict::new(py);
            entry.set_item("id", worker.id)?;
            entry.set_item("pid", worker.pid)?;
            entry.set_item("host", worker.host)?;
            entry.set_item("software", worker.software)?;
            entry.set_item("state", worker.state.word())?;
            entry.set_item("pools", worker.pools)?;
            entry.set_item("outstanding", worker.outstanding)?;
            entry.set_item("done", worker.done)?;
            entry.set_item("failed", worker.failed)?;
            entry.set_item("labels", worker.labels)?;
            list.append(entry)?;
        }
        Ok(list)
    }

    /// Waits until so many workers are registered. In slices: the main thread looks for signals.
    fn wait_for_workers(&self, py: Python<'_>, wanted: usize, within: f64) -> PyResult<()> {
        let mut left = job::grace(within, "within")?;
        loop {
            let slice = left.min(SIGNALS_EVERY * 4);
            let waited = py.detach(|| self.runner.wait_for_workers(wanted, slice));
            py.check_signals()?;
            left = left.saturating_sub(slice);
            match waited {
                Ok(()) => return Ok(()),
                Err(missing) if left.is_zero() => {
                    let text =
                        format!("{} of {wanted} workers registered within {within} s", missing.registered);
                    return Err(errors::error(py, "WorkersMissing", &text));
                }
                Err(_) => {}
            }
        }
    }

    /// Where the master listens.
    fn endpoints(&self) -> Vec<String> {
        self.runner.endpoints().iter().map(ToString::to_string).collect()
    }

    /// Lets jobs finish, then ends. Gives how many were lost.
    fn close(&self, py: Python<'_>, drain_timeout: f64) -> PyResult<u64> {
        if self.pid != std::process::id() {
            return Err(PyRuntimeError::new_err("this runner belongs to the process that forked this one"));
        }
        let within = job::grace(drain_timeout, "drain_timeout")?;
        let runner = (*self.runner).clone();
        let closed = interruptibly(py, move || runner.close(within))?;
        Ok(closed.map_or_else(|lost| lost.jobs, |()| 0))
    }
}

/// A client's builder with these settings; an unknown one is a mistake of the package.
fn connector(
    py: Python<'_>,
    mut builder: powerhose::ClientBuilder,
    settings: &Bound<'_, PyDict>,
) -> PyResult<powerhose::ClientBuilder> {
    for (name, value) in settings {
        builder = match &*name.extract::<String>()? {
            "secret" => builder.shared_secret(secret(py, &value.extract::<Vec<u8>>()?)?),
            "secret_file" => builder.shared_secret(secret_file(py, value.extract()?)?),
            "curve_file" => builder.curve(curve_client(py, value.extract()?)?),
            "timeout" => builder.timeout(job::duration(value.extract()?, "timeout")?),
            "connect_timeout" => builder.connect_timeout(job::duration(value.extract()?, "connect_timeout")?),
            "silence_max" => builder.silence_max(job::duration(value.extract()?, "silence_max")?),
            "caller_spin" => builder.caller_spin(job::grace(value.extract()?, "caller_spin")?),
            unknown => return Err(PyRuntimeError::new_err(format!("no setting of a client: {unknown}"))),
        }
    }
    Ok(builder)
}

/// A builder with these settings; an unknown one is a mistake of the package.
pub(crate) fn master(
    mut builder: powerhose::MasterBuilder,
    settings: &Bound<'_, PyDict>,
) -> PyResult<powerhose::MasterBuilder> {
    let mut secrets = SharedSecrets::default();
    for (name, value) in settings {
        match &*name.extract::<String>()? {
            "timeout" => builder = builder.timeout(job::duration(value.extract()?, "timeout")?),
            "payload_bytes_max" => builder = builder.payload_bytes_max(value.extract()?),
            "queue_jobs_max" => builder = builder.queue_jobs_max(value.extract()?),
            "caller_spin" => builder = builder.caller_spin(job::grace(value.extract()?, "caller_spin")?),
            "pools" => {
                for pool in value.extract::<Vec<String>>()? {
                    builder = builder.pool(pool, powerhose::PoolSettings::default());
                }
            }
            "curve_file" => {
                let keys = CurveServer::from_file(value.extract::<PathBuf>()?);
                builder = builder.curve(keys.map_err(|error| bad_keys(settings.py(), &error))?);
            }
            "worker_secrets" => secrets.workers = self::secrets(&value)?,
            "client_secrets" => secrets.clients = self::secrets(&value)?,
            unknown => return Err(PyRuntimeError::new_err(format!("no setting of a master: {unknown}"))),
        }
    }
    Ok(if secrets.is_empty() { builder } else { builder.shared_secrets(secrets) })
}

fn secrets(list: &Bound<'_, PyAny>) -> PyResult<Vec<SharedSecret>> {
    let secrets: Vec<Vec<u8>> = list.extract()?;
    let py = list.py();
    secrets.iter().map(|secret| self::secret(py, secret)).collect()
}

/// A secret, or a ValueError that does not repeat it.
pub(crate) fn secret(py: Python<'_>, secret: &[u8]) -> PyResult<SharedSecret> {
    SharedSecret::new(secret).map_err(|error| errors::error(py, "BadSecret", &error.to_string()))
}

pub(crate) fn secret_file(py: Python<'_>, file: PathBuf) -> PyResult<SharedSecret> {
    SharedSecret::from_file(file).map_err(|error| errors::error(py, "BadSecret", &error.to_string()))
}

pub(crate) fn curve_client(py: Python<'_>, file: PathBuf) -> PyResult<CurveClient> {
    CurveClient::from_file(file).map_err(|error| bad_keys(py, &error))
}

fn bad_keys(py: Python<'_>, error: &CurveError) -> PyErr {
    errors::error(py, "BadKeys", &error.to_string())
}

/// Whether Python's signals are handled on this thread: it is the process's first.
pub(crate) fn is_main_thread() -> bool {
    rustix::thread::gettid() == rustix::process::getpid()
}
