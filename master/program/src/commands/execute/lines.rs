//! Many jobs at once, one a line, their replies in order. One thread reads lines and submits jobs. The other prints each
//! reply as soon as it and all before it are there, also while the input goes on.

use super::{ExecuteOptions, exit};
use crate::exit::{Exit, Failure, Outcome};
use crate::print;
use crossbeam_channel::{Receiver, Sender, bounded};
use powerhose::{JobHandle, JobRunner};
use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};
use std::thread;

/// A job on its way, or why there is no further line.
type Sent = io::Result<JobHandle>;

/// Sends all lines; the exit status is that of the first job without a reply.
pub(super) fn execute(runner: &JobRunner, options: ExecuteOptions, input: Box<dyn Read + Send>) -> Outcome {
    let (sender, sent) = bounded(options.in_flight as usize);
    let submitting = runner.clone();
    thread::Builder::new()
        .name("lines".to_owned())
        .spawn(move || submit_all(&submitting, &options, BufReader::new(input), &sender))
        .map_err(|error| Failure::system("start a thread", error))?;
    match print_all(&sent) {
        Ok(exit) => Ok(exit),
        // Whoever read the replies wants no more of them.
        Err(Stop::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => Ok(Exit::Fine),
        Err(Stop::Output(error)) => Err(Failure::system("write to standard output", error)),
        Err(Stop::Input(error)) => Err(Failure::system("read the lines", error)),
    }
}

fn submit_all(runner: &JobRunner, options: &ExecuteOptions, mut input: impl BufRead, sent: &Sender<Sent>) {
    loop {
        let mut line = Vec::new();
        let next = match input.read_until(b'\n', &mut line) {
            Ok(0) => return,
            Ok(_) => {
                if line.last() == Some(&b'\n') {
                    line.pop();
                }
                Ok(runner.submit(options.job(line)))
            }
            Err(error) => Err(error),
        };
        let is_last = next.is_err();
        if sent.send(next).is_err() || is_last {
            return;
        }
    }
}

enum Stop {
    Input(io::Error),
    Output(io::Error),
}

fn print_all(sent: &Receiver<Sent>) -> Result<Exit, Stop> {
    let mut out = BufWriter::new(io::stdout().lock());
    let mut first_error = Exit::Fine;
    for (number, handle) in (1..).zip(sent.iter()) {
        let handle = handle.map_err(Stop::Input)?;
        if !handle.has_ended() {
            // Nothing that is there waits for what is not.
            out.flush().map_err(Stop::Output)?;
        }
        match handle.wait() {
            Ok(reply) => out.write_all(&reply).map_err(Stop::Output)?,
            Err(error) => {
                print::complaint(format_args!("line {number}: {error}"));
                if first_error == Exit::Fine {
                    first_error = exit(&error);
                }
            }
        }
        out.write_all(b"\n").map_err(Stop::Output)?;
        if sent.is_empty() {
            out.flush().map_err(Stop::Output)?;
        }
    }
    out.flush().map_err(Stop::Output)?;
    Ok(first_error)
}
