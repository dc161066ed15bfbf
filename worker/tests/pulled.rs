//! A worker whose test asks for its jobs itself, against a master that says what the test wants.

mod support;

use powerhose_harness::until;
use powerhose_protocol::{Kind, Quieted, WorkerEnd};
use powerhose_worker::{JobFailure, NextJob, PulledJob, PulledWorker, Worker, WorkerError};
use rustix::event::Timespec;
use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::thread;
use std::time::{Duration, Instant};
use support::{Master, PATIENCE};

struct Stage {
    master: Master,
    worker: PulledWorker,
    /// The loop of the worker's program.
    epoll: OwnedFd,
    _folder: tempfile::TempDir,
}

impl Stage {
    /// A worker that has registered. Its program's loop sleeps on its descriptor.
    fn start() -> Stage {
        Stage::start_with(EventFlags::IN)
    }

    fn start_with(flags: EventFlags) -> Stage {
        let folder = tempfile::tempdir().expect("a folder");
        let mut master = Master::bind(folder.path());
        let worker = Worker::connect(&master.endpoint).expect("an endpoint").ignore_signals();
        let mut worker = worker.open().expect("it opens");
        let epoll = epoll::create(CreateFlags::CLOEXEC).expect("a descriptor");
        let descriptor = worker.descriptor().expect("one");
        epoll::add(&epoll, descriptor, EventData::new_u64(0), flags).expect("it can be watched");
        let admitted = thread::spawn(move || {
            master.admit();
            master
        });
        // It asks for jobs meanwhile: one whose time is over is answered then.
        while !admitted.is_finished() {
            assert!(matches!(worker.next_job_timeout(Duration::from_millis(5)), Ok(NextJob::NotYet)));
        }
        Stage { master: admitted.join().expect("no panic"), worker, epoll, _folder: folder }
    }

    fn next_job(&mut self) -> PulledJob {
        self.worker.next_job().expect("it goes on").expect("a job")
    }

    /// The worker's program is elsewhere until the descriptor can be read.
    fn sleep(&self) {
        let within = Timespec { tv_sec: PATIENCE.as_secs() as i64, tv_nsec: 0 };
        let mut events = [MaybeUninit::uninit()];
        let (seen, _) = epoll::wait(&self.epoll, &mut events, Some(&within)).expect("it can be waited for");
        assert_eq!(seen.len(), 1, "it can be read");
    }

    /// Whether the descriptor can be read now.
    fn is_readable(&self) -> bool {
        let now = Timespec { tv_sec: 0, tv_nsec: 0 };
        let mut events = [MaybeUninit::uninit()];
        let (seen, _) = epoll::wait(&self.epoll, &mut events, Some(&now)).expect("it can be waited for");
        !seen.is_empty()
    }

    /// Sleeps on the descriptor until there is something.
    fn sleep_until_next(&mut self) -> NextJob {
        let until = Instant::now() + PATIENCE;
        loop {
            match self.worker.try_next_job().expect("it goes on") {
                NextJob::NotYet if Instant::now() < until => self.sleep(),
                next => return next,
            }
        }
    }

    /// Asks for jobs until there is one, or the descriptor tells of nothing any more.
    fn sleep_until_next_or_quiet(&mut self) -> NextJob {
        let until = Instant::now() + PATIENCE;
        loop {
            match self.worker.try_next_job().expect("it goes on") {
                NextJob::NotYet if self.is_readable() => assert!(Instant::now() < until, "it is never quiet"),
                next => return next,
            }
        }
    }

    /// The worker leaves in good order.
    fn end(self) {
        let Stage { mut master, worker, _folder, .. } = self;
        let left = thread::spawn(|| worker.leave());
        master.see_off();
        left.join().expect("no panic").expect("it left in good order");
    }
}

#[test]
fn jobs_are_pulled_and_answered_one_after_the_other() {
    let mut stage = Stage::start();
    stage.master.give(&[(1, b"first"), (2, b"second")], 60_000);
    let first = stage.next_job();
    assert_eq!((first.payload(), first.pool(), first.attempt()), (&b"first"[..], "default", 1));
    assert_eq!(stage.worker.try_next_job().expect_err("one runs"), WorkerError::Unfinished);
    first.finish("one");
    let answer = stage.master.answer();
    assert_eq!((answer.call, answer.end, &answer.payload[..]), (1, WorkerEnd::Done, &b"one"[..]));
    stage.next_job().fail(JobFailure::new("no", "on purpose"));
    let answer = stage.master.answer();
    assert_eq!((answer.call, answer.end, &*answer.code), (2, WorkerEnd::Failed, "no"));
    stage.end();
}

#[test]
fn a_job_that_is_dropped_fails() {
    let mut stage = Stage::start();
    stage.master.give(&[(1, b"")], 60_000);
    drop(stage.next_job());
    let answer = stage.master.answer();
    assert_eq!((answer.call, answer.end, &*answer.code), (1, WorkerEnd::Failed, "dropped"));
    stage.end();
}

