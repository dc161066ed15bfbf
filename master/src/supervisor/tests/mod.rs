//! The supervisor with real processes: shells and `sleep`s, each ended by its process id. No test waits but for a
//! condition, and for that with a bound.

mod ends;
mod starts;
mod surroundings;

use super::*;
use crate::common::WorkerExit;
use crossbeam_channel::{Receiver, unbounded};
use rustix::process::{Pid, Signal, kill_process};
use std::time::Instant;
use tempfile::TempDir;

/// No condition takes longer, also on a loaded machine.
const BOUND: Duration = Duration::from_secs(20);

struct Scene {
    supervisor: Supervisor,
    events: Receiver<SupervisorEvent>,
    folder: TempDir,
}

impl Scene {
    /// Workers that run this script in a folder of their own.
    fn new(script: &str, settings: SupervisorSettings) -> Scene {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let (supervisor, events) = start(shell(script).current_dir(folder.path()), settings);
        Scene { supervisor, events, folder }
    }

    /// What happens next, but that a start has to wait.
    fn next(&self) -> SupervisorEvent {
        loop {
            match self.events.recv_timeout(BOUND).expect("something happens in time") {
                SupervisorEvent::Waits { .. } => {}
                event => return event,
            }
        }
    }

    fn spawned(&self) -> u32 {
        match self.next() {
            SupervisorEvent::Spawned { pid, .. } => pid,
            other => panic!("{other:?} instead of a start"),
        }
    }

    fn exited(&self, expected: u32) -> WorkerExit {
        match self.next() {
            SupervisorEvent::Exited { pid, exit: Some(exit), .. } if pid == expected => exit,
            other => panic!("{other:?} instead of the end of {expected}"),
        }
    }

    /// What a worker wrote into this file of its folder, as soon as there is a whole line.
    fn line(&self, name: &str) -> String {
        let path = self.folder.path().join(name);
        eventually(|| std::fs::read_to_string(&path).ok().filter(|text| text.ends_with('\n')))
            .trim_end()
            .to_owned()
    }
}

fn shell(script: &str) -> WorkerCommand {
    WorkerCommand::new("/bin/sh").args(["-c", script]).output(WorkerOutput::Discard)
}

fn start(command: WorkerCommand, settings: SupervisorSettings) -> (Supervisor, Receiver<SupervisorEvent>) {
    let (sender, events) = unbounded();
    let listener = Box::new(move |event| drop(sender.send(event)));
    (Supervisor::start(command, settings, listener).expect("there is a shell"), events)
}

fn workers(workers: usize) -> SupervisorSettings {
    SupervisorSettings { workers, starting_max: WORKERS_MAX, ..SupervisorSettings::default() }
}

fn eventually<T>(mut condition: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + BOUND;
    loop {
        if let Some(value) = condition() {
            return value;
        }
        assert!(Instant::now() < deadline, "not within {BOUND:?}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Whether the process runs. A zombie does not: the process that adopts orphans may be slow to reap them.
fn lives(pid: u32) -> bool {
    let Ok(stat) = std::fs::read_to_string(format!("/proc/{pid}/stat")) else { return false };
    let after_name = stat.rsplit(')').next().expect("a split has a last part");
    !matches!(after_name.trim_start().chars().next(), Some('Z' | 'X') | None)
}

fn kill(pid: u32) {
    let pid = Pid::from_raw(pid.try_into().expect("a process id")).expect("not 0");
    kill_process(pid, Signal::KILL).expect("it lives");
}

fn number(text: &str) -> u32 {
    text.trim().parse().expect("a process id")
}
