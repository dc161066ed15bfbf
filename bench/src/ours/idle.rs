//! What a master and its workers use when there is nothing to do.

use super::remote::RemoteMaster;
use crate::conditions::Conditions;
use crate::figure::Figure;
use crate::processes::cpu_time;
use crate::sample::Sample;
use crate::work::Work;
use powerhose::JobRunner;
use std::thread;
use std::time::{Duration, Instant};

/// So many windows: heartbeats, one a second, must neither be missed nor make the most of it.
const WINDOWS: u32 = 5;
const CALLS: usize = 100;

/// The share of a core that master and workers use, after they have had something to do.
pub(crate) fn idle(conditions: &Conditions) -> anyhow::Result<Sample> {
    let master = RemoteMaster::start(Work::Echo, conditions.workers)?;
    let client = JobRunner::connect(&master.endpoint)?;
    for _ in 0..CALLS {
        client.execute(b"payload")?;
    }
    drop(client);
    thread::sleep(conditions.warm_up);
    let used = || master.pids.iter().map(|pid| cpu_time(*pid)).sum::<Result<Duration, _>>();
    let (before, begin) = (used()?, Instant::now());
    thread::sleep(conditions.window * WINDOWS);
    let share = (used()? - before).as_secs_f64() / begin.elapsed().as_secs_f64();
    Ok(Sample::default().with(Figure::CpuShare, share * 100.0))
}
