//! `token sign`: lines of claims in, tokens out in the same order, many in flight at once.
//!
//! One thread reads and submits, the main thread writes. Between them lies a bounded queue, so a slow reader
//! of our output slows the input down. Never changes the order, never stops at a bad line.

use std::io::{self, IsTerminal as _, Write};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::thread;
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use powerhose::{Batch, Job, cores};
use powerhose_example_token::claims::check_depth;
use powerhose_example_token::job::{Reply, Request};
use powerhose_example_token::program::{Handover, POOL, SigningOptions};

use crate::lines::{self, Line};

/// Jobs that wait or run for each worker: enough that none waits for the next line.
const IN_FLIGHT_PER_WORKER: usize = 16;

/// How long the workers may take to end; jobs are left only where nobody reads their tokens.
const CLOSE: Duration = Duration::from_secs(5);

#[derive(Debug, Args)]
pub(crate) struct SignOptions {
    /// Make JWTs with this algorithm (EdDSA, ES256, RS256) instead of tokenlib tokens
    #[arg(long, value_name = "NAME")]
    alg: Option<String>,
    #[command(flatten)]
    signing: SigningOptions,
}

/// What became of a line, so far.
enum Pending {
    /// A worker has it, or will: the batch has its result.
    Submitted,
    /// It cannot be signed.
    Bad(String),
}

/// Everything that ends the output early.
enum Stopped {
    /// The reader of our output is gone.
    NobodyReads,
    Failed(anyhow::Error),
}

impl From<io::Error> for Stopped {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::NobodyReads,
            _ => Self::Failed(anyhow::Error::new(error).context("cannot write to stdout")),
        }
    }
}

pub(crate) fn run(options: &SignOptions) -> anyhow::Result<ExitCode> {
    let keyring = options.signing.keyring(options.signing.secrets()?)?;
    let handover = Handover::new(&keyring.to_bytes()).context("cannot lay out the keyring")?;
    let cluster = options.signing.start_workers(&handover)?;
    let workers = options.signing.workers.map_or_else(cores, usize::from);
    let (sender, receiver) = mpsc::sync_channel(workers * IN_FLIGHT_PER_WORKER);
    let batch = Arc::new(cluster.runner().batch(workers * IN_FLIGHT_PER_WORKER));
    let (submitting, algorithm) = (batch.clone(), options.alg.clone());
    // Not joined: it may wait for input that nobody needs any more, and ends with the process.
    thread::spawn(move || submit_lines(&submitting, algorithm.as_deref(), &sender));
    let written = write_tokens(&receiver, &batch, &mut io::stdout().lock());
    // Every token that somebody reads is written; what is left belongs to nobody.
    let _ = cluster.close(CLOSE);
    match written {
        Ok(0) => Ok(ExitCode::SUCCESS),
        Ok(_) => Ok(ExitCode::FAILURE),
        Err(Stopped::NobodyReads) => Ok(ExitCode::SUCCESS),
        Err(Stopped::Failed(error)) => Err(error),
    }
}

/// Submits line after line until the input ends or nobody takes the results.
fn submit_lines(batch: &Batch, algorithm: Option<&str>, sender: &SyncSender<io::Result<Pending>>) {
    let mut input = io::stdin().lock();
    loop {
        let pending = match lines::next(&mut input) {
            Ok(None) => return,
            Ok(Some(line)) => Ok(submit(batch, algorithm, &line)),
            Err(error) => Err(error),
        };
        let failed = pending.is_err();
        if sender.send(pending).is_err() || failed {
            return;
        }
    }
}

fn submit(batch: &Batch, algorithm: Option<&str>, line: &Line) -> Pending {
    let Line::Whole(line) = line else {
        return Pending::Bad(format!("longer than {} bytes", lines::MAX_LINE_BYTES));
    };
    match serde_json::from_slice(line) {
        Ok(claims) => {
            if let Err(error) = check_depth(&claims) {
                return Pending::Bad(error.to_string());
            }
            let request = Request::Sign { claims, alg: algorithm.map(str::to_owned) };
            batch.submit(Job::new(request.to_payload()).pool(POOL));
            Pending::Submitted
        }
        Err(error) => Pending::Bad(format!("not JSON (near column {})", error.column())),
    }
}

/// Writes the tokens as they come; says how many lines gave none.
fn write_tokens(
    receiver: &Receiver<io::Result<Pending>>,
    batch: &Batch,
    output: &mut impl Write,
) -> Result<u64, Stopped> {
    let progress = progress();
    let mut bad_lines = 0;
    for (number, pending) in (1_u64..).zip(receiver) {
        let pending = pending
            .map_err(|error| Stopped::Failed(anyhow::Error::new(error).context("cannot read stdin")))?;
        match token(pending, batch) {
            Ok(token) => writeln!(output, "{token}")?,
            Err(why) => {
                bad_lines += 1;
                writeln!(output)?;
                progress.suspend(|| eprintln!("line {number}: {why}"));
            }
        }
        progress.inc(1);
    }
    output.flush()?;
    progress.finish();
    Ok(bad_lines)
}

/// Waits for the line's token.
fn token(pending: Pending, batch: &Batch) -> Result<String, String> {
    if let Pending::Bad(why) = pending {
        return Err(why);
    }
    let result = batch.next_result().ok_or("the batch is over")?;
    let reply = result.map_err(|error| error.to_string())?;
    match Reply::from_payload(&reply) {
        Some(Reply::Signed { token, .. }) => Ok(token),
        Some(Reply::Refused(reason)) => Err(reason.text),
        _ => Err("the worker's reply makes no sense".to_owned()),
    }
}

/// A line on stderr that counts, if that is a terminal.
fn progress() -> ProgressBar {
    let target = match io::stderr().is_terminal() {
        true => ProgressDrawTarget::stderr(),
        false => ProgressDrawTarget::hidden(),
    };
    let style = ProgressStyle::with_template("{spinner} {human_pos} tokens, {per_sec}, {elapsed}")
        .expect("the template's fields all exist");
    ProgressBar::with_draw_target(None, target).with_style(style)
}
