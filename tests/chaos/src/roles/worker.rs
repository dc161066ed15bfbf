//! A worker whose handler does what the job says: computes, fails, or worse.

use super::Site;
use crate::clock::Moment;
use crate::language::{ForeignWorkers, Language};
use crate::processes::{JournalWriter, Run, take_place};
use crate::work::{Act, EXIT_STATUS, FAILURE, HEADER, Instruction, POOLS, reply};
use anyhow::Context;
use powerhose_worker::{Job, JobFailure, Worker};
use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

/// Up to here a handler computes; the rest of a longer job it sleeps, so that what is measured are the faults and not a
/// machine without a free core.
const COMPUTE_MAX: Duration = Duration::from_micros(200);
/// Asks for libzmq, which libraries for other languages may lack. Both wires talk with each other.
const WIRE_VARIABLE: &str = "POWERHOSE_WIRE";
/// A hanging handler is awake so often.
const NAP: Duration = Duration::from_millis(100);

/// Plays it, or becomes a program in another language that does.
pub(super) fn play(site: &Site, foreign: &ForeignWorkers) -> anyhow::Result<()> {
    let endpoint = site.endpoint(std::process::id().into());
    match foreign_program(site, foreign)? {
        Some(mut program) => {
            program.env_remove(WIRE_VARIABLE);
            let error = program.arg(endpoint).arg(&site.journal).arg(site.words()).args(POOLS).exec();
            Err(error).with_context(|| format!("cannot execute {program:?}"))
        }
        None => work(site, endpoint),
    }
}

/// The languages share the places in turn, so that one whose worker ends gets it back.
fn foreign_program(site: &Site, foreign: &ForeignWorkers) -> anyhow::Result<Option<Command>> {
    if foreign.is_empty() {
        return Ok(None);
    }
    let folder = site.journal.parent().unwrap_or(Path::new("."));
    let languages = foreign.languages();
    Ok(match languages[take_place(folder)? % languages.len()] {
        Language::Rust => None,
        Language::Python => foreign.python_worker.as_ref().map(|python| {
            let mut command = Command::new(python);
            command.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/workers/worker.py"));
            command
        }),
        Language::Cpp => foreign.cpp_worker.as_ref().map(Command::new),
    })
}

fn work(site: &Site, endpoint: &str) -> anyhow::Result<()> {
    let pid = std::process::id();
    let mut journal = JournalWriter::open(&site.journal)?;
    let words = OpenOptions::new().create(true).append(true).open(site.words())?;
    let worker = POOLS.into_iter().fold(Worker::connect(endpoint)?, Worker::pool);
    let ran = worker.run(|job: &Job| {
        let instruction = job.header(HEADER).and_then(Instruction::from_bytes);
        let Instruction { key, act } =
            instruction.ok_or_else(|| JobFailure::new("header", "there is none"))?;
        let attempt = u32::try_from(job.attempt()).unwrap_or(u32::MAX);
        let began = Moment::now();
        let language = Language::Rust;
        let run = Run { key, attempt, pid, began, once: job.is_once(), act, language };
        journal.note(run).map_err(|error| JobFailure::from_error(&error))?;
        do_act(act)?;
        Ok(reply(key, job.payload()))
    });
    let _ = writeln!(
        &words,
        "worker {pid}: {}",
        ran.as_ref().map_or_else(ToString::to_string, |()| "left".to_owned())
    );
    Ok(ran?)
}

fn do_act(act: Act) -> Result<(), JobFailure> {
    match act {
        Act::Compute(microseconds) => compute(Duration::from_micros(microseconds.into())),
        Act::Fail => return Err(JobFailure::new(FAILURE, "as it was told")),
        Act::Panic => panic!("as it was told"),
        Act::Exit => std::process::exit(EXIT_STATUS),
        Act::Abort => std::process::abort(),
        Act::Hang => loop {
            std::thread::sleep(NAP);
        },
    }
    Ok(())
}

fn compute(time: Duration) {
    let begun = Instant::now();
    std::thread::sleep(time.saturating_sub(COMPUTE_MAX));
    while begun.elapsed() < time {
        std::hint::spin_loop();
    }
}
