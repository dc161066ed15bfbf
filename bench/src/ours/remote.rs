//! The same calls to a master in another process.

use super::calls::{futures, lone_caller};
use crate::conditions::Conditions;
use crate::processes::{Child, socket_endpoint};
use crate::sample::Sample;
use crate::work::Work;
use powerhose::JobRunner;

/// A master in a process of its own, with its workers.
pub(super) struct RemoteMaster {
    pub(super) endpoint: String,
    /// Master and workers.
    pub(super) pids: Vec<u32>,
    _child: Child,
}

impl RemoteMaster {
    pub(super) fn start(work: Work, workers: usize) -> anyhow::Result<RemoteMaster> {
        let endpoint = socket_endpoint()?;
        let mut child = Child::start(&["master", &endpoint, work.name(), &workers.to_string()])?;
        let answer = child.answer()?;
        let mut pids = answer.split_whitespace().map(str::parse).collect::<Result<Vec<u32>, _>>()?;
        pids.push(child.pid());
        Ok(RemoteMaster { endpoint, pids, _child: child })
    }
}

/// One caller, one call at a time.
pub(crate) fn remote_round_trip(conditions: &Conditions) -> anyhow::Result<Sample> {
    let master = RemoteMaster::start(Work::Echo, 1)?;
    lone_caller(conditions, &JobRunner::connect(&master.endpoint)?, &master.pids)
}

/// Futures on one thread.
pub(crate) fn remote_submit(in_flight: usize, conditions: &Conditions) -> anyhow::Result<Sample> {
    let master = RemoteMaster::start(Work::Echo, conditions.workers)?;
    let runner = JobRunner::connect(&master.endpoint)?;
    futures(Work::Echo, in_flight, conditions, &runner, &master.pids)
}
