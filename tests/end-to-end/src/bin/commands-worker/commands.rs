//! The language of the jobs: the header `do` names a command, the payload is its operand. What `examples/python` has
//! under the same name does the same.

use powerhose_worker::{Job, JobFailure, Reply};
use rustix::process::{Signal, getpid, kill_process};
use std::ffi::OsStr;
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// No test holds a job for longer.
const WAIT_MAX: Duration = Duration::from_secs(30);
const LOOK_AGAIN_AFTER: Duration = Duration::from_millis(2);

/// Jobs that this process has begun.
static BEGUN: AtomicU64 = AtomicU64::new(0);

/// The handler. Without a header `do` the reply is the payload.
pub(crate) fn run(job: &Job) -> Result<Reply, JobFailure> {
    let begun = BEGUN.fetch_add(1, Ordering::Relaxed) + 1;
    let name = job.header("do").map_or_else(|| "echo".into(), String::from_utf8_lossy);
    Ok(match &*name {
        "echo" => Reply::from(job.payload()),
        "square" => square(job)?.into(),
        "fail" => return Err(JobFailure::new("asked_to", text(job))),
        "panic" | "raise" => panic!("{}", text(job)),
        "exit" => std::process::exit(number(job)? as i32),
        "abort" => std::process::abort(),
        "kill" => kill_itself(),
        "hang" => hang(),
        "leave" => {
            tell_itself(Signal::TERM);
            std::process::id().to_string().into()
        }
        "sleep" => {
            sleep(Duration::from_millis(number(job)?));
            "slept".into()
        }
        "attempt" => job.attempt().to_string().into(),
        "headers" => headers_as_text(job).into(),
        "headers-back" => headers_back(job),
        "pid" => std::process::id().to_string().into(),
        "remaining" => job.remaining().as_millis().to_string().into(),
        "id" => job.id().to_string().into(),
        "pool" => job.pool().into(),
        "once" => job.is_once().to_string().into(),
        "count" => begun.to_string().into(),
        "reply-size" => vec![b'x'; number(job)? as usize].into(),
        "wait-file" => {
            note_begin(job).and_then(|()| wait_for_file(&path(job))).map_err(|error| io_failure(&error))?;
            job.attempt().to_string().into()
        }
        "shell" => shell(job)?.into(),
        "wait-cancelled" => wait_cancelled(job)?.into(),
        _ => return Err(JobFailure::new("no_such_command", format!("there is no command `{name}`"))),
    })
}

/// Runs a script until its end, and gives what it prints.
fn shell(job: &Job) -> Result<Vec<u8>, JobFailure> {
    let ran = Command::new("/bin/sh").args(["-c", &text(job)]).output();
    ran.map(|output| output.stdout).map_err(|error| io_failure(&error))
}

/// Returns once the file exists.
pub(crate) fn wait_for_file(path: &Path) -> io::Result<()> {
    let until = Instant::now() + WAIT_MAX;
    while !path.exists() {
        if Instant::now() > until {
            return Err(io::Error::new(io::ErrorKind::TimedOut, format!("{} never came", path.display())));
        }
        sleep(LOOK_AGAIN_AFTER);
    }
    Ok(())
}

/// As if the process had got SIGKILL.
fn kill_itself() -> ! {
    tell_itself(Signal::KILL);
    hang()
}

fn tell_itself(signal: Signal) {
    kill_process(getpid(), signal).expect("it is ours");
}

/// Never returns, and looks at nothing.
pub(crate) fn hang() -> ! {
    loop {
        std::thread::park();
    }
}

fn square(job: &Job) -> Result<String, JobFailure> {
    let number: i64 = text(job)
        .parse()
        .map_err(|_| JobFailure::new("not_a_number", "the payload is no decimal integer"))?;
    Ok((i128::from(number) * i128::from(number)).to_string())
}

/// Adds a line to the file whose name is the payload's and `.begun`: which process runs the job, and in which attempt.
fn note_begin(job: &Job) -> io::Result<()> {
    let mut path = job.payload().to_vec();
    path.extend_from_slice(b".begun");
    let mut file = OpenOptions::new().create(true).append(true).open(OsStr::from_bytes(&path))?;
    // In one write, so that lines of several processes do not mix.
    file.write_all(format!("{} {}\n", std::process::id(), job.attempt()).as_bytes())
}

/// Runs until nobody waits for it, then makes the file that the payload names.
fn wait_cancelled(job: &Job) -> Result<&'static str, JobFailure> {
    note_begin(job).map_err(|error| io_failure(&error))?;
    let until = Instant::now() + WAIT_MAX;
    while !job.is_cancelled() {
        if Instant::now() > until {
            return Err(JobFailure::new("never_cancelled", ""));
        }
        sleep(LOOK_AGAIN_AFTER);
    }
    std::fs::write(path(job), "").map_err(|error| io_failure(&error))?;
    Ok("cancelled")
}

fn headers_as_text(job: &Job) -> Vec<u8> {
    let mut headers: Vec<_> = job.headers().filter(|(name, _)| *name != "do").collect();
    headers.sort_unstable();
    let line = |(name, value): (&str, &[u8])| [name.as_bytes(), b"=", value, b"\n"].concat();
    headers.into_iter().flat_map(line).collect()
}

fn headers_back(job: &Job) -> Reply {
    let others = job.headers().filter(|(name, _)| *name != "do");
    others.fold(Reply::from(job.payload()), |reply, (name, value)| reply.header(name, value))
}

fn io_failure(error: &io::Error) -> JobFailure {
    JobFailure::from_error(error)
}

fn text(job: &Job) -> String {
    String::from_utf8_lossy(job.payload()).into_owned()
}

fn number(job: &Job) -> Result<u64, JobFailure> {
    text(job).parse().map_err(|_| JobFailure::new("not_a_number", "the payload is no decimal integer"))
}

fn path(job: &Job) -> PathBuf {
    OsStr::from_bytes(job.payload()).into()
}

fn sleep(duration: Duration) {
    std::thread::sleep(duration);
}
