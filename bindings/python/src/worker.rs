//! A worker whose jobs Python runs. Its keeper sends heartbeats on a thread of its own, also while Python computes.

use crate::errors;
use crate::held;
use crate::job;
use crate::payload;
use crate::received::Received;
use crate::runner;
use crate::signals;
use powerhose::worker::{self, JobFailure, NextJob, PulledJob, PulledWorker, Reply, StopHandle};
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyMemoryView};
use std::mem::ManuallyDrop;
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::Duration;

/// How often a worker that has no job lets Python handle its signals.
const SIGNALS_EVERY: Duration = Duration::from_secs(1);

/// A worker that gives one job after the other.
#[pyclass(frozen, module = "powerhose._powerhose")]
pub(crate) struct Worker {
    /// None once it has left. Never dropped in a forked process: it is the parent's.
    pulled: ManuallyDrop<Mutex<Option<PulledWorker>>>,
    stop: StopHandle,
    pid: u32,
}

impl Drop for Worker {
    fn drop(&mut self) {
        if self.pid == std::process::id() {
            // SAFETY: it is dropped here only, and nobody can look at it any longer.
            unsafe { ManuallyDrop::drop(&mut self.pulled) }
        }
    }
}

#[pymethods]
impl Worker {
    /// Opens a worker: it registers, and its keeper begins.
    #[new]
    #[pyo3(signature = (endpoint, pools, labels, software, settings))]
    fn new(
        py: Python<'_>,
        endpoint: Option<&str>,
        pools: Vec<(String, Option<u64>)>,
        labels: Vec<(String, String)>,
        software: &str,
        settings: &Bound<'_, PyDict>,
    ) -> PyResult<Worker> {
        let made = match endpoint {
            Some(endpoint) => worker::Worker::connect(endpoint),
            None => worker::Worker::from_env(),
        };
        let mut worker = made.map_err(|error| failed(py, &error))?.software(software).ignore_signals();
        for (pool, credit) in pools {
            worker = match credit {
                Some(credit) => worker.pool_with_credit(pool, credit),
                None => worker.pool(pool),
            };
        }
        for (name, value) in labels {
            worker = worker.label(name, value);
        }
        let worker = set_up(py, worker, settings)?;
        let pulled = py.detach(|| worker.open()).map_err(|error| failed(py, &error))?;
        let stop = pulled.stop_handle();
        Ok(Worker { pulled: ManuallyDrop::new(Mutex::new(Some(pulled))), stop, pid: std::process::id() })
    }

    /// SIGTERM and SIGINT tell it to leave, until it has.
    fn watch_signals(&self) -> PyResult<()> {
        Ok(signals::watch(self.stop.clone())?)
    }

    /// Tells it to leave, from any thread.
    fn stop(&self) {
        self.stop.stop();
    }

    /// Waits for the next job; None when the worker has left.
    fn next_job(&self, py: Python<'_>) -> PyResult<Option<Job>> {
        loop {
            let mut pulled = self.pulled()?;
            let Some(worker) = &mut *pulled else { return Ok(None) };
            let next = py.detach(|| worker.next_job_timeout(SIGNALS_EVERY));
            drop(pulled);
            py.check_signals()?;
            match next.map_err(|error| failed(py, &error))? {
                NextJob::Job(job) => return Ok(Some(Job::new(py, job))),
                NextJob::NotYet => held::let_go(py),
                NextJob::Ended => return Ok(None),
            }
        }
    }

    /// Says goodbye. What was there before handles the signals again.
    fn leave(&self, py: Python<'_>) -> PyResult<()> {
        let pulled = self.pulled()?.take();
        let left = py.detach(|| pulled.map_or(Ok(()), PulledWorker::leave));
        signals::restore();
        left.map_err(|error| failed(py, &error))
    }
}

/// The worker with these settings; an unknown one is a mistake of the package.
fn set_up(
    py: Python<'_>,
    mut worker: worker::Worker,
    settings: &Bound<'_, PyDict>,
) -> PyResult<worker::Worker> {
    for (name, value) in settings {
        worker = match &*name.extract::<String>()? {
            "secret" => worker.shared_secret(runner::secret(py, &value.extract::<Vec<u8>>()?)?),
            "secret_file" => worker.shared_secret(runner::secret_file(py, value.extract()?)?),
            "curve_file" => worker.curve(runner::curve_client(py, value.extract()?)?),
            "silence_max" => worker.silence_max(job::duration(value.extract()?, "silence_max")?),
            unknown => return Err(PyRuntimeError::new_err(format!("no setting of a worker: {unknown}"))),
        }
    }
    Ok(worker)
}

fn failed(py: Python<'_>, error: &worker::WorkerError) -> PyErr {
    let class = if matches!(error, worker::WorkerError::NoCurve) { "NoCurve" } else { "WorkerError" };
    errors::error(py, class, &error.to_string())
}

