//! The desk and its dispatcher alone, between workers and callers that exist as numbers only: what it needs for a job, whatever the
//! number of workers and of jobs that wait.

use crate::conditions::Conditions;
use crate::figure::Figure;
use crate::measure::Results;
use crate::sample::Sample;
use crate::work::thread_time;
use anyhow::Context;
use bytes::Bytes;
use powerhose::desk::{Action, Clock, Desk, Event, Identity, Repeat, Route, Submission};
use powerhose::{Headers, Settings};
use powerhose_protocol::{
    DEFAULT_POOL, Hello, MAGIC, Message, MessageHeaders, NamedValues, PoolOffer, ROLE_WORKER, Register,
    Replies, ReplyEntry, VERSION_MAX, VERSION_MIN, WorkerEnd, decode,
};
use std::collections::VecDeque;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Messages that are taken in together, as a loop under load does it.
const TURN: usize = 64;
const PAYLOAD_BYTES: usize = 64;
/// So long that a worker gets one job at a time, and every job is a message and its reply another: the dearest case.
const RUN: Duration = Duration::from_millis(5);
/// How much the desk's clock moves for a job.
const TIME_FOR_A_JOB: Duration = Duration::from_nanos(500);
/// No job times out, and no worker is missed.
const NEVER: Duration = Duration::from_secs(100_000);
/// Jobs that valgrind looks at.
const JOBS_COUNTED: usize = 10_000;

/// A desk whose workers are all busy, while so many jobs wait.
pub struct Exchange {
    desk: Desk,
    now: Instant,
    calls: u64,
    /// Messages with jobs that their workers have not answered.
    unanswered: VecDeque<(Route, Vec<u8>)>,
    actions: Vec<Action>,
    ended: u64,
}

/// What a turn takes in.
enum Input {
    Submit(u64, Submission),
    Replies { route: Route, header: Vec<u8>, payloads: Vec<Bytes> },
}

impl Exchange {
    /// With so many workers, and so many jobs beyond those that they have.
    pub fn new(workers: usize, waiting: usize) -> Exchange {
        let mut settings = Settings::default();
        settings.workers_max = workers.max(settings.workers_max);
        settings.queue_jobs_max = usize::MAX;
        settings.queue_bytes_max = usize::MAX;
        settings.silence_max = NEVER;
        let identity = Identity { pid: std::process::id(), host: "host".to_owned() };
        let now = Instant::now();
        let desk = Desk::new(settings, identity, 1, now);
        let (unanswered, actions) = (VecDeque::new(), Vec::new());
        let mut exchange = Exchange { desk, now, calls: 0, unanswered, actions, ended: 0 };
        (0..workers as u64).for_each(|number| exchange.register(Route::new(0, number)));
        for submitted in (0..workers + waiting).step_by(TURN) {
            let jobs = TURN.min(workers + waiting - submitted);
            let inputs = (0..jobs).map(|_| exchange.submission()).collect();
            exchange.decide(inputs);
            exchange.sort_out();
        }
        exchange
    }

    /// Lets as many workers as take part in a turn answer, and as many callers submit another job. Gives the number of
    /// jobs that ended, and how much of the processor the desk used.
    pub fn turn(&mut self) -> (u64, Duration) {
        let inputs = self.inputs();
        let (ended, begin) = (self.ended, thread_time());
        self.counted(inputs);
        let took = thread_time() - begin;
        self.sort_out();
        (self.ended - ended, took)
    }

    fn inputs(&mut self) -> Vec<Input> {
        let messages = self.unanswered.len().min(TURN);
        let messages: Vec<_> = self.unanswered.drain(..messages).collect();
        let mut inputs: Vec<Input> =
            messages.into_iter().map(|(route, header)| answer(route, &header)).collect();
        let jobs: usize = inputs.iter().map(Input::jobs).sum();
        inputs.extend((0..jobs).map(|_| self.submission()));
        self.now += TIME_FOR_A_JOB * jobs as u32;
        inputs
    }

    /// What valgrind looks at, and nothing else.
    #[inline(never)]
    fn counted(&mut self, inputs: Vec<Input>) {
        self.decide(inputs);
    }

    fn decide(&mut self, inputs: Vec<Input>) {
        for input in inputs {
            match input {
                Input::Submit(call, submission) => {
                    self.desk.handle(self.now, Event::Submit { call, submission });
                }
                Input::Replies { route, header, mut payloads } => {
                    let event = Event::Received { route, header: &header, payloads: &mut payloads };
                    self.desk.handle(self.now, event);
                }
            }
        }
        self.desk.handle_timeout(self.now);
        while let Some(action) = self.desk.poll_action() {
            self.actions.push(action);
        }
    }

    fn sort_out(&mut self) {
        for action in self.actions.drain(..) {
            if let Action::Complete { .. } = action {
                self.ended += 1;
            } else if let Action::Send { route, header, payloads } = action
                && !payloads.is_empty()
            {
                self.unanswered.push_back((route, header));
            }
        }
    }

    fn submission(&mut self) -> Input {
        self.calls += 1;
        let submission = Submission {
            pool: DEFAULT_POOL.into(),
            payload: Bytes::from(vec![0; PAYLOAD_BYTES]),
            headers: Headers::default(),
            timeout: Some(NEVER),
            attempts_max: None,
            clock: Clock::FromSubmission,
            repeat: Repeat::Allowed,
        };
        Input::Submit(self.calls, submission)
    }

