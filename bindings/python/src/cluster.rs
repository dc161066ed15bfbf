//! A master in this process and worker processes beside it.

use crate::errors;
use crate::job;
use crate::runner::{self, Runner};
use crate::waiting::interruptibly;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use std::mem::ManuallyDrop;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A cluster, of this process.
#[pyclass(frozen, module = "powerhose._powerhose")]
pub(crate) struct Cluster {
    /// None once it is closed. Never dropped in a forked process: it is the parent's.
    cluster: ManuallyDrop<Mutex<Option<powerhose::Cluster>>>,
    pid: u32,
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if self.pid == std::process::id() {
            // SAFETY: it is dropped here only, and nobody can look at it any longer.
            unsafe { ManuallyDrop::drop(&mut self.cluster) }
        }
    }
}

#[pymethods]
impl Cluster {
    /// Starts the workers and waits until all have registered.
    #[new]
    #[pyo3(signature = (command, environment, workers, worker_start, endpoint, settings))]
    fn new(
        py: Python<'_>,
        command: Vec<String>,
        environment: Vec<(String, String)>,
        workers: Option<usize>,
        worker_start: Option<f64>,
        endpoint: Option<String>,
        settings: &Bound<'_, PyDict>,
    ) -> PyResult<Cluster> {
        let mut command = command.into_iter();
        let program = command.next().unwrap_or_default();
        let mut builder = powerhose::Cluster::builder(program).args(command);
        for (name, value) in environment {
            builder = builder.env(name, value);
        }
        if let Some(workers) = workers {
            builder = builder.workers(workers);
        }
        if let Some(within) = worker_start {
            builder = builder.worker_start(job::duration(within, "worker_start")?);
        }
        if let Some(endpoint) = endpoint {
            builder = builder.endpoint(endpoint);
        }
        let mut problem = None;
        builder = builder.master(|master| {
            // A setting that is refused leaves a master that is never started.
            runner::master(master, settings).unwrap_or_else(|error| {
                problem = Some(error);
                powerhose::JobRunner::builder()
            })
        });
        if let Some(problem) = problem {
            return Err(problem);
        }
        let started = interruptibly(py, || builder.start())?;
        let cluster = started.map_err(|error| errors::error(py, "ClusterError", &error.to_string()))?;
        Ok(Cluster { cluster: ManuallyDrop::new(Mutex::new(Some(cluster))), pid: std::process::id() })
    }

    /// What runs jobs on the workers.
    fn runner(&self, py: Python<'_>) -> PyResult<Runner> {
        match &*self.lock() {
            Some(cluster) => Ok(Runner::new(cluster.runner())),
            None => Err(errors::error(py, "ClusterError", "the cluster is closed")),
        }
    }

    /// The process ids of the workers.
    fn pids(&self) -> Vec<u32> {
        self.lock().as_ref().map_or_else(Vec::new, powerhose::Cluster::pids)
    }

    /// Lets jobs finish, then ends workers and master. Gives how many were lost. Nothing in a forked process.
    fn close(&self, py: Python<'_>, drain_timeout: f64) -> PyResult<u64> {
        let within = job::grace(drain_timeout, "drain_timeout")?;
        if self.pid != std::process::id() {
            return Ok(0);
        }
        let Some(cluster) = self.lock().take() else { return Ok(0) };
        let closed = interruptibly(py, move || cluster.close(within))?;
        Ok(closed.map_or_else(|lost| lost.jobs, |()| 0))
    }
}

impl Cluster {
    fn lock(&self) -> MutexGuard<'_, Option<powerhose::Cluster>> {
        self.cluster.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
