//! Ends of submitted jobs, for one loop to pick up: an event loop, a hub, or a thread that only does that.
//!
//! A job's end is left in a list, and a descriptor tells of the first one in it. So the runner's loop never waits for the
//! interpreter's lock, and many ends wake their loop once.

use crate::errors;
use crate::job::{Form, Options};
use crate::reply;
use crate::runner::Runner;
use powerhose::{Canceller, JobError, Reply};
use pyo3::prelude::*;
use pyo3::types::{PyList, PyTuple};
use rustix::event::{EventfdFlags, eventfd};
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The ends of jobs that one loop submitted.
#[pyclass(frozen, module = "powerhose._powerhose")]
pub(crate) struct Completions {
    queue: Arc<Queue>,
    /// Touched with the interpreter's lock only.
    waiting: Mutex<Waiting>,
}

/// Where ends are left.
struct Queue {
    ended: Mutex<Vec<(usize, Result<Reply, JobError>)>>,
    /// Readable while something may be in the list.
    descriptor: OwnedFd,
}

impl Queue {
    /// Leaves an end. Takes a few hundred nanoseconds, and a system call if the list was empty.
    fn leave(&self, place: usize, result: Result<Reply, JobError>) {
        let mut ended = lock(&self.ended);
        let first = ended.is_empty();
        ended.push((place, result));
        drop(ended);
        if first {
            // It fails only where it has been told 2^64 times of what nobody took.
            let _ = rustix::io::write(&self.descriptor, &1_u64.to_ne_bytes());
        }
    }

    fn take(&self) -> Vec<(usize, Result<Reply, JobError>)> {
        // The descriptor first: an end that comes between the two is told of again.
        let _ = rustix::io::read(&self.descriptor, &mut [0; 8]);
        std::mem::take(&mut *lock(&self.ended))
    }
}

/// Who waits for each job. A place is given away again when its job has ended, which each does once.
#[derive(Default)]
struct Waiting {
    places: Vec<Option<(Py<PyAny>, Form)>>,
    free: Vec<usize>,
}

impl Waiting {
    fn add(&mut self, waiter: Py<PyAny>, form: Form) -> usize {
        match self.free.pop() {
            Some(place) => {
                self.places[place] = Some((waiter, form));
                place
            }
            None => {
                self.places.push(Some((waiter, form)));
                self.places.len() - 1
            }
        }
    }

    fn take(&mut self, place: usize) -> Option<(Py<PyAny>, Form)> {
        let waiter = self.places.get_mut(place)?.take();
        self.free.push(place);
        waiter
    }
}

#[pymethods]
impl Completions {
    #[new]
    fn new() -> io::Result<Completions> {
        let descriptor = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
        let queue = Arc::new(Queue { ended: Mutex::default(), descriptor });
        Ok(Completions { queue, waiting: Mutex::default() })
    }

    /// Readable when jobs have ended.
    fn fileno(&self) -> i32 {
        self.queue.descriptor.as_raw_fd()
    }

    /// How many jobs have not been picked up.
    fn __len__(&self) -> usize {
        let waiting = lock(&self.waiting);
        waiting.places.len() - waiting.free.len()
    }

    /// Submits a job; `waiter` comes back with its end.
    fn submit(
        &self,
        runner: &Runner,
        waiter: Py<PyAny>,
        payload: &Bound<'_, PyAny>,
        options: Options,
    ) -> PyResult<Ticket> {
        let job = options.job(payload)?;
        let place = lock(&self.waiting).add(waiter, options.form);
        let queue = self.queue.clone();
        // Never waits for anybody, so the interpreter's lock can stay: to give it away costs more.
        let canceller = runner.runner().submit(job).on_end(move |result| queue.leave(place, result));
        Ok(Ticket { canceller, pid: std::process::id() })
    }

    /// The jobs that have ended since the last time: waiter, reply, error. One of the last two is None.
    fn drain<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let list = PyList::empty(py);
        for (place, result) in self.queue.take() {
            let Some((waiter, form)) = lock(&self.waiting).take(place) else { continue };
            let entry = match result {
                Ok(reply) => {
                    let reply = reply::to_python(py, reply, form)?.unbind();
                    PyTuple::new(py, [Some(waiter), Some(reply), None])?
                }
                Err(error) => {
                    let error = errors::job_error(py, &error).into_value(py).into_any();
                    PyTuple::new(py, [Some(waiter), None, Some(error)])?
                }
            };
            list.append(entry)?;
        }
        Ok(list)
    }
}

/// Takes a submitted job back.
#[pyclass(frozen, module = "powerhose._powerhose")]
pub(crate) struct Ticket {
    canceller: Canceller,
    pid: u32,
}

#[pymethods]
impl Ticket {
    /// Cancels the job, unless it has ended. Its end is picked up as any other. In a forked process there is no such job.
    fn cancel(&self) {
        if self.pid == std::process::id() {
            self.canceller.cancel();
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing panics while it holds one of these.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
