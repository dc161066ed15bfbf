//! A job as a test describes it, for whichever client it is given to.

use std::time::Duration;

/// What every face of a client takes with a job. It becomes a [`powerhose::Job`], or a line for a client program.
#[derive(Clone, Debug)]
pub(crate) struct Job {
    pub(super) payload: Vec<u8>,
    pub(super) pool: Option<String>,
    pub(super) time: Option<Time>,
    pub(super) headers: Vec<(String, Vec<u8>)>,
    pub(super) once: bool,
    pub(super) attempts_max: Option<u32>,
}

/// How long it may take, and from when on.
#[derive(Clone, Copy, Debug)]
pub(super) enum Time {
    Whole(Duration),
    Run(Duration),
}

/// A job whose handler does this with this.
pub(crate) fn job(command: &str, operand: &str) -> Job {
    Job::new(operand).header("do", command)
}

impl Job {
    pub(crate) fn new(payload: impl AsRef<[u8]>) -> Job {
        let payload = payload.as_ref().to_vec();
        Job { payload, pool: None, time: None, headers: Vec::new(), once: false, attempts_max: None }
    }

    pub(crate) fn pool(mut self, pool: &str) -> Job {
        self.pool = Some(pool.to_owned());
        self
    }

    pub(crate) fn timeout(mut self, timeout: Duration) -> Job {
        self.time = Some(Time::Whole(timeout));
        self
    }

    pub(crate) fn run_timeout(mut self, timeout: Duration) -> Job {
        self.time = Some(Time::Run(timeout));
        self
    }

    pub(crate) fn header(mut self, name: impl Into<String>, value: impl AsRef<[u8]>) -> Job {
        self.headers.push((name.into(), value.as_ref().to_vec()));
        self
    }

    pub(crate) fn once(mut self) -> Job {
        self.once = true;
        self
    }

    pub(crate) fn attempts_max(mut self, attempts: u32) -> Job {
        self.attempts_max = Some(attempts);
        self
    }

    pub(crate) fn end_within(self, grace: Duration) -> Job {
        self.header(powerhose_protocol::END_WITHIN_HEADER, grace.as_millis().to_string())
    }

    pub(super) fn with_payload(&self, payload: Vec<u8>) -> Job {
        Job { payload, ..self.clone() }
    }
}

impl<P: AsRef<[u8]>> From<P> for Job {
    fn from(payload: P) -> Job {
        Job::new(payload)
    }
}

impl From<Job> for powerhose::Job {
    fn from(job: Job) -> powerhose::Job {
        let mut made = powerhose::Job::new(job.payload);
        if let Some(pool) = job.pool {
            made = made.pool(pool);
        }
        made = match job.time {
            Some(Time::Whole(timeout)) => made.timeout(timeout),
            Some(Time::Run(timeout)) => made.run_timeout(timeout),
            None => made,
        };
        made = job.headers.into_iter().fold(made, |made, (name, value)| made.header(name, value));
        if job.once {
            made = made.once();
        }
        match job.attempts_max {
            Some(attempts) => made.attempts_max(attempts),
            None => made,
        }
    }
}
