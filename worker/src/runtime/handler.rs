//! One call of the handler. It gives an outcome also where the handler panics, with where that happened, which only the panic
//! hook learns. A backtrace is for the program's own hook to print, not for the caller of a job.

use crate::machine::Outcome;
use crate::{Job, JobFailure, Reply};
use bytes::Bytes;
use std::any::Any;
use std::cell::RefCell;
use std::panic::{self, AssertUnwindSafe, PanicHookInfo};
use std::sync::Once;

/// The code of a job whose handler panicked.
const PANIC: &str = "panic";

pub(super) fn call<R, H>(handler: &mut H, job: &Job) -> Outcome<Bytes>
where
    R: Into<Reply>,
    H: FnMut(&Job) -> Result<R, JobFailure>,
{
    // What the handler logs names its job.
    let _entered =
        tracing::info_span!("job", id = %job.id(), pool = job.pool(), attempt = job.attempt()).entered();
    match catch(|| handler(job).map(Into::into)) {
        Ok(Ok(reply)) => done(reply),
        Ok(Err(failure)) => failed(failure),
        Err(panic) => {
            let text = format!("panicked at {}: {}", panic.location, panic.message);
            tracing::warn!(job = %job.id(), attempt = job.attempt(), pool = job.pool(), "the handler {text}");
            failed(JobFailure::new(PANIC, text))
        }
    }
}

/// What a reply is to the machine.
pub(crate) fn done(reply: Reply) -> Outcome<Bytes> {
    let (payload, headers) = reply.into_parts();
    Outcome::Done { payload, headers }
}

/// What a failure is to the machine.
pub(crate) fn failed(failure: JobFailure) -> Outcome<Bytes> {
    let (code, text) = failure.into_parts();
    Outcome::Failed { code, text }
}

/// What is known of a panic. Its message is the handler's own text.
struct Panic {
    message: String,
    /// `file:line:column`.
    location: String,
}

/// What the hook saw on this thread.
enum Scene {
    NotWatched,
    Watched,
    Seen { location: String },
}

thread_local! {
    static SCENE: RefCell<Scene> = const { RefCell::new(Scene::NotWatched) };
}

/// Puts our hook before the program's own, which is called as ever. If the program replaces it later, panics are still
/// caught, but no longer located.
pub(super) fn install_hook() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        let previous = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            note(info);
            previous(info);
        }));
    });
}

fn note(info: &PanicHookInfo<'_>) {
    SCENE.with_borrow_mut(|scene| {
        if matches!(scene, Scene::NotWatched) {
            return;
        }
        *scene = Scene::Seen { location: info.location().map_or_else(unknown, ToString::to_string) };
    });
}

/// Calls it, and turns its panic into an error.
fn catch<T>(call: impl FnOnce() -> T) -> Result<T, Panic> {
    SCENE.set(Scene::Watched);
    // What the handler captured may be left half changed, as after any error that it returns early with.
    let result = panic::catch_unwind(AssertUnwindSafe(call));
    let scene = SCENE.replace(Scene::NotWatched);
    result.map_err(|payload| {
        let location = match scene {
            Scene::Seen { location } => location,
            Scene::Watched | Scene::NotWatched => unknown(),
        };
        Panic { message: message(&*payload), location }
    })
}

fn message(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().copied();
    let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("a panic without a message").to_owned()
}

fn unknown() -> String {
    "an unknown place".to_owned()
}
