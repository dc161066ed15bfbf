//! A worker that is connected: gives one job after the other, and takes what came of each. The thread that runs the jobs holds
//! [`Io`] only while it is in here. While it is out, the keeper stands in.

use super::io::Io;
use super::keeper::{self, Shared};
use super::{Master, handler};
use crate::machine::{Ending, Outcome, Settings};
use crate::stop::{SignalGuard, StopHandle, StopWatch};
use crate::{Endpoint, Job, JobFailure, Reply, WorkerError};
use bytes::Bytes;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::atomic::Ordering;
use std::sync::{Arc, MutexGuard};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// How long leaving in good order may take: the machine itself waits a second for the master's last word.
const LEAVE_WITHIN: Duration = Duration::from_secs(2);

/// See the module. Dropping it leaves in good order.
pub(crate) struct Engine {
    shared: Arc<Shared>,
    keeper: Option<JoinHandle<()>>,
    stop: StopHandle,
    /// For errors.
    endpoint: Endpoint,
    silence_max: Duration,
    /// As long as it lives, SIGTERM and SIGINT tell the worker to leave, if they were to.
    _signals: Option<SignalGuard>,
}

/// How long a job is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Patience {
    Endless,
    Until(Instant),
}

/// What came of waiting for a job.
pub(crate) enum Next {
    /// A job; [`finish`](Engine::finish) is to be called.
    Begun(Begun),
    /// The patience is over.
    NotYet,
    /// The worker has left.
    Ended,
}

/// A job that runs.
pub(crate) struct Begun {
    pub(crate) job: Job,
    pub(crate) at: Instant,
}

impl Patience {
    fn until(self) -> Option<Instant> {
        match self {
            Patience::Endless => None,
            Patience::Until(until) => Some(until),
        }
    }
}

impl Engine {
    /// Connects, and starts the keeper.
    pub(crate) fn open(
        master: Master<'_>,
        settings: Settings,
        stop: StopWatch,
        signals: Option<SignalGuard>,
    ) -> Result<Engine, WorkerError> {
        let (silence_max, stop_handle) = (settings.silence_max, stop.handle());
        let io = Io::open(super::io::connect(master)?, settings, stop)?;
        let shared = Arc::new(Shared::new(io));
        let kept = shared.clone();
        let keeper = thread::Builder::new()
            .name("powerhose-keeper".to_owned())
            .spawn(move || keeper::keep(&kept))
            .map_err(|error| WorkerError::system("start a thread", error))?;
        Ok(Engine {
            shared,
            keeper: Some(keeper),
            stop: stop_handle,
            endpoint: master.endpoint.clone(),
            silence_max,
            _signals: signals,
        })
    }

    pub(crate) fn stop_handle(&self) -> StopHandle {
        self.stop.clone()
    }

