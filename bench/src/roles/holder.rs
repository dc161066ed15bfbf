//! A master of Powerhose without workers, which submits as many jobs as each line of its standard input says, and keeps
//! their handles. It ends with its standard input.

use anyhow::Context;
use powerhose::{Cluster, Job, PoolSettings};
use std::io;
use std::time::Duration;

/// A pool that no worker serves.
const POOL: &str = "nobody";
/// No job ends while it is weighed.
const TIMEOUT: Duration = Duration::from_secs(3600);
const PAYLOAD_BYTES: usize = 64;
/// Jobs that are submitted before the master is waited for: what is on its way to it is not what waits there.
const TOGETHER: usize = 256;

pub(super) fn play(endpoint: &str) -> anyhow::Result<()> {
    let program = std::env::current_exe()?;
    let cluster = Cluster::builder(program)
        .workers(0)
        .endpoint(endpoint)
        .master(|master| master.timeout(TIMEOUT).pool(POOL, PoolSettings::new()))
        .start()?;
    let runner = cluster.runner();
    println!("{endpoint}");
    let mut handles = Vec::new();
    for line in io::stdin().lines() {
        let jobs: usize = line?.trim().parse().context("a number of jobs")?;
        handles.reserve_exact(jobs);
        for submitted in (0..jobs).step_by(TOGETHER) {
            let together = TOGETHER.min(jobs - submitted);
            let submit = |_| runner.submit(Job::new(vec![b'x'; PAYLOAD_BYTES]).pool(POOL));
            handles.extend((0..together).map(submit));
            // Answers come in order: with this one, all of them are where they wait.
            let accepted = runner.stats()?.accepted;
            anyhow::ensure!(
                accepted as usize == handles.len(),
                "{accepted} of {} jobs accepted",
                handles.len()
            );
        }
        println!("{}", handles.len());
    }
    Ok(())
}
