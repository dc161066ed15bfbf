//! Processes and all that they have started, however deep, and wherever it has gone (`setsid`, a daemon's two forks).
//!
//! [`Guarded`] is a program with a guard: a small process between it and this one, which ends whatever the program has
//! started as soon as the program ends or this process does, also by SIGKILL. [`go_on_guarded`] puts a guard above this very
//! process. [`kill_tree`] ends what stands below a process at the moment.
//! [`Processes`] says what stands below a process, and how much memory it holds with that.
//!
//! Linux gives orphans to the nearest ancestor that asks for them (PR_SET_CHILD_SUBREAPER). A guard asks: so nothing gets
//! away from it while it lives. Nothing here knows of jobs, workers or masters.

mod guard;
mod memory;
mod table;

pub use guard::{Guarded, go_on_guarded, is_guarded};
pub use memory::{Processes, memory_bytes};
pub use table::kill_tree;
