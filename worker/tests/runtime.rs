//! A worker on its socket, in this process, against a master that says what the test wants.

mod support;

use powerhose_harness::until;
use powerhose_protocol::{Kind, WorkerEnd};
use powerhose_worker::{Job, JobFailure, Reply, StopHandle, Worker, WorkerError};
use std::sync::mpsc;
use std::thread::{self, JoinHandle};
use std::time::Duration;
use support::{Master, PATIENCE};

/// A worker on a thread of its own.
struct Running {
    stop: StopHandle,
    thread: JoinHandle<Result<(), WorkerError>>,
}

impl Running {
    fn start<R, H>(master: &Master, handler: H) -> Running
    where
        R: Into<Reply>,
        H: FnMut(&Job) -> Result<R, JobFailure> + Send + 'static,
    {
        let worker = Worker::connect(&master.endpoint).expect("an endpoint").ignore_signals();
        let stop = worker.stop_handle();
        Running { stop, thread: thread::spawn(|| worker.run(handler)) }
    }

    /// The worker leaves in good order.
    fn end(self, master: &mut Master) {
        self.stop.stop();
        master.see_off();
        self.result().expect("it left in good order");
    }

    fn result(self) -> Result<(), WorkerError> {
        until("the worker to end", || self.thread.is_finished());
        self.thread.join().expect("no panic")
    }
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder")
}

#[test]
fn a_worker_registers_runs_jobs_and_leaves() {
    let folder = folder();
    let mut master = Master::bind(folder.path());
    let worker = Running::start(&master, |job: &Job| {
        assert!(job.is_once() && !job.is_cancelled() && job.attempt() == 1 && job.pool() == "default");
        assert!(job.remaining() <= Duration::from_secs(60) && job.remaining() > Duration::from_secs(30));
        let headers = job.headers().count();
        assert_eq!((headers, job.header("traceparent"), job.header("other")), (1, Some(&b"00-1"[..]), None));
        let mut reply = job.payload().to_vec();
        reply.reverse();
        Ok(Reply::new(reply).header("id", job.id().to_string()))
    });
    master.admit();
    let large: Vec<u8> = (0..3_000_000_u32).map(|number| number as u8).collect();
    let mut reversed = large.clone();
    reversed.reverse();
    for (call, payload, reply) in [(1, &b"abc"[..], &b"cba"[..]), (2, b"", b""), (3, &large, &reversed)] {
        master.give(&[(call, payload)], 60_000);
        let answer = master.answer();
        assert_eq!((answer.call, answer.end), (call, WorkerEnd::Done), "{}", answer.text);
        assert!(answer.payload == reply);
        assert_eq!(answer.headers, [("id".to_owned(), format!("1.{call}").into_bytes())]);
    }
    worker.end(&mut master);
}

#[test]
fn a_reply_is_sent_before_the_next_handler_starts() {
    let folder = folder();
    let mut master = Master::bind(folder.path());
    let (release, released) = mpsc::channel::<()>();
    let worker = Running::start(&master, move |job: &Job| {
        if job.payload() == b"wait" {
            released.recv_timeout(PATIENCE).expect("the test goes on");
        }
        Ok(())
    });
    master.admit();
    master.give(&[(1, b""), (2, b"wait")], 60_000);
    assert_eq!(master.answer().call, 1);
    release.send(()).expect("the handler waits");
    assert_eq!(master.answer().call, 2);
    worker.end(&mut master);
}

#[test]
fn heartbeats_go_on_while_a_handler_computes() {
    let folder = folder();
    let mut master = Master::bind(folder.path());
    let (release, released) = mpsc::channel::<()>();
    let worker = Running::start(&master, move |_: &Job| {
        released.recv_timeout(PATIENCE).expect("the test goes on");
        Ok("done")
    });
    master.admit();
    master.give(&[(1, b"")], 60_000);
    for _ in 0..5 {
        master.expect(Kind::Heartbeat);
    }
    release.send(()).expect("the handler waits");
    assert_eq!(master.answer().payload, b"done");
    worker.end(&mut master);
}

#[test]
fn a_running_handler_learns_that_its_job_was_cancelled() {
    let folder = folder();
    let mut master = Master::bind(folder.path());
    let worker = Running::start(&master, |job: &Job| {
        while !job.is_cancelled() {
            thread::sleep(Duration::from_millis(1));
        }
        assert!(job.remaining() > Duration::ZERO, "the master said so, not the clock");
        Ok(())
    });
    master.admit();
    master.give(&[(1, b""), (2, b"")], 30_000);
    // The second is cancelled before it begins, so only the first is running then.
    master.cancel(2);
    let answer = master.answer();
    assert_eq!((answer.call, answer.end), (2, WorkerEnd::Cancelled));
    master.cancel(1);
    let answer = master.answer();
    assert_eq!((answer.call, answer.end), (1, WorkerEnd::Cancelled));
    worker.end(&mut master);
}

#[test]
fn a_handler_sees_its_deadline_pass() {
    let folder = folder();
    let mut master = Master::bind(folder.path());
    let worker = Running::start(&master, |job: &Job| {
        while !job.is_cancelled() {
            thread::sleep(Duration::from_millis(1));
        }
        Err::<(), _>(JobFailure::new("late", format!("{:?} remain", job.remaining())))
    });
    master.admit();
    master.give(&[(1, b"")], 20);
    let answer = master.answer();
    assert_eq!((answer.end, &answer.code[..], &answer.text[..]), (WorkerEnd::Failed, "late", "0ns remain"));
    worker.end(&mut master);
}

