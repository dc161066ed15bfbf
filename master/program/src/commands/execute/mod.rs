//! `powerhose execute`: sends a job, or one for each line of its input, and prints the replies.

mod lines;

use crate::connection::{client, connect_failure, knock};
use crate::exit::{Exit, Failure, Outcome};
use crate::options::common::CommonOptions;
use crate::options::values::{Pair, duration, pool};
use crate::print;
use clap::Args;
use powerhose::{DEFAULT_POOL, Job, JobError, JobErrorKind};
use std::fs;
use std::io::{self, IsTerminal, Read};
use std::time::Duration;

/// How long a master that is there has to answer.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Flags of `execute`.
#[derive(Args, Debug)]
pub(crate) struct ExecuteOptions {
    /// The payload: a text, `-` for standard input, or `@FILE` for a file's bytes. Default: `-`.
    payload: Option<String>,
    /// Sends one job for each line of standard input (or of `@FILE`), many at once, and prints one line for each reply,
    /// in the order of the input; an empty one for a job that has none (see --lines-failed).
    #[arg(long)]
    lines: bool,
    /// With --lines: what is printed for a job that has no reply, so that it does not look like one whose reply is empty.
    #[arg(long, value_name = "TEXT", requires = "lines", default_value = "", hide_default_value = true)]
    lines_failed: String,
    /// Which workers can run it.
    #[arg(long, value_name = "POOL", value_parser = pool, default_value = DEFAULT_POOL)]
    pool: String,
    /// How long to wait for the reply; with --lines, how long a worker may take for a job once it has it. Default: 5s.
    #[arg(long, value_name = "TIME", value_parser = duration)]
    timeout: Option<Duration>,
    /// With --lines: how long to wait for each reply from when its job is sent, whether a worker has it or not.
    #[arg(long, value_name = "TIME", value_parser = duration, requires = "lines", conflicts_with = "timeout")]
    job_timeout: Option<Duration>,
    /// A header for the worker; may be given several times.
    #[arg(long, value_name = "NAME=VALUE")]
    header: Vec<Pair>,
    /// Never runs it a second time, also if its worker dies.
    #[arg(long)]
    once: bool,
    /// How many workers may die with it before it ends as lost. Default: the master's.
    #[arg(long, value_name = "N")]
    attempts_max: Option<u32>,
    /// How long the master has to answer when this connects, also one that is yet to come. Default: 5s, if there is one.
    #[arg(long, value_name = "TIME", value_parser = duration)]
    connect_timeout: Option<Duration>,
    /// Jobs of --lines that are under way, or whose replies wait for their turn, at most. Never more are under way than the
    /// workers need.
    #[arg(long, value_name = "N", default_value_t = 256, value_parser = clap::value_parser!(u32).range(1..=65536))]
    in_flight: u32,
}

impl ExecuteOptions {
    /// A job of --lines: waiting for a worker does not count, unless that was asked for.
    fn batch_job(&self, payload: Vec<u8>) -> Job {
        let job = self.job(payload);
        match (self.timeout, self.job_timeout) {
            (_, Some(timeout)) => job.timeout(timeout),
            (Some(timeout), None) => job.run_timeout(timeout),
            (None, None) => job,
        }
    }

    fn job(&self, payload: Vec<u8>) -> Job {
        let mut job = Job::new(payload).pool(&self.pool);
        for Pair { name, value } in &self.header {
            job = job.header(name, value);
        }
        if let Some(timeout) = self.timeout {
            job = job.timeout(timeout);
        }
        if let Some(attempts) = self.attempts_max {
            job = job.attempts_max(attempts);
        }
        if self.once { job.once() } else { job }
    }
}

/// Sends what there is to send.
pub(super) fn execute(common: &CommonOptions, options: ExecuteOptions) -> Outcome {
    // What is to be sent is read first, and what is wrong with it found before anybody is bothered.
    let input = Input::open(&options)?;
    let client = client(common)?;
    if options.connect_timeout.is_none() {
        knock(common)?;
    }
    let runner = client
        .connect_timeout(options.connect_timeout.unwrap_or(CONNECT_TIMEOUT))
        .connect()
        .map_err(|error| connect_failure(&error))?;
    match input {
        Input::Payload(payload) => match runner.submit(options.job(payload)).wait() {
            Ok(reply) => print::reply(&reply),
            Err(error) => Err(Failure::new(exit(&error), error)),
        },
        Input::Lines(input) => lines::execute(&runner, options, input),
    }
}

enum Input {
    Payload(Vec<u8>),
    Lines(Box<dyn Read + Send>),
}

impl Input {
    fn open(options: &ExecuteOptions) -> Result<Input, Failure> {
        let file = options.payload.as_deref().and_then(|payload| payload.strip_prefix('@'));
        let cannot_read = |what: &str| {
            let action = format!("read {what}");
            move |error| Failure::system(&action, error)
        };
        Ok(match (options.payload.as_deref(), file) {
            (_, Some(file)) if options.lines => {
                Input::Lines(Box::new(fs::File::open(file).map_err(cannot_read(file))?))
            }
            (None | Some("-"), _) if options.lines => {
                if io::stdin().is_terminal() {
                    print::complaint("reading jobs from the terminal, one a line: Ctrl-D ends them");
                }
                Input::Lines(Box::new(io::stdin()))
            }
            (Some(_), _) if options.lines => {
                return Err(Failure::new(
                    Exit::Usage,
                    "--lines takes its jobs from standard input or from @FILE",
                ));
            }
            (_, Some(file)) => Input::Payload(fs::read(file).map_err(cannot_read(file))?),
            (None | Some("-"), _) => {
                if io::stdin().is_terminal() {
                    print::complaint("reading the payload from the terminal: Ctrl-D ends it");
                }
                let mut payload = Vec::new();
                io::stdin().read_to_end(&mut payload).map_err(cannot_read("standard input"))?;
                Input::Payload(payload)
            }
            (Some(text), _) => Input::Payload(text.as_bytes().to_vec()),
        })
    }
}

/// The exit status for a job without a reply.
fn exit(error: &JobError) -> Exit {
    match error.kind() {
        JobErrorKind::Failed { .. } => Exit::JobFailed,
        JobErrorKind::TimedOut => Exit::JobTimedOut,
        JobErrorKind::Cancelled => Exit::JobCancelled,
        JobErrorKind::Lost(_) => Exit::JobLost,
        JobErrorKind::Rejected(_) if error.is_overload() => Exit::JobOverload,
        _ => Exit::JobRejected,
    }
}
