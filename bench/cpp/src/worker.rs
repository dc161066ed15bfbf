//! The worker, as anybody would write it.

use crate::load::Load;
use crate::processor;
use powerhose::worker::{Job, Reply, Worker};
use std::time::Duration;

const SPIN: Duration = Duration::from_micros(88);

pub(crate) fn work(load: Load) -> anyhow::Result<()> {
    let worker = Worker::from_env()?;
    match load {
        Load::W1 | Load::W2 | Load::Many | Load::W4 => {
            worker.run(|job: &Job| Ok(Reply::from(job.payload())))?;
        }
        Load::W3 => worker.run(|job: &Job| {
            let end = processor::of_this_thread() + SPIN;
            while processor::of_this_thread() < end {}
            Ok(Reply::from(job.payload()))
        })?,
    }
    Ok(())
}