#[test]
fn a_job_is_finished_on_another_thread_while_the_loop_sleeps() {
    let mut stage = Stage::start();
    stage.master.give(&[(1, b""), (2, b"")], 60_000);
    let NextJob::Job(first) = stage.sleep_until_next() else { panic!("a job is there") };
    let finished = thread::spawn(|| first.finish("elsewhere"));
    // Nothing comes over the wire: the second job has been read with the first.
    stage.sleep();
    finished.join().expect("no panic");
    let NextJob::Job(second) = stage.sleep_until_next() else { panic!("a job is there") };
    second.finish("here");
    assert_eq!([stage.master.answer().payload, stage.master.answer().payload], [&b"elsewhere"[..], b"here"]);
    stage.end();
}

#[test]
fn the_descriptor_tells_of_jobs_whoever_reads_them() {
    jobs_are_told_of(Stage::start());
}

#[test]
fn a_loop_that_is_told_of_changes_only_misses_no_job() {
    jobs_are_told_of(Stage::start_with(EventFlags::IN | EventFlags::ET));
}

fn jobs_are_told_of(mut stage: Stage) {
    for call in 1..=20 {
        assert!(matches!(stage.worker.try_next_job(), Ok(NextJob::NotYet)));
        stage.master.give(&[(call, b"")], 60_000);
        // A heartbeat after it: for every other job the keeper has read it before the loop looks.
        if call % 2 == 0 {
            stage.master.expect(Kind::Heartbeat);
        }
        let NextJob::Job(job) = stage.sleep_until_next() else { panic!("a job is there") };
        job.finish("done");
        assert_eq!(stage.master.answer().call, call);
    }
    stage.end();
}

#[test]
fn the_descriptor_is_readable_until_the_job_is_taken_and_not_longer() {
    let mut stage = Stage::start();
    assert!(matches!(stage.sleep_until_next_or_quiet(), NextJob::NotYet));
    stage.master.give(&[(1, b"")], 60_000);
    for _ in 0..3 {
        stage.sleep();
    }
    // The keeper has read it from the wire by then.
    stage.master.expect(Kind::Heartbeat);
    stage.sleep();
    let NextJob::Job(job) = stage.sleep_until_next() else { panic!("a job is there") };
    job.finish("done");
    assert_eq!(stage.master.answer().call, 1);
    assert!(matches!(stage.sleep_until_next_or_quiet(), NextJob::NotYet));
    stage.end();
}

#[test]
fn heartbeats_go_on_while_a_job_runs_and_while_nobody_asks() {
    let mut stage = Stage::start();
    stage.master.give(&[(1, b"")], 60_000);
    let job = stage.next_job();
    for _ in 0..3 {
        stage.master.expect(Kind::Heartbeat);
    }
    job.finish("done");
    for _ in 0..3 {
        stage.master.expect(Kind::Heartbeat);
    }
    stage.end();
}

#[test]
fn a_cancelled_job_tells_so() {
    let mut stage = Stage::start();
    stage.master.give(&[(1, b"")], 60_000);
    let job = stage.next_job();
    stage.master.cancel(1);
    until("it to be told", || job.is_cancelled());
    job.finish("nobody waits");
    stage.end();
}

#[test]
fn nothing_comes_in_time_and_the_worker_goes_on() {
    let mut stage = Stage::start();
    assert!(matches!(stage.worker.next_job_timeout(Duration::from_millis(1)), Ok(NextJob::NotYet)));
    stage.master.give(&[(1, b"")], 60_000);
    let Ok(NextJob::Job(job)) = stage.worker.next_job_timeout(PATIENCE) else { panic!("a job is there") };
    job.finish("done");
    stage.end();
}

#[test]
fn a_stop_wakes_the_loop_and_ends_the_jobs() {
    let mut stage = Stage::start();
    assert!(matches!(stage.worker.try_next_job(), Ok(NextJob::NotYet)));
    stage.worker.stop_handle().stop();
    // The master never answers QUIET: after a second it leaves all the same.
    assert!(matches!(stage.sleep_until_next(), NextJob::Ended));
}

#[test]
fn a_worker_that_is_dropped_while_a_job_runs_leaves_when_that_is_answered() {
    let mut stage = Stage::start();
    stage.master.give(&[(1, b""), (2, b"")], 60_000);
    let job = stage.next_job();
    let Stage { mut master, worker, _folder, .. } = stage;
    drop(worker);
    master.expect(Kind::Quiet);
    let returned = master.answer();
    assert_eq!((returned.call, returned.end), (2, WorkerEnd::Returned));
    master.say(Quieted { session: master.session() }, &[]);
    let finished = thread::spawn(|| job.finish("the last"));
    assert_eq!(master.answer().payload, b"the last");
    master.expect(Kind::Bye);
    finished.join().expect("no panic");
}

#[test]
fn an_end_that_was_not_wanted_is_told_to_who_asks_for_a_job() {
    let folder = tempfile::tempdir().expect("a folder");
    let endpoint = format!("ipc://{}/nobody.ipc", folder.path().display());
    let worker = Worker::connect(&endpoint).expect("an endpoint").ignore_signals();
    let mut worker = worker.silence_max(Duration::from_millis(100)).open().expect("it opens");
    assert!(worker.next_job().expect_err("there is no master").is_unreachable());
}
