//! A master with its workers, and a runner to execute jobs with: the master's own, or that of a client.

use super::{
    Caller, ClientProgram, Gate, Mark, PATIENCE, PROGRAMS, Process, eventually, numbered, rejects, until,
};
use crossbeam_channel::{Receiver, unbounded};
use powerhose::{JobRunner, JobsLost, Notice, Settings, WorkerInfo, WorkerState};
use rustix::process::Signal;
use std::path::Path;
use std::process::Command;
use std::thread::{self, JoinHandle};
use tempfile::TempDir;

/// Where the jobs of a test come from, and who runs them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Setup {
    place: Place,
    language: Language,
    wire: Wire,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Embedded,
    Remote,
    Program,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Language {
    Rust,
    #[cfg(feature = "python-tests")]
    Python,
}

/// What peers reach the master through: each is another implementation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wire {
    UnixSocket,
    Tcp,
}

pub(crate) const EMBEDDED: Setup =
    Setup { place: Place::Embedded, language: Language::Rust, wire: Wire::UnixSocket };
pub(crate) const REMOTE: Setup = Setup { place: Place::Remote, ..EMBEDDED };
pub(crate) const CLIENT_PROGRAM: Setup = Setup { place: Place::Program, ..EMBEDDED };
pub(crate) const OVER_TCP: Setup = Setup { place: Place::Remote, wire: Wire::Tcp, ..EMBEDDED };
#[cfg(feature = "python-tests")]
pub(crate) const PYTHON_WORKERS: Setup = Setup { language: Language::Python, ..EMBEDDED };

impl Setup {
    /// So many workers of the pool `default`.
    pub(crate) fn workers(self, count: usize) -> SceneBuilder {
        self.workers_with(vec![Vec::new(); count])
    }

