//! A reply, as its caller gets it: the bytes alone, or with all that is known of it.

use crate::held;
use crate::job::Form;
use crate::received::Received;
use powerhose::{Headers, Reply};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyMemoryView};
use std::time::Duration;

/// A reply in the form that was asked for.
pub(crate) fn to_python(py: Python<'_>, reply: Reply, form: Form) -> PyResult<Bound<'_, PyAny>> {
    match form {
        Form::Bytes => {
            held::let_go(py);
            Ok(PyBytes::new(py, &reply).into_any())
        }
        Form::Detailed => Ok(Bound::new(py, JobReply::new(py, reply))?.into_any()),
    }
}

/// A reply, and how it came to be.
#[pyclass(frozen, module = "powerhose._powerhose")]
pub(crate) struct JobReply {
    received: Received,
    headers: Headers,
    job: String,
    worker: u64,
    attempts: u32,
    wait: Duration,
    run: Duration,
}

impl JobReply {
    fn new(py: Python<'_>, reply: Reply) -> JobReply {
        JobReply {
            headers: reply.headers().clone(),
            job: reply.job().to_string(),
            worker: reply.worker(),
            attempts: reply.attempts(),
            wait: reply.wait_time(),
            run: reply.run_time(),
            received: Received::new(py, reply.into_bytes()),
        }
    }
}

#[pymethods]
impl JobReply {
    /// The worker's bytes.
    #[getter]
    fn payload<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        self.received.payload(py).clone()
    }

    /// The same, where they lie.
    #[getter]
    fn buffer<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyMemoryView>> {
        self.received.buffer(py)
    }

    /// The headers that the handler set.
    #[getter]
    fn headers<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let dict = PyDict::new(py);
        for (name, value) in self.headers.iter() {
            dict.set_item(name, PyBytes::new(py, value))?;
        }
        Ok(dict)
    }

    /// The job's id.
    #[getter]
    fn job(&self) -> &str {
        &self.job
    }

    /// The id of the worker that made it.
    #[getter]
    fn worker(&self) -> u64 {
        self.worker
    }

    /// How often the job was dispatched, from 1.
    #[getter]
    fn attempts(&self) -> u32 {
        self.attempts
    }

    /// Seconds that the job waited at the master for its worker.
    #[getter]
    fn wait_time(&self) -> f64 {
        self.wait.as_secs_f64()
    }

    /// Seconds that the handler ran.
    #[getter]
    fn run_time(&self) -> f64 {
        self.run.as_secs_f64()
    }

    fn __repr__(&self) -> String {
        format!("<JobReply to {} from worker {}>", self.job, self.worker)
    }
}
