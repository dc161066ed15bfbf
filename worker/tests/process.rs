//! A worker as a process: what signals and a hanging handler do to it. The worker is this test program itself, started
//! again with a variable that makes `worker_process` run one.

mod support;

use powerhose_protocol::{Kind, Quieted, WorkerEnd};
use powerhose_worker::{Job, JobFailure, WATCHDOG_EXIT_STATUS, Worker};
use std::ffi::OsStr;
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};
use std::{env, thread};
use support::{Master, PATIENCE};

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
    let until = Instant::now() + PATIENCE;
    while path.exists() && Instant::now() < until {
        thread::sleep(Duration::from_millis(5));
    }
}

#[inline(never)]
fn hang_for_ever() -> ! {
    let mut number = 1_u64;
    loop {
        number = std::hint::black_box(number.wrapping_mul(3));
    }
}

/// Killed if the test fails.
struct Process(Child);

impl Process {
    fn start(master: &Master) -> Process {
        Process::start_with(master, &[])
    }

    /// With these variables besides the endpoint.
    fn start_with(master: &Master, variables: &[(&str, &str)]) -> Process {
        let mut command = Command::new(env::current_exe().expect("this program"));
        command.args(["--exact", "worker_process", "--nocapture"]).env(ENDPOINT, &master.endpoint);
        command.env_remove(POOL).envs(variables.iter().copied());
        Process(command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("a process"))
    }

    fn signal(&self, signal: rustix::process::Signal) {
        let id = rustix::process::Pid::from_child(&self.0);
        rustix::process::kill_process(id, signal).expect("it runs");
    }

    /// How it ended, and what it logged.
    fn end(&mut self) -> (ExitStatus, String) {
        let until = Instant::now() + PATIENCE;
        let status = loop {
            if let Some(status) = self.0.try_wait().expect("a child") {
                break status;
            }
            assert!(Instant::now() < until, "the worker does not end");
            thread::sleep(Duration::from_millis(5));
        };
        let mut log = String::new();
        self.0.stderr.take().expect("a pipe").read_to_string(&mut log).expect("text");
        (status, log)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It has ended already unless the test failed.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn the_environment_names_the_pools_unless_the_program_does() {
    let both = [(POOL, "sign,verify,sign"), (POOL_IN_CODE, "greet")];
    for (variables, pools) in
        [(&[][..], &["default"][..]), (&both[..1], &["sign", "verify"]), (&both, &["greet"])]
    {
        let folder = tempfile::tempdir().expect("a folder");
        let mut master = Master::bind(folder.path());
        let _process = Process::start_with(&master, variables);
        assert_eq!(master.admit(), pools, "{variables:?}");
    }
}

#[test]
fn a_pool_of_the_environment_that_can_be_none_ends_the_worker() {
    let folder = tempfile::tempdir().expect("a folder");
    let master = Master::bind(folder.path());
    let (status, log) = Process::start_with(&master, &[(POOL, "sign,,verify")]).end();
    assert!(!status.success() && log.contains("a name is 1 to 64"), "{status}: {log}");
}

#[test]
fn a_signal_makes_an_idle_worker_leave_with_status_0() {
    for signal in [rustix::process::Signal::TERM, rustix::process::Signal::INT] {
        let folder = tempfile::tempdir().expect("a folder");
        let mut master = Master::bind(folder.path());
        let mut process = Process::start(&master);
        master.admit();
        process.signal(signal);
        master.see_off();
        let (status, log) = process.end();
        assert!(status.success(), "{status}: {log}");
        assert!(log.contains("INFO") && log.contains("registered") && log.contains("left"), "{log}");
    }
}

#[test]
fn a_signal_makes_a_busy_worker_finish_its_job_first() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut master = Master::bind(folder.path());
    let mut process = Process::start(&master);
    master.admit();
    let file = folder.path().join("running");
    master.give(&[(1, file.as_os_str().as_bytes()), (2, b"")], 60_000);
    let until = Instant::now() + PATIENCE;
    while !file.exists() {
        assert!(Instant::now() < until, "the job does not begin");
        thread::sleep(Duration::from_millis(5));
    }
    process.signal(rustix::process::Signal::TERM);
    master.expect(Kind::Quiet);
    master.say(Quieted { session: master.session() }, &[]);
    let answer = master.answer();
    assert_eq!((answer.call, answer.end), (2, WorkerEnd::Returned));
    std::fs::remove_file(&file).expect("the job runs");
    let answer = master.answer();
    assert_eq!((answer.call, answer.end), (1, WorkerEnd::Done));
    master.expect(Kind::Bye);
    let (status, log) = process.end();
    assert!(status.success(), "{status}: {log}");
}

#[test]
fn a_handler_that_hangs_ends_the_process_and_the_log_says_where() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut master = Master::bind(folder.path()).with_overrun_grace_ms(50);
    let mut process = Process::start(&master);
    master.admit();
    master.give(&[(1, b"hang")], 50);
    let (status, log) = process.end();
    assert_eq!(status.code(), Some(WATCHDOG_EXIT_STATUS), "{log}");
    assert!(log.contains("job=1.1") && log.contains("pool=\"default\""), "{log}");
    let place = log.split_once("hangs here:\n").expect(&log).1;
    assert!(place.contains("hang_for_ever at ") && !place.contains("watchdog"), "{log}");
    assert!(!place.contains("runtime/mod.rs"), "{log}");
}
