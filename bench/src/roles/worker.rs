//! A worker of Powerhose, as anybody would write it.

use crate::work::{HmacChain, Work, spin, sum};
use powerhose_worker::{Job, Reply, Worker};

pub(super) fn play(work: Work) -> anyhow::Result<()> {
    let worker = Worker::from_env()?;
    match work {
        Work::Echo | Work::EchoLarge => worker.run(|job: &Job| Ok(Reply::from(job.payload())))?,
        Work::Sum => worker.run(|job: &Job| Ok(sum(job.payload())))?,
        Work::Hmac => {
            let chain = HmacChain::new();
            worker.run(|job: &Job| Ok(chain.run(job.payload())))?;
        }
        Work::Spin => worker.run(|job: &Job| {
            spin(job.payload());
            Ok(())
        })?,
    }
    Ok(())
}
