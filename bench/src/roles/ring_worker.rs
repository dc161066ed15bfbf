//! Answers what comes through shared memory, one job after the other.

use crate::floors::rings::answer;
use crate::work::{HmacChain, Work, spin, sum};
use std::path::Path;

pub(super) fn play(work: Work, memory: &Path, job_bytes: usize, reply_bytes: usize) -> anyhow::Result<()> {
    let chain = HmacChain::new();
    answer(memory, job_bytes, reply_bytes, |job, reply| match work {
        Work::Echo | Work::EchoLarge => reply(job),
        Work::Sum => reply(&sum(job)),
        Work::Hmac => reply(&chain.run(job)),
        Work::Spin => {
            spin(job);
            reply(&[]);
        }
    })
}
