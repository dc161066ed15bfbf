//! Measures: one job at a time, and many at once, in turns, so that what disturbs the machine disturbs both.

use crate::exit::{Exit, Failure};
use hdrhistogram::Histogram;
use powerhose::{Job, JobHandle, JobRunner, Reply};
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// How often the two loads take turns.
const TURNS: u32 = 5;
/// Digits of a time that are kept.
const DIGITS: u8 = 3;

/// What is sent, and to whom.
pub(super) struct Load {
    pub(super) runner: JobRunner,
    pub(super) pool: String,
    pub(super) payloads: Vec<Vec<u8>>,
    pub(super) timeout: Duration,
    pub(super) in_flight: usize,
}

/// What came of it.
pub(super) struct Measured {
    /// Handlers' run times while nothing else ran.
    pub(super) direct: Times,
    /// What a lone caller saw.
    pub(super) alone: Times,
    /// What callers saw that had many jobs in flight.
    pub(super) together: Times,
    /// Jobs a second of those.
    pub(super) together_per_second: f64,
    /// CPU time of this process, its master included, for one of their jobs.
    pub(super) cpu_per_job: Duration,
}

/// Times in nanoseconds.
pub(super) struct Times(Histogram<u64>);

impl Times {
    fn new() -> Times {
        Times(Histogram::new(DIGITS).expect("a number of digits that it takes"))
    }

    fn add(&mut self, time: Duration) {
        // Its range grows with what it is given.
        let _ = self.0.record(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX).max(1));
    }

    pub(super) fn percentile(&self, percent: f64) -> Duration {
        Duration::from_nanos(self.0.value_at_percentile(percent))
    }

    pub(super) fn mean(&self) -> Duration {
        Duration::from_nanos(self.0.mean() as u64)
    }
}

impl Load {
    /// Measures for so long, half of it each load.
    pub(super) fn measure(&self, time: Duration) -> Result<Measured, Failure> {
        let mut warm_up = Measured::new();
        self.one_by_one(time / 10, &mut warm_up)?;
        let (mut measured, mut jobs) = (Measured::new(), 0);
        let (mut elapsed, mut cpu) = (Duration::ZERO, Duration::ZERO);
        for _ in 0..TURNS {
            self.one_by_one(time / TURNS / 2, &mut measured)?;
            let (begun, cpu_before) = (Instant::now(), cpu_time());
            jobs += self.many_at_once(time / TURNS / 2, &mut measured)?;
            elapsed += begun.elapsed();
            cpu += cpu_time().saturating_sub(cpu_before);
        }
        measured.together_per_second = jobs as f64 / elapsed.as_secs_f64();
        measured.cpu_per_job = cpu / jobs.max(1);
        Ok(measured)
    }

    fn one_by_one(&self, time: Duration, measured: &mut Measured) -> Result<(), Failure> {
        let until = Instant::now() + time;
        for payload in self.payloads.iter().cycle() {
            let begun = Instant::now();
            let reply = wait(self.submit(payload))?;
            measured.alone.add(begun.elapsed());
            measured.direct.add(reply.run_time());
            if Instant::now() >= until {
                return Ok(());
            }
        }
        Ok(())
    }

    /// How many jobs that were.
    fn many_at_once(&self, time: Duration, measured: &mut Measured) -> Result<u32, Failure> {
        let until = Instant::now() + time;
        let (mut jobs, mut sent) = (0, VecDeque::new());
        let mut payloads = self.payloads.iter().cycle();
        loop {
            while sent.len() < self.in_flight && Instant::now() < until {
                let Some(payload) = payloads.next() else { break };
                sent.push_back((Instant::now(), self.submit(payload)));
            }
            let Some((begun, handle)) = sent.pop_front() else { return Ok(jobs) };
            wait(handle)?;
            measured.together.add(begun.elapsed());
            jobs += 1;
        }
    }

    fn submit(&self, payload: &[u8]) -> JobHandle {
        self.runner.submit(Job::new(payload).pool(&self.pool).timeout(self.timeout))
    }
}

impl Measured {
    fn new() -> Measured {
        Measured {
            direct: Times::new(),
            alone: Times::new(),
            together: Times::new(),
            together_per_second: 0.0,
            cpu_per_job: Duration::ZERO,
        }
    }
}

fn wait(handle: JobHandle) -> Result<Reply, Failure> {
    handle.wait().map_err(|error| Failure::new(Exit::JobFailed, format_args!("a job has no reply: {error}")))
}

/// CPU time that this process has used.
fn cpu_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or(0))
}
