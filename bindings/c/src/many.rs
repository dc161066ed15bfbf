//! Many jobs that one thread gives and whose replies it takes.

use crate::birth::Native;
use crate::guard::{ErrorOut, given, guard, put};
use crate::job::{powerhose_job, read};
use crate::kinds::powerhose_status::{self, *};
use crate::problem::Problem;
use crate::reply::{ReplyOut, powerhose_reply};
use crate::runner::{here, powerhose_runner};
use powerhose::{BATCH_JOBS_MAX, ExecuteMany, Job};
use std::cell::RefCell;
use std::ffi::c_void;
use std::mem;
use std::rc::Rc;
use std::sync::{Mutex, TryLockError};

/// Gives the next job of many: fills in `job`, which is all zero, and returns true; or returns false, as there is none. Called by
/// `powerhose_many_next`, on its thread. It calls nothing for these many jobs, throws nothing and does not jump out.
pub type powerhose_next_job = Option<extern "C" fn(context: *mut c_void, job: *mut powerhose_job) -> bool>;

/// Many jobs whose ends come in the order of the jobs; a few are under way at once for each worker. One thread at a time uses it.
/// Freed by `powerhose_many_free`.
pub struct powerhose_many(Native<Mutex<Many>>);

struct Many {
    results: ExecuteMany<Source>,
    /// What was wrong with the job after which the source gave none.
    problem: Rc<RefCell<Option<Problem>>>,
}

/// The jobs that C gives.
struct Source {
    next: extern "C" fn(*mut c_void, *mut powerhose_job) -> bool,
    context: *mut c_void,
    problem: Rc<RefCell<Option<Problem>>>,
}

impl Iterator for Source {
    type Item = Job;

    fn next(&mut self) -> Option<Job> {
        // SAFETY: zero is a value of each of its fields: null, nothing and none.
        let mut job: powerhose_job = unsafe { mem::zeroed() };
        if !(self.next)(self.context, &mut job) {
            return None;
        }
        // SAFETY: C has filled in a job that is as its fields say.
        unsafe { read(Some(&job)) }.map_err(|problem| *self.problem.borrow_mut() = Some(problem)).ok()
    }
}

/// Begins many jobs for a runner, which they keep running; `next` gives them, with `context`, as there is room. At most `jobs_max`
/// are under way, or have ended and wait for their turn; 0: 4,096.
#[unsafe(no_mangle)]
pub extern "C" fn powerhose_execute_many(
    runner: Option<&powerhose_runner>,
    next: powerhose_next_job,
    context: *mut c_void,
    jobs_max: usize,
    error: ErrorOut<'_>,
) -> Option<Box<powerhose_many>> {
    let begin = || {
        let Some(next) = next else { return Err(Problem::invalid("next is NULL")) };
        let problem = Rc::new(RefCell::new(None));
        let source = Source { next, context, problem: problem.clone() };
        let jobs_max = if jobs_max == 0 { BATCH_JOBS_MAX } else { jobs_max };
        let results = here(runner)?.execute_many(source).jobs_max(jobs_max);
        Ok(Some(Box::new(powerhose_many(Native::new(Mutex::new(Many { results, problem }))))))
    };
    guard(error, |_| None, begin)
}

/// Waits for the end of the job that is next in turn. POWERHOSE_ENDED after the last. POWERHOSE_INVALID if `next` gave what is no
/// job: then it was the last, and its error comes after the ends of those before.
#[unsafe(no_mangle)]
pub extern "C" fn powerhose_many_next(
    many: Option<&powerhose_many>,
    reply: ReplyOut<'_>,
    error: ErrorOut<'_>,
) -> powerhose_status {
    let mut ended = None;
    let next = || {
        let mut many = match given(many, "many")?.0.here()?.try_lock() {
            Ok(many) => many,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => {
                return Err(Problem::misuse("in_use", "these many jobs are being waited for already"));
            }
        };
        match many.results.next() {
            Some(result) => ended = Some(result?),
            None => return many.problem.borrow_mut().take().map_or(Ok(POWERHOSE_ENDED), Err),
        }
        Ok(POWERHOSE_OK)
    };
    let status = guard(error, |problem: &Problem| problem.status, next);
    put(reply, ended.map(powerhose_reply));
    status
}

/// Cancels the jobs whose ends nobody has taken, and frees them all. NULL is nothing to free.
#[unsafe(no_mangle)]
pub extern "C" fn powerhose_many_free(many: Option<Box<powerhose_many>>) {
    guard(
        None,
        |_| (),
        || {
            drop(many);
            Ok(())
        },
    );
}
