//! The client, with the master in its process.

use crate::load::Load;
use crate::processor;
use anyhow::ensure;
use powerhose::{Cluster, Job, JobError, JobRunner, Reply};
use std::path::Path;
use std::sync::mpsc;
use std::time::{Duration, Instant};

pub(crate) struct Measured {
    /// Of W1 the median of a call in microseconds, of the others jobs a second.
    pub(crate) figure: f64,
    /// Of all processes.
    pub(crate) processor_ns_per_job: f64,
}

/// Starts the workers, lets it get warm for half the time, and measures.
pub(crate) fn measure(load: Load, window: Duration, program: &Path) -> anyhow::Result<Measured> {
    let cluster = Cluster::builder(program).args(["worker", load.name()]).workers(load.workers()).start()?;
    let runner = cluster.runner();
    let mut calls = Calls { load, runner: &runner, payload: vec![7; load.payload_bytes()] };
    calls.run(window / 2)?;
    let processes = cluster.pids();
    let used = || -> Duration {
        processes.iter().map(|id| processor::of_process(*id)).sum::<Duration>() + processor::of_this_process()
    };
    let before = used();
    let (figure, jobs) = calls.run(window)?;
    let processor = used() - before;
    Ok(Measured { figure, processor_ns_per_job: processor.as_nanos() as f64 / jobs as f64 })
}

struct Calls<'r> {
    load: Load,
    runner: &'r JobRunner,
    payload: Vec<u8>,
}

impl Calls<'_> {
    fn run(&mut self, window: Duration) -> anyhow::Result<(f64, u64)> {
        match self.load {
            Load::W1 => self.one_by_one(window),
            Load::W2 | Load::W3 | Load::W4 => self.keep_in_flight(window),
            Load::Many => self.many(window),
        }
    }

    fn job(&self) -> Job {
        Job::new(self.payload.clone())
    }

    fn check(&self, result: Result<Reply, JobError>) -> anyhow::Result<()> {
        let reply = result?;
        // Of large ones not each byte: comparing is no part of it.
        ensure!(
            reply.len() == self.payload.len() && reply.last() == self.payload.last(),
            "the reply is wrong"
        );
        Ok(())
    }

    fn one_by_one(&self, window: Duration) -> anyhow::Result<(f64, u64)> {
        let begun = Instant::now();
        let mut times = Vec::new();
        while begun.elapsed() < window {
            let before = Instant::now();
            self.check(self.runner.execute_reply(self.job()))?;
            times.push(before.elapsed());
        }
        times.sort_unstable();
        Ok((times[times.len() / 2].as_nanos() as f64 / 1000.0, times.len() as u64))
    }

    fn keep_in_flight(&self, window: Duration) -> anyhow::Result<(f64, u64)> {
        let (ended, ends) = mpsc::channel();
        let submit = || {
            let ended = ended.clone();
            self.runner.submit(self.job()).on_end(move |result| {
                // Nobody takes the last ones.
                let _ = ended.send(result);
            });
        };
        (0..self.load.in_flight()).for_each(|_| submit());
        let (begun, mut jobs) = (Instant::now(), 0);
        while begun.elapsed() < window {
            self.check(ends.recv()?)?;
            jobs += 1;
            submit();
        }
        let rate = jobs as f64 / begun.elapsed().as_secs_f64();
        for _ in 0..self.load.in_flight() {
            self.check(ends.recv()?)?;
        }
        Ok((rate, jobs))
    }

    fn many(&self, window: Duration) -> anyhow::Result<(f64, u64)> {
        let (begun, mut jobs) = (Instant::now(), 0);
        let source = std::iter::from_fn(|| (begun.elapsed() < window).then(|| self.job()));
        for result in self.runner.execute_many(source) {
            self.check(result)?;
            jobs += 1;
        }
        Ok((jobs as f64 / begun.elapsed().as_secs_f64(), jobs))
    }
}
