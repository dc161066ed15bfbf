//! Catches a handler's panics together with where they happened, which only the panic hook learns. A backtrace is for the
//! program's own hook to print, not for the caller of a job.

use std::any::Any;
use std::cell::RefCell;
use std::panic::{self, AssertUnwindSafe, PanicHookInfo};
use std::sync::Once;

/// What is known of a panic. Its message is the handler's own text.
pub(super) struct Panic {
    pub(super) message: String,
    /// `file:line:column`.
    pub(super) location: String,
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
pub(super) fn catch<T>(call: impl FnOnce() -> T) -> Result<T, Panic> {
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
