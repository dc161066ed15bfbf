//! What the tests, the simulation and the benchmarks share. Nothing of the product needs it.

mod addresses;
mod draws;
mod process;
mod processes;
mod waiting;

pub use addresses::free_address;
pub use draws::Draws;
pub use process::{Killed, Process};
pub use processes::{handles_sigterm, is_running, is_stopped, send_signal};
pub use waiting::{eventually, until};
