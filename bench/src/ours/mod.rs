//! Powerhose through its public API, at default settings: masters in this process and in another, and every way to call.

mod calls;
mod idle;
mod memory;
mod mixed;
mod remote;

pub(crate) use calls::{
    awaited_round_trip, execute, open_loop, pacing, round_trip, submit, submit_tasks, tcp_round_trip,
    tcp_submit,
};
pub(crate) use idle::idle;
pub(crate) use memory::{libzmq_connection, waiting_job, worker_registration};
pub(crate) use mixed::{fifo, mixed};
pub(crate) use remote::{remote_round_trip, remote_submit};

use crate::processes::socket_endpoint;
use crate::work::Work;
use powerhose::Cluster;

/// A master in this process and workers of this program.
fn start(work: Work, workers: usize) -> anyhow::Result<Cluster> {
    start_at(&socket_endpoint()?, work, workers)
}

/// The same, listening on this endpoint.
pub(crate) fn start_at(endpoint: &str, work: Work, workers: usize) -> anyhow::Result<Cluster> {
    let program = std::env::current_exe()?;
    let cluster = Cluster::builder(program).args(["worker", work.name()]).workers(workers).endpoint(endpoint);
    Ok(cluster.start()?)
}