    fn register(&mut self, route: Route) {
        let hello = Hello {
            magic: MAGIC,
            version_min: VERSION_MIN,
            version_max: VERSION_MAX,
            role: ROLE_WORKER,
            software: "powerhose-bench",
            nonce: None,
        };
        let welcome = self.say(route, hello.into());
        let session = welcome.as_deref().and_then(|header| decode(header, 0).ok()?.session());
        let register = Register {
            session: session.expect("a master welcomes every worker up to its bound"),
            pools: vec![PoolOffer { pool: DEFAULT_POOL, credit_max: 64 }],
            pid: route.number,
            host: "another-host",
            instance: "00112233445566778899aabbccddeeff",
            attentive: true,
            labels: NamedValues::default(),
        };
        self.say(route, register.into());
    }

    /// Gives the header of the first answer.
    fn say(&mut self, route: Route, message: Message<'_>) -> Option<Vec<u8>> {
        let event = Event::Received { route, header: &message.encode(), payloads: &mut Vec::new() };
        self.desk.handle(self.now, event);
        let mut answer = None;
        while let Some(action) = self.desk.poll_action() {
            if let Action::Send { header, .. } = action {
                answer.get_or_insert(header);
            }
        }
        answer
    }
}

impl Input {
    fn jobs(&self) -> usize {
        match self {
            Input::Submit(..) => 0,
            Input::Replies { payloads, .. } => payloads.len(),
        }
    }
}

/// What a worker answers to a message with jobs.
fn answer(route: Route, header: &[u8]) -> Input {
    // The number of payload frames is that of the jobs, which only the header tells here.
    let jobs = (1..=TURN).find_map(|frames| match decode(header, frames) {
        Ok(Message::Jobs(jobs)) => Some(jobs),
        _ => None,
    });
    let jobs = jobs.expect("the desk sends payloads with jobs only");
    let replies = jobs.jobs.iter().map(|job| ReplyEntry {
        job: job.job,
        attempt: job.attempt,
        end: WorkerEnd::Done,
        run_us: RUN.as_micros() as u64,
        code: "",
        text: "",
        headers: MessageHeaders::default(),
    });
    let replies = Replies { session: jobs.session, replies: replies.collect() };
    let payloads = vec![Bytes::from(vec![0; PAYLOAD_BYTES]); replies.replies.len()];
    Input::Replies { route, header: Message::from(replies).encode(), payloads }
}

/// Nanoseconds that a job takes.
pub(crate) fn measure(workers: usize, waiting: usize, conditions: &Conditions) -> anyhow::Result<Sample> {
    let mut exchange = Exchange::new(workers, waiting);
    let (mut jobs, mut took) = (0, Duration::ZERO);
    // It depends on nobody else, and there are many of it.
    let window = conditions.window / 4;
    let begin = Instant::now();
    let mut warm = false;
    while begin.elapsed() < window {
        let (ended, turn) = exchange.turn();
        anyhow::ensure!(ended > 0, "the desk does not go on");
        if warm {
            (jobs, took) = (jobs + ended, took + turn);
        }
        // Every worker has had another job by then, or caches are warm anyway.
        warm |= begin.elapsed() > window / 5;
    }
    anyhow::ensure!(jobs > 0, "not one job ended in {:?}", conditions.window);
    Ok(Sample::default().with(Figure::TimePerJob, took.as_nanos() as f64 / jobs as f64))
}

/// The role that valgrind looks at.
pub(crate) fn play(workers: usize, waiting: usize, jobs: usize) {
    let mut exchange = Exchange::new(workers, waiting);
    let mut ended = 0;
    while ended < jobs as u64 {
        ended += exchange.turn().0;
    }
}

/// Adds the instructions of a job to every measurement of the desk, as valgrind counts them: most virtual machines
/// have no counters for them.
pub(crate) fn count_instructions(results: &mut Results) -> anyhow::Result<()> {
    for (contender, workers, waiting) in crate::loads::DISPATCHERS {
        if results.values(contender, Figure::TimePerJob).is_empty() {
            continue;
        }
        results.add(contender.name, Figure::InstructionsPerJob, instructions(*workers, *waiting)?);
    }
    Ok(())
}

/// Instructions that a job takes in [`Exchange::counted`].
fn instructions(workers: usize, waiting: usize) -> anyhow::Result<f64> {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null", "--toggle-collect=*growth*counted*"])
        .arg(std::env::current_exe()?)
        .arg("dispatcher")
        .args([workers, waiting, JOBS_COUNTED].map(|number| number.to_string()))
        .stdin(Stdio::null())
        .output()
        .context("cannot start valgrind")?;
    let text = String::from_utf8_lossy(&output.stderr);
    let collected = text.lines().find_map(|line| line.split_once("Collected :"));
    let collected = collected.with_context(|| format!("valgrind did not count instructions: {text}"))?;
    Ok(collected.1.trim().parse::<f64>()? / JOBS_COUNTED as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_jobs_end_as_workers_answer_and_as_many_wait_as_before() {
        let mut exchange = Exchange::new(10, 5);
        assert_eq!(exchange.unanswered.len(), 10);
        for turn in 1..=20 {
            assert_eq!(exchange.turn().0, 10);
            assert_eq!(exchange.unanswered.len(), 10);
            assert_eq!(exchange.calls, 15 + turn * 10);
        }
    }
}
