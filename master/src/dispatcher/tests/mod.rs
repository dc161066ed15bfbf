//! The dispatcher by examples that read as its specification, a file a topic, and by simulation.

mod admission;
mod alone;
mod batches;
mod choice;
mod fairness;
mod handshake;
mod harness;
mod registration;
