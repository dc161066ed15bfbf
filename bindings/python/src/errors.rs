//! Rust's errors as Python's. The classes are the package's own, so that they are ordinary classes with ordinary pickles.

use powerhose::{JobError, JobErrorKind, LostCause, Rejection, WorkerExit};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyType};

/// The class of this name from `powerhose._errors`.
fn class<'py>(py: Python<'py>, name: &str) -> PyResult<Bound<'py, PyType>> {
    static MODULE: PyOnceLock<Py<PyModule>> = PyOnceLock::new();
    let module = MODULE.get_or_try_init(py, || py.import("powerhose._errors").map(Bound::unbind))?;
    Ok(module.bind(py).getattr(name)?.cast_into::<PyType>()?)
}

/// An error of this class with only a text.
pub(crate) fn error(py: Python<'_>, name: &str, text: &str) -> PyErr {
    class(py, name).map_or_else(|error| error, |class| PyErr::from_type(class, (text.to_owned(),)))
}

/// Why a job has no reply.
pub(crate) fn job_error(py: Python<'_>, error: &JobError) -> PyErr {
    make(py, error).unwrap_or_else(|failed| failed)
}

fn make(py: Python<'_>, error: &JobError) -> PyResult<PyErr> {
    let fields = PyDict::new(py);
    fields.set_item("may_have_run", error.may_have_run())?;
    fields.set_item("job", error.job().map(|id| id.to_string()))?;
    fields.set_item("attempts", error.attempts())?;
    fields.set_item("worker", error.worker())?;
    fields.set_item("is_retryable", error.is_retryable())?;
    fields.set_item("is_overload", error.is_overload())?;
    fields.set_item("http_status", error.http_status())?;
    fields.set_item("retry_after", error.retry_after().map(|duration| duration.as_secs_f64()))?;
    let name = match error.kind() {
        JobErrorKind::Failed { code, text } => {
            fields.set_item("code", code)?;
            fields.set_item("text", text)?;
            "JobFailed"
        }
        JobErrorKind::TimedOut => "JobTimedOut",
        JobErrorKind::Cancelled => "JobCancelled",
        JobErrorKind::Lost(cause) => {
            set_cause(&fields, cause)?;
            "JobLost"
        }
        JobErrorKind::Rejected(rejection) => {
            fields.set_item("code", rejection.code())?;
            rejected(rejection)
        }
        _ => "JobError",
    };
    let class = class(py, name)?;
    Ok(PyErr::from_value(class.call((error.to_string(),), Some(&fields))?))
}

fn set_cause(fields: &Bound<'_, PyDict>, cause: &LostCause) -> PyResult<()> {
    let code = match cause {
        LostCause::Master => "master",
        LostCause::WorkerExit(WorkerExit::Signal(signal)) => {
            fields.set_item("signal", *signal)?;
            "worker"
        }
        LostCause::WorkerExit(WorkerExit::Status(status)) => {
            fields.set_item("exit_status", *status)?;
            "worker"
        }
        _ => "worker",
    };
    fields.set_item("code", code)
}

/// Those rejections that a program may want to tell apart have classes of their own.
fn rejected(rejection: &Rejection) -> &'static str {
    match rejection {
        Rejection::QueueFull { .. } | Rejection::QueueBytesFull { .. } | Rejection::Overload { .. } => {
            "JobOverload"
        }
        Rejection::NoWorkers { .. } => "NoWorkers",
        Rejection::PayloadTooLarge { .. } => "PayloadTooLarge",
        _ => "JobRejected",
    }
}
