//! Many jobs whose replies come in the order of the jobs: `map`.
//!
//! The jobs come from a Python iterator, which is asked only with the interpreter's lock; the wait for a reply is without.

use crate::errors;
use crate::job::{Form, Options};
use crate::reply;
use crate::runner::{Runner, SIGNALS_EVERY, is_main_thread};
use powerhose::{ExecuteMany, Job};
use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyIterator;
use std::mem::ManuallyDrop;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

/// An iterator of replies.
#[pyclass(module = "powerhose._powerhose")]
pub(crate) struct Many {
    /// None once it is closed. Never dropped in a process that was forked from its own: that would cancel what is not its own.
    results: ManuallyDrop<Option<ExecuteMany<Jobs>>>,
    /// The process it belongs to.
    pid: u32,
    form: Form,
    /// Why the jobs ended before their time.
    problem: Arc<Mutex<Option<PyErr>>>,
    alarm: Arc<Alarm>,
    waker: Waker,
}

impl Drop for Many {
    fn drop(&mut self) {
        if self.pid == std::process::id() {
            // SAFETY: it is dropped here only, and nobody can look at it any longer.
            unsafe { ManuallyDrop::drop(&mut self.results) }
        }
    }
}

/// Makes jobs of what Python's iterator gives.
struct Jobs {
    payloads: Py<PyIterator>,
    options: Options,
    problem: Arc<Mutex<Option<PyErr>>>,
}

impl Iterator for Jobs {
    type Item = Job;

    fn next(&mut self) -> Option<Job> {
        // Only asked by a thread that has the lock already.
        Python::attach(|py| {
            let payload = self.payloads.bind(py).clone().next()?;
            match payload.and_then(|payload| self.options.job(&payload)) {
                Ok(job) => Some(job),
                Err(problem) => {
                    *lock(&self.problem) = Some(problem);
                    None
                }
            }
        })
    }
}

/// Wakes the thread that waits for the next reply.
#[derive(Default)]
struct Alarm {
    rung: Mutex<bool>,
    ring: Condvar,
}

impl Alarm {
    /// Waits until it rings, or `within` is over.
    fn wait(&self, within: Duration) {
        let rung = lock(&self.rung);
        let waited = self.ring.wait_timeout_while(rung, within, |rung| !*rung);
        *waited.unwrap_or_else(PoisonError::into_inner).0 = false;
    }
}

impl Wake for Alarm {
    fn wake(self: Arc<Self>) {
        *lock(&self.rung) = true;
        self.ring.notify_one();
    }
}

#[pymethods]
impl Many {
    #[new]
    fn new(
        runner: &Runner,
        payloads: &Bound<'_, PyAny>,
        options: Options,
        window: Option<i64>,
    ) -> PyResult<Many> {
        let problem = Arc::new(Mutex::new(None));
        let payloads = payloads.try_iter()?.unbind();
        let form = options.form;
        let jobs = Jobs { payloads, options, problem: problem.clone() };
        let mut results = runner.runner().execute_many(jobs);
        if let Some(window) = window {
            let jobs_max =
                usize::try_from(window).ok().filter(|jobs_max| *jobs_max > 0).ok_or_else(|| {
                    PyValueError::new_err(format!("window is a number of jobs, at least 1, not {window}"))
                })?;
            results = results.jobs_max(jobs_max);
        }
        let alarm = Arc::new(Alarm::default());
        let waker = alarm.clone().into();
        let results = ManuallyDrop::new(Some(results));
        Ok(Many { results, pid: std::process::id(), form, problem, alarm, waker })
    }

    /// Cancels what is under way. There are no further replies.
    fn close(&mut self) {
        if self.pid == std::process::id() {
            *self.results = None;
        }
    }

    fn __iter__(this: PyRef<'_, Self>) -> PyRef<'_, Self> {
        this
    }

    fn __next__<'py>(&mut self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        if self.pid != std::process::id() {
            return Err(PyRuntimeError::new_err("these replies belong to the process that forked this one"));
        }
        let slice = if is_main_thread() { SIGNALS_EVERY } else { Duration::from_secs(3600) };
        loop {
            let Some(results) = self.results.as_mut() else { return Ok(None) };
            let polled = results.poll_next(&mut Context::from_waker(&self.waker));
            match polled {
                Poll::Ready(Some(Ok(reply))) => return reply::to_python(py, reply, self.form).map(Some),
                Poll::Ready(Some(Err(error))) => return Err(errors::job_error(py, &error)),
                Poll::Ready(None) => return lock(&self.problem).take().map_or(Ok(None), Err),
                Poll::Pending => {}
            }
            let alarm = &self.alarm;
            py.detach(|| alarm.wait(slice));
            py.check_signals()?;
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing panics while it holds one of these.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
