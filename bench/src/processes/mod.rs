//! Other processes: started, watched, and ended with this one, also when this one is killed.

mod child;
mod cpu;
mod folder;
mod memory;
mod sleeps;

pub(crate) use child::{Child, end_with_parent};
pub(crate) use cpu::{CpuClock, cpu_time};
pub(crate) use folder::{remove_at_end, socket_endpoint};
pub(crate) use memory::resident_bytes;
pub(crate) use sleeps::SleepCount;
