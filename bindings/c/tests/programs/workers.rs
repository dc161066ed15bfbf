//! A master of the workspace, and worker processes of other programs.

use super::tools::{Program, TIME};
use powerhose::JobRunner;
use powerhose_harness::{eventually, send_signal};
use rustix::process::Signal;
use std::process::Child;
use tempfile::TempDir;

/// A master in this process, on a socket in a folder of its own.
pub(crate) struct Scene {
    pub(crate) runner: JobRunner,
    pub(crate) endpoint: String,
    _folder: TempDir,
}

impl Scene {
    pub(crate) fn new() -> Scene {
        let folder = tempfile::tempdir().expect("a folder");
        let endpoint = format!("ipc://{}", folder.path().join("master.ipc").display());
        let runner = JobRunner::bind(&*endpoint).expect("it listens");
        Scene { runner, endpoint, _folder: folder }
    }
}

/// Workers, which are killed when it is dropped.
pub(crate) struct Workers(Vec<Child>);

impl Workers {
    /// Starts them and waits until they have registered.
    pub(crate) fn start(scene: &Scene, program: &Program, count: usize) -> Workers {
        let start = |_| {
            let mut command = program.command(&[]);
            command.env("POWERHOSE_ENDPOINT", &scene.endpoint).spawn().expect("it can be started")
        };
        let workers = Workers((0..count).map(start).collect());
        scene.runner.wait_for_workers(count, TIME).expect("they register");
        workers
    }

    /// Asks them to leave; each must end with status 0.
    #[track_caller]
    pub(crate) fn leave(mut self) {
        for mut worker in self.0.drain(..) {
            send_signal(worker.id(), Signal::TERM);
            let status = eventually("a worker that leaves", || worker.try_wait().expect("it is our child"));
            assert!(status.success(), "{status}");
        }
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        for worker in &mut self.0 {
            // It may have ended.
            let _ = worker.kill();
            let _ = worker.wait();
        }
    }
}
