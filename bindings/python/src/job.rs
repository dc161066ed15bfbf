//! A job, from what a caller passed.

use crate::payload;
use bytes::Bytes;
use powerhose::Job;
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use std::time::Duration;

/// What every call that hands over a job takes beside its payload.
pub(crate) struct Options {
    pub(crate) pool: Option<String>,
    pub(crate) timeout: Option<Duration>,
    pub(crate) run_timeout: Option<Duration>,
    pub(crate) headers: Vec<(String, Bytes)>,
    pub(crate) repeat: Repeat,
    pub(crate) attempts_max: Option<u32>,
    pub(crate) end_within: Option<Duration>,
    pub(crate) form: Form,
}

/// Whether a job may be dispatched again.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Repeat {
    Allowed,
    Never,
}

/// What the caller wants of a reply.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Bytes,
    Detailed,
}

impl<'py> FromPyObject<'_, 'py> for Options {
    type Error = PyErr;

    /// From the tuple that the package makes of its keywords.
    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Options> {
        type Raw<'py> = (
            Option<String>,
            Option<f64>,
            Option<f64>,
            Option<Bound<'py, PyDict>>,
            bool,
            Option<u32>,
            Option<f64>,
            bool,
        );
        let (pool, timeout, run_timeout, headers, once, attempts_max, end_within, detailed): Raw<'py> =
            object.extract().map_err(|error| mistaken(object).unwrap_or(error))?;
        if timeout.is_some() && run_timeout.is_some() {
            return Err(PyValueError::new_err("a job has a timeout or a run_timeout, not both"));
        }
        Ok(Options {
            pool,
            timeout: timeout.map(|seconds| duration(seconds, "timeout")).transpose()?,
            run_timeout: run_timeout.map(|seconds| duration(seconds, "run_timeout")).transpose()?,
            headers: headers.map_or(Ok(Vec::new()), |headers| self::headers(&headers))?,
            repeat: if once { Repeat::Never } else { Repeat::Allowed },
            attempts_max,
            end_within: end_within.map(|seconds| grace(seconds, "end_within")).transpose()?,
            form: if detailed { Form::Detailed } else { Form::Bytes },
        })
    }
}

/// Which of the options has a wrong type, by its name.
fn mistaken(options: Borrowed<'_, '_, PyAny>) -> Option<PyErr> {
    let numbers = [(1, "timeout"), (2, "run_timeout"), (6, "end_within")];
    let item = |index: usize| options.get_item(index).ok();
    let told = |index: usize, text: &str| {
        let kind = item(index)?.get_type().name().ok()?.to_string();
        Some(PyTypeError::new_err(format!("{text}, not {kind}")))
    };
    if item(0)?.extract::<Option<String>>().is_err() {
        return told(0, "pool is a str");
    }
    for (index, name) in numbers {
        if item(index)?.extract::<Option<f64>>().is_err() {
            return told(index, &format!("{name} is a number of seconds"));
        }
    }
    let attempts = item(5)?;
    match attempts.extract::<Option<i64>>() {
        Ok(Some(number)) if u32::try_from(number).is_err() => {
            Some(PyValueError::new_err(format!("attempts_max is a number from 1 on, not {number}")))
        }
        Ok(_) => None,
        Err(_) => told(5, "attempts_max is an int"),
    }
}

impl Options {
    /// The job with this payload.
    pub(crate) fn job(&self, payload: &Bound<'_, PyAny>) -> PyResult<Job> {
        let mut job = Job::new(payload::from_python(payload, "a payload")?);
        if let Some(pool) = &self.pool {
            job = job.pool(pool.as_str());
        }
        if let Some(timeout) = self.timeout {
            job = job.timeout(timeout);
        }
        if let Some(timeout) = self.run_timeout {
            job = job.run_timeout(timeout);
        }
        for (name, value) in &self.headers {
            job = job.header(name, value);
        }
        if self.repeat == Repeat::Never {
            job = job.once();
        }
        if let Some(attempts) = self.attempts_max {
            job = job.attempts_max(attempts);
        }
        if let Some(grace) = self.end_within {
            job = job.end_within(grace);
        }
        Ok(job)
    }
}

/// Seconds above zero. What is below a millisecond is one: the protocol counts no less.
pub(crate) fn duration(seconds: f64, name: &str) -> PyResult<Duration> {
    if seconds.is_nan() || seconds <= 0.0 {
        return Err(PyValueError::new_err(format!("{name} is a number of seconds above 0, not {seconds:?}")));
    }
    let duration = Duration::try_from_secs_f64(seconds).map_err(|_| too_long(seconds, name))?;
    Ok(duration.max(Duration::from_millis(1)))
}

/// Seconds, of which there may be none.
pub(crate) fn grace(seconds: f64, name: &str) -> PyResult<Duration> {
    if seconds.is_nan() || seconds < 0.0 {
        return Err(PyValueError::new_err(format!(
            "{name} is a number of seconds, at least 0, not {seconds:?}"
        )));
    }
    Duration::try_from_secs_f64(seconds).map_err(|_| too_long(seconds, name))
}

fn too_long(seconds: f64, name: &str) -> PyErr {
    PyValueError::new_err(format!(
        "{name} is a number of seconds that ends some day, not {seconds:?}: leave it out for no limit"
    ))
}

/// A header's value is bytes, or text that becomes UTF-8: only payloads have to be bytes.
pub(crate) fn headers(headers: &Bound<'_, PyDict>) -> PyResult<Vec<(String, Bytes)>> {
    let mut list = Vec::with_capacity(headers.len());
    for (name, value) in headers {
        let name = name.extract::<String>().map_err(|_| PyTypeError::new_err("a header's name is a str"))?;
        let value = match value.extract::<String>() {
            Ok(text) => Bytes::from(text),
            Err(_) => payload::from_python(&value, "a header's value")?,
        };
        list.push((name, value));
    }
    Ok(list)
}