impl Worker {
    fn pulled(&self) -> PyResult<MutexGuard<'_, Option<PulledWorker>>> {
        if self.pid != std::process::id() {
            return Err(PyRuntimeError::new_err("this worker belongs to the process that forked this one"));
        }
        match self.pulled.try_lock() {
            Ok(pulled) => Ok(pulled),
            Err(TryLockError::Poisoned(poisoned)) => Ok(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => {
                Err(PyRuntimeError::new_err("another thread waits for this worker's next job"))
            }
        }
    }
}

/// One attempt of one job, as a handler sees it.
#[pyclass(frozen, module = "powerhose._powerhose")]
pub(crate) struct Job {
    /// None once it is answered. Never dropped in a forked process: to drop it is to answer it.
    job: ManuallyDrop<Mutex<Option<PulledJob>>>,
    received: Received,
}

impl Drop for Job {
    fn drop(&mut self) {
        if self.received.pid == std::process::id() {
            // SAFETY: it is dropped here only, and nobody can look at it any longer.
            unsafe { ManuallyDrop::drop(&mut self.job) }
        }
    }
}

impl Job {
    fn new(py: Python<'_>, job: PulledJob) -> Job {
        let received = Received::new(py, job.payload_shared());
        Job { job: ManuallyDrop::new(Mutex::new(Some(job))), received }
    }

    fn lock(&self) -> MutexGuard<'_, Option<PulledJob>> {
        self.job.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn look<T>(&self, look: impl FnOnce(&worker::Job) -> T) -> PyResult<T> {
        match &*self.lock() {
            Some(job) => Ok(look(job)),
            None => Err(PyRuntimeError::new_err("this job has been answered")),
        }
    }

    fn take(&self) -> PyResult<PulledJob> {
        if self.received.pid != std::process::id() {
            return Err(PyRuntimeError::new_err("this job belongs to the process that forked this one"));
        }
        self.lock().take().ok_or_else(|| PyRuntimeError::new_err("this job has been answered"))
    }
}

#[pymethods]
impl Job {
    /// The caller's bytes.
    #[getter]
    fn payload<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        self.received.payload(py).clone()
    }

    /// The same, where they lie.
    #[getter]
    fn buffer<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyMemoryView>> {
        self.received.buffer(py)
    }

    /// The id, the same in the caller's errors and in the logs of the master.
    #[getter]
    fn id(&self) -> PyResult<String> {
        self.look(|job| job.id().to_string())
    }

    /// Which dispatch of the job this is, from 1.
    #[getter]
    fn attempt(&self) -> PyResult<u64> {
        self.look(worker::Job::attempt)
    }

    /// The pool.
    #[getter]
    fn pool(&self) -> PyResult<String> {
        self.look(|job| job.pool().to_owned())
    }

    /// Whether the caller forbade a second dispatch.
    #[getter]
    fn once(&self) -> PyResult<bool> {
        self.look(worker::Job::is_once)
    }

    /// Seconds until the caller gives up; 0 once it has.
    #[getter]
    fn remaining(&self) -> PyResult<f64> {
        self.look(|job| job.remaining().as_secs_f64())
    }

    /// Whether nobody waits for the reply any longer.
    #[getter]
    fn is_cancelled(&self) -> PyResult<bool> {
        self.look(worker::Job::is_cancelled)
    }

    /// The caller's headers.
    #[getter]
    fn headers<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let headers = self.look(|job| {
            job.headers().map(|(name, value)| (name.to_owned(), value.to_vec())).collect::<Vec<_>>()
        })?;
        let dict = PyDict::new(py);
        for (name, value) in headers {
            dict.set_item(name, PyBytes::new(py, &value))?;
        }
        Ok(dict)
    }

    /// Answers with a reply. What is no bytes is a TypeError, and the job is still to be answered.
    fn _finish(
        &self,
        py: Python<'_>,
        reply: &Bound<'_, PyAny>,
        headers: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<()> {
        let mut answer = Reply::from(payload::from_python(reply, "a reply")?);
        if let Some(headers) = headers {
            for (name, value) in job::headers(headers)? {
                answer = answer.header(name, value);
            }
        }
        let job = self.take()?;
        py.detach(|| job.finish(answer));
        Ok(())
    }

    /// Answers with a failure.
    fn _fail(&self, py: Python<'_>, code: String, text: String) -> PyResult<()> {
        let job = self.take()?;
        py.detach(|| job.fail(JobFailure::new(code, text)));
        Ok(())
    }

    fn __repr__(&self) -> String {
        match &*self.lock() {
            Some(job) => format!("<Job {} pool={:?} attempt={}>", job.id(), job.pool(), job.attempt()),
            None => "<Job, answered>".to_owned(),
        }
    }
}
