//! A worker as a process: what signals and a hanging handler do to it. The worker is this test program itself, started
//! again with a variable that makes `worker_process` run one.

mod support;

use powerhose_harness::{Process, until};
use powerhose_protocol::{Kind, Quieted, WorkerEnd};
use powerhose_worker::{Job, JobFailure, WATCHDOG_EXIT_STATUS, Worker};
use rustix::process::Signal;
use std::env;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::process::{Command, ExitStatus};
use support::Master;
use tempfile::TempDir;

const ENDPOINT: &str = "POWERHOSE_ENDPOINT";
const POOL: &str = "POWERHOSE_POOL";
/// A pool that the worker's own program names.
const POOL_IN_CODE: &str = "TEST_POOL_IN_CODE";

/// Not a test of its own: the worker that the tests below start.
#[test]
fn worker_process() {
    if env::var_os(ENDPOINT).is_none() {
        return;
    }
    tracing_subscriber::fmt().with_writer(std::io::stderr).with_ansi(false).init();
    let in_code = |worker: Worker| match env::var(POOL_IN_CODE) {
        Ok(pool) => worker.pool(pool),
        Err(_) => worker,
    };
    let result = Worker::from_env().map(in_code).and_then(|worker| worker.run(handle));
    if let Err(error) = &result {
        eprintln!("{error}");
    }
    std::process::exit(if result.is_ok() { 0 } else { 1 });
}

fn handle(job: &Job) -> Result<&'static str, JobFailure> {
    match job.payload() {
        b"hang" => hang_for_ever(),
        path => wait_until_removed(Path::new(OsStr::from_bytes(path))),
    }
    Ok("done")
}

/// Makes this file to say that it runs.
fn wait_until_removed(path: &Path) {
    std::fs::write(path, "").expect("a file");
    until("the file to go", || !path.exists());
}

#[inline(never)]
fn hang_for_ever() -> ! {
    let mut number = 1_u64;
    loop {
        number = std::hint::black_box(number.wrapping_mul(3));
    }
}

/// A worker of this master; what it prints goes to this folder.
fn start(folder: &TempDir, master: &Master) -> Process {
    start_with(folder, master, &[])
}

/// With these variables besides the endpoint.
fn start_with(folder: &TempDir, master: &Master, variables: &[(&str, &str)]) -> Process {
    let mut command = Command::new(env::current_exe().expect("this program"));
    command.args(["--exact", "worker_process", "--nocapture"]).env(ENDPOINT, &master.endpoint);
    Process::start(folder.path(), command.env_remove(POOL).envs(variables.iter().copied()))
}

/// How it ended, and what it logged.
fn end(mut process: Process) -> (ExitStatus, String) {
    (process.ended(), process.log())
}

#[test]
fn the_environment_names_the_pools_unless_the_program_does() {
    let both = [(POOL, "sign,verify,sign"), (POOL_IN_CODE, "greet")];
    for (variables, pools) in
        [(&[][..], &["default"][..]), (&both[..1], &["sign", "verify"]), (&both, &["greet"])]
    {
        let folder = tempfile::tempdir().expect("a folder");
        let mut master = Master::bind(folder.path());
        let _process = start_with(&folder, &master, variables);
        assert_eq!(master.admit(), pools, "{variables:?}");
    }
}

#[test]
fn a_pool_of_the_environment_that_can_be_none_ends_the_worker() {
    let folder = tempfile::tempdir().expect("a folder");
    let master = Master::bind(folder.path());
    let (status, log) = end(start_with(&folder, &master, &[(POOL, "sign,,verify")]));
    assert!(!status.success() && log.contains("a name is 1 to 64"), "{status}: {log}");
}

#[test]
fn a_signal_makes_an_idle_worker_leave_with_status_0() {
    for signal in [Signal::TERM, Signal::INT] {
        let folder = tempfile::tempdir().expect("a folder");
        let mut master = Master::bind(folder.path());
        let process = start(&folder, &master);
        master.admit();
        process.signal(signal);
        master.see_off();
        let (status, log) = end(process);
        assert!(status.success(), "{status}: {log}");
        assert!(log.contains("INFO") && log.contains("registered") && log.contains("left"), "{log}");
    }
}

#[test]
fn a_signal_makes_a_busy_worker_finish_its_job_first() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut master = Master::bind(folder.path());
    let process = start(&folder, &master);
    master.admit();
    let file = folder.path().join("running");
    master.give(&[(1, file.as_os_str().as_bytes()), (2, b"")], 60_000);
    until("the job to begin", || file.exists());
    process.signal(Signal::TERM);
    master.expect(Kind::Quiet);
    master.say(Quieted { session: master.session() }, &[]);
    let answer = master.answer();
    assert_eq!((answer.call, answer.end), (2, WorkerEnd::Returned));
    std::fs::remove_file(&file).expect("the job runs");
    let answer = master.answer();
    assert_eq!((answer.call, answer.end), (1, WorkerEnd::Done));
    master.expect(Kind::Bye);
    let (status, log) = end(process);
    assert!(status.success(), "{status}: {log}");
}

#[test]
fn a_handler_that_hangs_ends_the_process_and_the_log_says_where() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut master = Master::bind(folder.path()).with_overrun_grace_ms(50);
    let process = start(&folder, &master);
    master.admit();
    master.give(&[(1, b"hang")], 50);
    let (status, log) = end(process);
    assert_eq!(status.code(), Some(WATCHDOG_EXIT_STATUS), "{log}");
    assert!(log.contains("job=1.1") && log.contains("pool=\"default\""), "{log}");
    let place = log.split_once("hangs here:\n").expect(&log).1;
    assert!(place.contains("hang_for_ever at ") && !place.contains("watchdog"), "{log}");
    assert!(!place.contains("worker/src/runtime"), "{log}");
}