#[test]
fn a_panic_fails_its_job_and_the_worker_lives_on() {
    let folder = folder();
    let mut master = Master::bind(folder.path());
    let worker = Running::start(&master, |job: &Job| {
        assert!(job.payload().is_empty(), "no bytes wanted, {} given", job.payload().len());
        Ok(())
    });
    master.admit();
    master.give(&[(1, b"abc"), (2, b"")], 60_000);
    let answer = master.answer();
    assert_eq!((answer.call, answer.end, &answer.code[..]), (1, WorkerEnd::Failed, "panic"));
    assert!(
        answer.text.contains("runtime.rs:") && answer.text.contains("no bytes wanted, 3 given"),
        "{}",
        answer.text
    );
    assert_eq!(master.answer().end, WorkerEnd::Done);
    worker.end(&mut master);
}

#[test]
fn a_worker_told_to_leave_finishes_its_job_and_gives_the_others_back() {
    let folder = folder();
    let mut master = Master::bind(folder.path());
    let (begin, begun) = mpsc::channel::<()>();
    let (release, released) = mpsc::channel::<()>();
    let worker = Running::start(&master, move |_: &Job| {
        begin.send(()).expect("the test waits");
        released.recv_timeout(PATIENCE).expect("the test goes on");
        Ok(())
    });
    master.admit();
    master.give(&[(1, b""), (2, b"")], 60_000);
    begun.recv_timeout(PATIENCE).expect("the handler runs");
    worker.stop.stop();
    worker.stop.stop();
    master.expect(Kind::Quiet);
    let answer = master.answer();
    assert_eq!((answer.call, answer.end), (2, WorkerEnd::Returned));
    let session = master.session();
    master.say(powerhose_protocol::Quieted { session }, &[]);
    release.send(()).expect("the handler waits");
    let answer = master.answer();
    assert_eq!((answer.call, answer.end), (1, WorkerEnd::Done));
    master.expect(Kind::Bye);
    worker.result().expect("it left in good order");
}

#[test]
fn a_worker_registers_again_when_its_master_was_started_anew() {
    let folder = folder();
    let mut first = Master::bind(folder.path());
    let worker = Running::start(&first, |_: &Job| Ok(()));
    first.admit();
    drop(first);
    let mut second = Master::bind(folder.path()).with_epoch(2);
    second.admit();
    second.give(&[(1, b"")], 60_000);
    assert_eq!(second.answer().end, WorkerEnd::Done);
    worker.end(&mut second);
}

#[test]
fn a_worker_may_be_there_before_its_master() {
    let folder = folder();
    let endpoint = format!("ipc://{}/master.ipc", folder.path().display());
    let worker = Worker::connect(&endpoint).expect("an endpoint").ignore_signals();
    let stop = worker.stop_handle();
    let (started, running) = mpsc::channel();
    let thread = thread::spawn(move || {
        started.send(()).expect("the test waits");
        worker.run(|_: &Job| Ok(()))
    });
    running.recv().expect("the thread runs");
    let mut master = Master::bind(folder.path());
    master.admit();
    Running { stop, thread }.end(&mut master);
}

#[test]
fn a_worker_without_a_master_says_so_and_ends() {
    let folder = folder();
    let endpoint = format!("ipc://{}/nobody.ipc", folder.path().display());
    let worker = Worker::connect(&endpoint).expect("an endpoint").ignore_signals();
    let error =
        worker.silence_max(Duration::from_millis(200)).run(|_: &Job| Ok(())).expect_err("nobody is there");
    assert!(error.is_unreachable());
    assert_eq!(error.to_string(), format!("no master answered at {endpoint} for 200ms"));
}

#[test]
fn a_worker_stopped_before_it_runs_returns_at_once() {
    let worker = Worker::connect("ipc:///tmp/powerhose-nobody.ipc").expect("an endpoint").ignore_signals();
    worker.stop_handle().stop();
    worker.run(|_: &Job| Ok(())).expect("it left");
}

#[test]
fn settings_that_no_master_would_take_are_errors_before_anything_is_sent() {
    let worker = || Worker::connect("ipc:///tmp/powerhose-nobody.ipc").expect("an endpoint").ignore_signals();
    let run = |worker: Worker| worker.run(|_: &Job| Ok(())).expect_err("wrong settings").to_string();
    assert!(run(worker().pool("no spaces")).contains("`no spaces`"));
    assert!(run(worker().pool_with_credit("p", 0)).contains("from 1 to 1024"));
    assert!(
        run((0..65).fold(worker(), |worker, number| worker.pool(format!("p{number}")))).contains("64 pools")
    );
    assert!(run(worker().label("name", "x".repeat(4093))).contains("4096 bytes, these are 1 with 4097"));
    assert!(matches!(Worker::connect("nowhere"), Err(WorkerError::Endpoint(_))));
    let error = Worker::from_env().expect_err("the variable is not set").to_string();
    assert!(error.contains("POWERHOSE_ENDPOINT"), "{error}");
}