    /// A worker for each of these lists of pools.
    pub(crate) fn workers_of(self, pools: &[&[&'static str]]) -> SceneBuilder {
        let arguments = |pools: &&[&'static str]| pools.iter().flat_map(|pool| ["--pool", *pool]).collect();
        self.workers_with(pools.iter().map(arguments).collect())
    }

    /// A worker of the tests; its first argument is the endpoint.
    pub(crate) fn worker_command(self) -> Command {
        match self.language {
            Language::Rust => {
                let mut command = Command::new(PROGRAMS.worker);
                command.env("RUST_BACKTRACE", "1");
                command
            }
            #[cfg(feature = "python-tests")]
            Language::Python => {
                let mut command = super::python();
                command.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/commands_worker.py"));
                command
            }
        }
    }

    /// A client of the master at this endpoint; what it needs goes to the folder.
    #[track_caller]
    pub(crate) fn client_of(self, endpoint: &str, folder: &Path) -> Caller {
        match self.place {
            Place::Embedded | Place::Remote => Caller::Own(connect(endpoint)),
            Place::Program => Caller::Program(ClientProgram::connect(endpoint, folder)),
        }
    }

    /// A worker for each of these lists of arguments.
    pub(crate) fn workers_with(self, workers: Vec<Vec<&'static str>>) -> SceneBuilder {
        let mut settings = Settings::default();
        settings.timeout = PATIENCE;
        // Raw peers send no heartbeats, and a loaded machine may keep anybody from it; `silence` is about that.
        settings.silence_max = PATIENCE * 2;
        SceneBuilder { setup: self, settings, workers }
    }
}

pub(crate) struct SceneBuilder {
    setup: Setup,
    settings: Settings,
    workers: Vec<Vec<&'static str>>,
}

impl SceneBuilder {
    /// Changes the master's settings.
    pub(crate) fn settings(mut self, change: impl FnOnce(&mut Settings)) -> SceneBuilder {
        change(&mut self.settings);
        self
    }

    /// Starts the master and the workers, and waits until these have registered.
    #[track_caller]
    pub(crate) fn start(self) -> Scene {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let endpoint = match self.setup.wire {
            Wire::UnixSocket => format!("ipc://{}/master.ipc", folder.path().display()),
            Wire::Tcp => "tcp://127.0.0.1:0".to_owned(),
        };
        let (sender, notices) = unbounded();
        let master = JobRunner::builder()
            .endpoint(&endpoint)
            .settings(self.settings)
            .on_notice(move |notice| drop(sender.send(notice.clone())))
            .bind()
            .expect("a path or port of its own");
        let endpoint = master.endpoints()[0].to_string();
        let runner = match self.setup.place {
            Place::Embedded | Place::Program => master.clone(),
            Place::Remote => connect(&endpoint),
        };
        let caller = match self.setup.place {
            Place::Embedded | Place::Remote => Caller::Own(runner.clone()),
            Place::Program => self.setup.client_of(&endpoint, folder.path()),
        };
        let setup = self.setup;
        let mut scene =
            Scene { workers: Vec::new(), runner, caller, master, notices, endpoint, setup, folder };
        for arguments in &self.workers {
            scene.add_worker(arguments);
        }
        scene.wait_for_workers(self.workers.len());
        scene
    }
}

/// A client of the master at this endpoint.
#[track_caller]
pub(crate) fn connect(endpoint: &str) -> JobRunner {
    let connector = JobRunner::connector(endpoint).connect_timeout(PATIENCE).timeout(PATIENCE);
    connector.connect().expect("the master is there")
}

pub(crate) struct Scene {
    // Dropped in this order: what needs the folder goes before it.
    pub(crate) workers: Vec<Process>,
    /// What the test executes its jobs with.
    pub(crate) runner: JobRunner,
    /// The same, or the client program of a setup that has one.
    pub(crate) caller: Caller,
    /// The master itself, to look at.
    pub(crate) master: JobRunner,
    notices: Receiver<Notice>,
    pub(crate) endpoint: String,
    setup: Setup,
    pub(crate) folder: TempDir,
}

impl Scene {
    /// Whether the caller is a client.
    pub(crate) fn is_remote(&self) -> bool {
        self.setup.place != Place::Embedded
    }

    /// Starts one more worker, and does not wait for it.
    #[track_caller]
    pub(crate) fn add_worker(&mut self, arguments: &[&str]) -> &mut Process {
        let mut command = self.setup.worker_command();
        command.arg(&self.endpoint).args(arguments);
        self.workers.push(Process::start(self.folder.path(), &mut command));
        self.workers.last_mut().expect("one was added")
    }

    /// Any process that ends with the scene.
    #[track_caller]
    pub(crate) fn process(&self, command: &mut Command) -> Process {
        Process::start(self.folder.path(), command)
    }

    #[track_caller]
    pub(crate) fn wait_for_workers(&self, count: usize) {
        self.master.wait_for_workers(count, PATIENCE).expect("they register");
    }

    /// A further client of the master.
    #[track_caller]
    pub(crate) fn client(&self) -> JobRunner {
        connect(&self.endpoint)
    }

    /// A further client of the master, like the scene's own.
    #[track_caller]
    pub(crate) fn another_caller(&self) -> Caller {
        self.setup.client_of(&self.endpoint, self.folder.path())
    }

    /// Drops the runner, and with it an embedded master: nothing is left of the way to it but handles.
    pub(crate) fn drop_runner(self) -> Remains {
        let Scene { workers, runner, caller, master, folder, setup, .. } = self;
        drop((runner, caller));
        Remains {
            _workers: workers,
            _master: (setup.place == Place::Remote).then_some(master),
            _folder: folder,
        }
    }

    /// A gate that is closed.
    pub(crate) fn gate(&self) -> Gate {
        Gate(numbered(self.folder.path(), "gate"))
    }

    /// A mark that no job has made yet.
    pub(crate) fn mark(&self) -> Mark {
        Mark(numbered(self.folder.path(), "mark"))
    }

    /// What the master knows of its workers, in the order in which they registered.
    #[track_caller]
    pub(crate) fn infos(&self) -> Vec<WorkerInfo> {
        self.master.workers().expect("the master is there")
    }

    /// Waits until this many workers are in this state; gives their process ids.
    #[track_caller]
    pub(crate) fn wait_for_state(&self, state: WorkerState, count: usize) -> Vec<u32> {
        eventually(&format!("{count} workers to be {state:?}"), || {
            let infos = self.infos();
            let found: Vec<u32> =
                infos.iter().filter(|info| info.state == state).map(|info| info.pid).collect();
            (found.len() == count).then_some(found)
        })
    }

    /// Waits until the master has taken in this many jobs since its start.
    #[track_caller]
    pub(crate) fn wait_for_accepted(&self, jobs: u64) {
        until("the master to accept the jobs", || {
            self.master.stats().expect("the master is there").accepted >= jobs
        });
    }

    /// Lets the master close in a thread of its own, once it takes no further jobs.
    #[track_caller]
    pub(crate) fn drain(&self) -> JoinHandle<Result<(), JobsLost>> {
        let master = self.master.clone();
        let closing = thread::spawn(move || master.close(PATIENCE));
        until("it to close", || rejects(&self.master));
        closing
    }

    /// Waits for the next notice of which `pick` makes something.
    #[track_caller]
    pub(crate) fn notice<T>(&self, mut pick: impl FnMut(Notice) -> Option<T>) -> T {
        loop {
            let notice = self.notices.recv_timeout(PATIENCE).expect("it is noticed");
            if let Some(picked) = pick(notice) {
                return picked;
            }
        }
    }

    /// The notices that were not waited for.
    pub(crate) fn other_notices(&self) -> Vec<Notice> {
        self.notices.try_iter().collect()
    }

    /// Sends a signal to the worker process with this id.
    #[track_caller]
    pub(crate) fn signal(&self, id: u32, signal: Signal) {
        self.workers.iter().find(|worker| worker.id() == id).expect("it is one of ours").signal(signal);
    }

    /// The worker process with this id.
    #[track_caller]
    pub(crate) fn worker(&mut self, id: u32) -> &mut Process {
        self.workers.iter_mut().find(|worker| worker.id() == id).expect("it is one of ours")
    }
}

/// What is left of a scene without its runner.
pub(crate) struct Remains {
    _workers: Vec<Process>,
    _master: Option<JobRunner>,
    _folder: TempDir,
}
