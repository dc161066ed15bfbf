//! A master of Powerhose in a process of its own, and its workers. Says where it listens and who belongs to it.

use crate::ours;
use crate::processes::end_with_parent;
use crate::work::Work;
use std::thread;

pub(super) fn play(work: Work, workers: usize) -> anyhow::Result<()> {
    end_with_parent();
    let cluster = ours::start(work, workers)?;
    let pids: Vec<String> = cluster.pids().iter().map(u32::to_string).collect();
    for endpoint in cluster.runner().endpoints() {
        println!("{endpoint} {}", pids.join(" "));
    }
    loop {
        thread::park();
    }
}
