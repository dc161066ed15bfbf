//! The real program, with real processes and real signals. No test sleeps for luck: it waits for a condition, with a
//! bound; what fails shows what the processes logged.

mod bad_input;
mod bench;
mod defaults;
mod deploy;
mod documented;
mod endpoint;
mod executing;
mod localhost;
mod operating;
mod orphans;
mod ownership;
mod pauses;
mod purging;
mod replacing;
mod running;
mod scarcity;
mod starting;
mod stopping;
mod supervising;
mod support;
mod systemd;
mod terminal;
mod working;