    /// The thread that runs the jobs comes in: the keeper keeps away.
    ///
    /// # Errors
    /// [`Unfinished`](WorkerError::Unfinished) while a job runs. Then it stays out.
    pub(crate) fn enter(&self) -> Result<MutexGuard<'_, Io>, WorkerError> {
        let mut io = self.shared.lock();
        io.awake();
        if io.machine.is_running() {
            return Err(WorkerError::Unfinished);
        }
        self.shared.pace.end();
        Ok(io)
    }

    /// The next job, as soon as one is there. Nothing else is given before everything that was said is handed over.
    pub(crate) fn next(
        &self,
        mut io: MutexGuard<'_, Io>,
        mut now: Instant,
        patience: Patience,
    ) -> Result<Next, WorkerError> {
        let mut is_last_look = false;
        loop {
            if let Some(ending) = io.machine.ending() {
                return self.judge(ending).map(|()| Next::Ended);
            }
            let next = if io.has_unsent() { None } else { io.machine.next_job(now) };
            io.act(now);
            if let Some(work) = next {
                let job = Job::new(work, io.begin_job());
                let has_stock = io.machine.has_stock();
                drop(io);
                self.shared.pace.begin(has_stock, self.keeper());
                return Ok(Next::Begun(Begun { job, at: Instant::now() }));
            }
            if is_last_look && io.has_nothing_to_do(now) {
                self.go_out(io);
                return Ok(Next::NotYet);
            }
            is_last_look = patience.until().is_some_and(|until| until <= now);
            io.wait(patience.until());
            now = Instant::now();
            io.turn(now);
        }
    }

    /// The job that runs has ended. What came of it is handed to the wire.
    pub(crate) fn finish(&self, outcome: Outcome<Bytes>, begun_at: Instant) -> (MutexGuard<'_, Io>, Instant) {
        let ended_at = Instant::now();
        self.shared.pace.end();
        let mut io = self.shared.lock();
        io.machine.finish(outcome, ended_at - begun_at);
        io.act(ended_at);
        io.turn_between_jobs(ended_at);
        (io, ended_at)
    }

    /// The thread that runs the jobs goes out without one: the keeper stands in.
    pub(crate) fn go_out(&self, io: MutexGuard<'_, Io>) {
        if self.shared.descriptor.get().is_some() {
            io.announce_sleep();
            self.shared.tell_if_ready(&io);
        }
        drop(io);
        self.shared.pace.stand_in();
    }

    /// Readable when the thread that runs the jobs should come in. From the first call on it is told so.
    pub(crate) fn descriptor(&self) -> Result<BorrowedFd<'_>, WorkerError> {
        let io = self.shared.lock();
        if let Some(descriptor) = self.shared.descriptor.get() {
            return Ok(descriptor.as_fd());
        }
        let made =
            io.descriptor().map_err(|error| WorkerError::system("make a descriptor to sleep on", error))?;
        // Nobody has watched so far: anything may be there.
        io.announce_sleep();
        io.tell();
        Ok(self.shared.descriptor.get_or_init(|| made).as_fd())
    }

    /// Lets the master know, and waits until it does, unless a job runs.
    pub(crate) fn leave(&self) -> Result<(), WorkerError> {
        let Ok(mut io) = self.enter() else { return Ok(()) };
        let mut now = Instant::now();
        let until = now + LEAVE_WITHIN;
        io.machine.leave(now);
        io.act(now);
        while io.machine.ending().is_none() && now < until {
            io.wait(Some(until));
            now = Instant::now();
            io.turn(now);
        }
        io.machine.ending().map_or(Ok(()), |ending| self.judge(ending))
    }

    /// Whether the worker ended as it should.
    fn judge(&self, ending: &Ending) -> Result<(), WorkerError> {
        let endpoint = self.endpoint.clone();
        match ending {
            Ending::Left | Ending::Stopped { .. } => Ok(()),
            Ending::Unreachable => Err(WorkerError::MasterUnreachable { endpoint, after: self.silence_max }),
            Ending::Refused { code, text } => {
                Err(WorkerError::Refused { endpoint, code: code.clone(), text: text.clone() })
            }
        }
    }

    fn keeper(&self) -> &thread::Thread {
        self.keeper.as_ref().expect("it is taken only when the engine is dropped").thread()
    }
}

/// Calls the handler with one job after the other on this thread, until the worker ends.
pub(crate) fn run<R, H>(engine: &Engine, mut handler: H) -> Result<(), WorkerError>
where
    R: Into<Reply>,
    H: FnMut(&Job) -> Result<R, JobFailure>,
{
    handler::install_hook();
    let (mut io, mut now) = (engine.enter()?, Instant::now());
    while let Next::Begun(begun) = engine.next(io, now, Patience::Endless)? {
        let outcome = handler::call(&mut handler, &begun.job);
        (io, now) = engine.finish(outcome, begun.at);
    }
    Ok(())
}

impl Drop for Engine {
    fn drop(&mut self) {
        // A worker that panics goes without a word, as one that is killed does.
        if !thread::panicking()
            && let Err(error) = self.leave()
        {
            tracing::debug!(%error, "while the worker left");
        }
        self.shared.ended.store(true, Ordering::Release);
        if let Some(keeper) = self.keeper.take() {
            keeper.thread().unpark();
            let _ = keeper.join();
        }
    }
}
