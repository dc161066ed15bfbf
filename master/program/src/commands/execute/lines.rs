//! Many jobs at once, one a line, their replies in order. One thread reads lines and submits jobs. The other prints each
//! reply as soon as it and all before it are there, also while the input goes on.

use super::{ExecuteOptions, exit};
use crate::exit::{Exit, Failure, Outcome};
use crate::print;
use powerhose::{Batch, JobRunner};
use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

/// Sends all lines; the exit status is that of the first job without a reply.
pub(super) fn execute(runner: &JobRunner, options: ExecuteOptions, input: Box<dyn Read + Send>) -> Outcome {
    let instead = options.lines_failed.clone();
    let batch = Arc::new(runner.batch(options.in_flight as usize));
    let input_error = Arc::new(Mutex::new(None));
    let (submitting, failed) = (batch.clone(), input_error.clone());
    thread::Builder::new()
        .name("lines".to_owned())
        .spawn(move || {
            let submitted = submit_all(&submitting, &options, BufReader::new(input));
            *failed.lock().unwrap_or_else(PoisonError::into_inner) = submitted.err();
            submitting.end();
        })
        .map_err(|error| Failure::system("start a thread", error))?;
    let printed = print_all(&batch, &instead);
    let input_error = input_error.lock().unwrap_or_else(PoisonError::into_inner).take();
    match (printed, input_error) {
        // Whoever read the replies wants no more of them.
        (Err(error), _) if error.kind() == io::ErrorKind::BrokenPipe => Ok(Exit::Fine),
        (Err(error), _) => Err(Failure::system("write to standard output", error)),
        (Ok(_), Some(error)) => Err(Failure::system("read the lines", error)),
        (Ok(exit), None) => Ok(exit),
    }
}

fn submit_all(batch: &Batch, options: &ExecuteOptions, mut input: impl BufRead) -> io::Result<()> {
    loop {
        let mut line = Vec::new();
        if input.read_until(b'\n', &mut line)? == 0 {
            return Ok(());
        }
        if line.last() == Some(&b'\n') {
            line.pop();
        }
        batch.submit(options.batch_job(line));
    }
}

/// Prints a line for each job, `instead` for one without a reply.
fn print_all(batch: &Batch, instead: &str) -> io::Result<Exit> {
    let mut out = BufWriter::new(io::stdout().lock());
    let mut first_error = Exit::Fine;
    let mut number: u64 = 0;
    while let Some(result) = batch.next_result() {
        number += 1;
        match result {
            // Many programs end their output with a line feed of their own: it is the same line.
            Ok(reply) => out.write_all(reply.strip_suffix(b"\n").unwrap_or(&reply))?,
            Err(error) => {
                print::complaint(format_args!("line {number}: {error}"));
                out.write_all(instead.as_bytes())?;
                if first_error == Exit::Fine {
                    first_error = exit(&error);
                }
            }
        }
        out.write_all(b"\n")?;
        // Nothing that is there waits for what is not.
        if !batch.has_next() {
            out.flush()?;
        }
    }
    out.flush()?;
    Ok(first_error)
}
