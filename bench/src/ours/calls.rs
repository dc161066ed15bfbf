//! Every way to call, with the master in this process.

use super::{start, start_at};
use crate::callers::{
    Lane, at_fixed_rate, awaited_round_trips, keep_in_flight, keep_tasks, round_trips, throughput,
};
use crate::conditions::Conditions;
use crate::sample::Sample;
use crate::work::{LARGE_BYTES, Work};
use bytes::Bytes;
use powerhose::{Job, JobError, JobRunner, Reply};
use std::future::ready;
use std::sync::Arc;

/// A port that the system chooses.
const LOOPBACK: &str = "tcp://127.0.0.1:0";

/// One caller, one call at a time.
pub(crate) fn round_trip(conditions: &Conditions) -> anyhow::Result<Sample> {
    let cluster = start(Work::Echo, 1)?;
    lone_caller(conditions, &cluster.runner(), &cluster.pids())
}

/// The same over loopback TCP.
pub(crate) fn tcp_round_trip(conditions: &Conditions) -> anyhow::Result<Sample> {
    let cluster = start_at(LOOPBACK, Work::Echo, 1)?;
    lone_caller(conditions, &cluster.runner(), &cluster.pids())
}

/// The same with `submit`, awaited.
pub(crate) fn awaited_round_trip(conditions: &Conditions) -> anyhow::Result<Sample> {
    let cluster = start(Work::Echo, 1)?;
    let (runner, exchange) = (cluster.runner(), Exchange::new(Work::Echo, conditions));
    awaited_round_trips(conditions, &cluster.pids(), || {
        let handle = runner.submit(exchange.job());
        async { exchange.check(handle.await) }
    })
}

pub(super) fn lone_caller(
    conditions: &Conditions,
    runner: &JobRunner,
    processes: &[u32],
) -> anyhow::Result<Sample> {
    let payload = Work::Echo.payload(conditions.payload_bytes);
    round_trips(conditions, processes, || {
        let reply = runner.execute(&payload)?;
        anyhow::ensure!(reply == payload, "the reply is wrong");
        Ok(())
    })
}

/// Futures on one thread.
pub(crate) fn submit(work: Work, in_flight: usize, conditions: &Conditions) -> anyhow::Result<Sample> {
    let cluster = start(work, conditions.workers)?;
    futures(work, in_flight, conditions, &cluster.runner(), &cluster.pids())
}

/// The same over loopback TCP.
pub(crate) fn tcp_submit(in_flight: usize, conditions: &Conditions) -> anyhow::Result<Sample> {
    let cluster = start_at(LOOPBACK, Work::Echo, conditions.workers)?;
    futures(Work::Echo, in_flight, conditions, &cluster.runner(), &cluster.pids())
}

pub(super) fn futures(
    work: Work,
    in_flight: usize,
    conditions: &Conditions,
    runner: &JobRunner,
    processes: &[u32],
) -> anyhow::Result<Sample> {
    let exchange = Exchange::new(work, conditions);
    let lane: Lane<'_> = Box::new(|tally| {
        keep_in_flight(in_flight, tally, || runner.submit(exchange.job()), |reply| exchange.check(reply))?;
        Ok(None)
    });
    throughput(conditions, processes, vec![lane])
}

/// Tasks of a tokio runtime.
pub(crate) fn submit_tasks(work: Work, in_flight: usize, conditions: &Conditions) -> anyhow::Result<Sample> {
    let cluster = start(work, conditions.workers)?;
    let (runner, exchange) = (cluster.runner(), Arc::new(Exchange::new(work, conditions)));
    let call = move || {
        let (handle, exchange) = (runner.submit(exchange.job()), exchange.clone());
        async move { exchange.check(handle.await) }
    };
    let lane: Lane<'_> = Box::new(|tally| keep_tasks(in_flight, conditions, tally, call).map(|()| None));
    throughput(conditions, &cluster.pids(), vec![lane])
}

/// Blocking threads.
pub(crate) fn execute(work: Work, threads: usize, conditions: &Conditions) -> anyhow::Result<Sample> {
    let cluster = start(work, conditions.workers)?;
    let (runner, exchange) = (cluster.runner(), Exchange::new(work, conditions));
    let lane = || -> Lane<'_> {
        Box::new(|tally| {
            while !tally.is_over() {
                let reply = runner.execute(exchange.job())?;
                anyhow::ensure!(reply == exchange.expected, "the reply is wrong");
                tally.add(1);
            }
            Ok(None)
        })
    };
    throughput(conditions, &cluster.pids(), (0..threads).map(|_| lane()).collect())
}

/// A fixed rate, latencies from the intended start.
pub(crate) fn open_loop(conditions: &Conditions) -> anyhow::Result<Sample> {
    let cluster = start(Work::Echo, conditions.workers)?;
    let (runner, exchange) = (cluster.runner(), Exchange::new(Work::Echo, conditions));
    let lane: Lane<'_> = Box::new(|tally| {
        let submit = || runner.submit(exchange.job());
        at_fixed_rate(conditions, tally, submit, |reply| exchange.check(reply)).map(Some)
    });
    throughput(conditions, &cluster.pids(), vec![lane])
}

/// The same with nothing behind it: what keeping the rate costs by itself.
pub(crate) fn pacing(conditions: &Conditions) -> anyhow::Result<Sample> {
    let lane: Lane<'_> =
        Box::new(|tally| at_fixed_rate(conditions, tally, || ready(()), |()| Ok(())).map(Some));
    throughput(conditions, &[], vec![lane])
}

/// A payload and what must come back for it.
struct Exchange {
    payload: Bytes,
    expected: Vec<u8>,
}

impl Exchange {
    fn new(work: Work, conditions: &Conditions) -> Exchange {
        let payload = work.payload(conditions.payload_bytes);
        Exchange { expected: work.reply(&payload), payload: payload.into() }
    }

    /// A small payload is a new one each time, as it is in a web service: a shared one would make callers and master
    /// fight over its reference count.
    fn job(&self) -> Job {
        if self.payload.len() < LARGE_BYTES {
            Job::new(self.payload.to_vec())
        } else {
            Job::new(self.payload.clone())
        }
    }

    fn check(&self, reply: Result<Reply, JobError>) -> anyhow::Result<()> {
        anyhow::ensure!(reply?.as_ref() == self.expected, "the reply is wrong");
        Ok(())
    }
}
