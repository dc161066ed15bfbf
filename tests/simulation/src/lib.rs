//! Dispatcher, workers and clients in a world of faults that one seed repeats.
//!
//! The types that the master's loop, the worker and the client run (`powerhose::desk`,
//! `powerhose_worker::machine`, `powerhose::client`) run here together, on one thread, under a clock that only the
//! simulation moves. A seed decides everything: who takes part, the settings, how long messages travel, which faults
//! strike when. The reference only watches: it knows what must be true, and is asked after every turn.
//!
//! ```text
//! cargo test -p powerhose-simulation                                        2,000 seeds of 500 events
//! cargo run --release -p powerhose-simulation -- --minutes 10               as many seeds as there is time for
//! cargo run --release -p powerhose-simulation -- --seeds 100000 --events 2000
//! cargo run --release -p powerhose-simulation -- --seed 17 --events 500 -v  one run, told line by line
//! cargo test -p powerhose-simulation --features mutations                   every mistake of the dispatcher is found
//! ```
//!
//! In reading order:
//!
//! * `world`: all that take part, and what happens next; in it the shells around the machines, and the faults.
//! * `process`, `network`, `schedule`, `clock`: what the world is made of. `scenario`: what a seed decides.
//! * `work`: jobs whose only right reply follows from their payload.
//! * `reference`: what must be true. `verdict`: the promises, by name. `coverage`: what occurred. `trace`: the story.
//! * `seeds`: many runs, over all cores.

#![deny(clippy::disallowed_methods)]

mod clock;
mod coverage;
mod network;
mod process;
mod reference;
mod scenario;
mod schedule;
mod seeds;
mod trace;
mod verdict;
mod work;
mod world;

pub use coverage::Coverage;
pub use seeds::{Plan, Report, Telling, explore, run};
pub use verdict::{Check, Violation};
