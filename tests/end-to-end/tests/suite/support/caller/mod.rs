//! What the tests give their jobs to: a runner of this process, or a client program in whatever language. Sentences about
//! clients hold with both.

mod failed;
mod line;
mod program;

pub(crate) use failed::Failed;
pub(crate) use program::ClientProgram;

use super::Job;
use line::Line;
use powerhose::{JobHandle, JobRunner, JobsLost, Reply};
use program::ProgramCall;
use std::ops::Deref;
use std::time::Duration;

#[derive(Clone)]
pub(crate) enum Caller {
    Own(JobRunner),
    Program(ClientProgram),
}

impl Caller {
    /// In the way in which a caller blocks until the reply is there.
    #[track_caller]
    pub(crate) fn execute(&self, job: impl Into<Job>) -> Result<Vec<u8>, Failed> {
        match self {
            Caller::Own(runner) => runner.execute(job.into()).map_err(Failed::from),
            Caller::Program(program) => program.execute(&job.into()).wait().map(Done::into_vec),
        }
    }

    /// In the way in which a caller goes on with something else.
    #[track_caller]
    pub(crate) fn submit(&self, job: impl Into<Job>) -> Call {
        match self {
            Caller::Own(runner) => Call::Own(runner.submit(job.into())),
            Caller::Program(program) => Call::Program(program.submit(&job.into())),
        }
    }

    /// Many jobs that differ only in their payloads, and what comes of them, in their order.
    #[track_caller]
    pub(crate) fn execute_many(
        &self,
        like: &Job,
        payloads: impl Iterator<Item = Vec<u8>>,
    ) -> Vec<Result<Vec<u8>, Failed>> {
        match self {
            Caller::Own(runner) => runner
                .execute_many(payloads.map(|payload| like.with_payload(payload)))
                .map(|result| result.map(Reply::into_vec).map_err(Failed::from))
                .collect(),
            Caller::Program(program) => {
                let calls = program.execute_many(like, payloads);
                calls.into_iter().map(|call| call.wait().map(Done::into_vec)).collect()
            }
        }
    }

    /// The client program.
    #[track_caller]
    pub(crate) fn program(&self) -> &ClientProgram {
        match self {
            Caller::Own(_) => panic!("the setup has none"),
            Caller::Program(program) => program,
        }
    }

    #[track_caller]
    pub(crate) fn close(&self, drain_timeout: Duration) -> Result<(), JobsLost> {
        match self {
            Caller::Own(runner) => runner.close(drain_timeout),
            Caller::Program(program) => program.close(drain_timeout),
        }
    }

    /// Whether so many workers are registered within this time.
    #[track_caller]
    pub(crate) fn has_workers(&self, wanted: usize, within: Duration) -> bool {
        match self {
            Caller::Own(runner) => runner.wait_for_workers(wanted, within).is_ok(),
            Caller::Program(program) => program.has_workers(wanted, within),
        }
    }
}

/// A job that was submitted.
pub(crate) enum Call {
    Own(JobHandle),
    Program(ProgramCall),
}

impl Call {
    #[track_caller]
    pub(crate) fn wait(self) -> Result<Done, Failed> {
        match self {
            Call::Own(handle) => handle.wait().map(Done::from).map_err(Failed::from),
            Call::Program(call) => call.wait(),
        }
    }

    pub(crate) fn has_ended(&self) -> bool {
        match self {
            Call::Own(handle) => handle.has_ended(),
            Call::Program(call) => call.has_ended(),
        }
    }

    pub(crate) fn cancel(&self) {
        match self {
            Call::Own(handle) => handle.cancel(),
            Call::Program(call) => call.cancel(),
        }
    }
}

/// A reply.
#[derive(Clone, Debug)]
pub(crate) struct Done {
    payload: Vec<u8>,
    headers: Vec<(String, Vec<u8>)>,
    job: String,
    worker: u64,
    attempts: u32,
    run_time: Duration,
}

impl Done {
    pub(crate) fn into_vec(self) -> Vec<u8> {
        self.payload
    }

    pub(crate) fn headers(&self) -> &[(String, Vec<u8>)] {
        &self.headers
    }

    pub(crate) fn job(&self) -> &str {
        &self.job
    }

    pub(crate) fn worker(&self) -> u64 {
        self.worker
    }

    pub(crate) fn attempts(&self) -> u32 {
        self.attempts
    }

    pub(crate) fn run_time(&self) -> Duration {
        self.run_time
    }

    /// As a client program says it.
    fn said(line: &Line<'_>) -> Done {
        let number = |name| line.number(name).unwrap_or_else(|| panic!("it does not tell `{name}`"));
        Done {
            payload: line.bytes("payload"),
            headers: line.headers(),
            job: line.field("job").expect("it tells the job").to_owned(),
            worker: number("worker") as u64,
            attempts: number("attempts") as u32,
            run_time: Duration::from_micros(number("run_us") as u64),
        }
    }
}

impl Deref for Done {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.payload
    }
}

impl From<Reply> for Done {
    fn from(reply: Reply) -> Done {
        let headers = reply.headers().iter().map(|(name, value)| (name.to_owned(), value.to_vec()));
        Done {
            headers: headers.collect(),
            job: reply.job().to_string(),
            worker: reply.worker(),
            attempts: reply.attempts(),
            run_time: reply.run_time(),
            payload: reply.into_vec(),
        }
    }
}
