//! A master of Powerhose in a process of its own, and its workers. Prints the process ids of the workers.

use crate::ours;
use crate::processes::end_with_parent;
use crate::work::Work;
use std::thread;

pub(super) fn play(endpoint: &str, work: Work, workers: usize) -> anyhow::Result<()> {
    end_with_parent();
    let cluster = ours::start_at(endpoint, work, workers)?;
    let pids: Vec<String> = cluster.pids().iter().map(u32::to_string).collect();
    println!("{}", pids.join(" "));
    loop {
        thread::park();
    }
}
