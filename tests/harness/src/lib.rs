//! What the tests, the simulation and the benchmarks share. Nothing of the product needs it.

mod draws;

pub use draws::Draws;
