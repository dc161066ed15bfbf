//! The policy by examples: what happens, and what is done about it. The time is handed in; no process exists.

mod fleet;
mod leaving;
mod recycling;
mod replacing;
mod worker;

use super::*;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

const SECOND: Duration = Duration::from_secs(1);
const DRAIN: Duration = Duration::from_secs(30);

/// A policy whose processes are numbered 100, 101 and so on in the order of their starts.
struct Scene {
    policy: Policy,
    now: Instant,
    next_pid: u32,
    refusal: Option<SpawnError>,
}

impl Scene {
    fn with(settings: SupervisorSettings) -> Scene {
        Scene::staggered(WORKERS_MAX, settings)
    }

    /// So many processes start at once.
    fn staggered(starting_max: usize, settings: SupervisorSettings) -> Scene {
        let workers = settings.workers;
        let policy = Policy::new(SupervisorSettings { starting_max, ..settings }, 1);
        let mut scene = Scene { policy, now: Instant::now(), next_pid: 100, refusal: None };
        scene.on(Event::Resize { workers });
        scene
    }

    /// So many workers have been started and none has registered.
    fn starting(workers: usize) -> Scene {
        let mut scene = Scene::with(SupervisorSettings { workers, ..SupervisorSettings::default() });
        assert_eq!(scene.done().len(), workers);
        scene
    }

    /// So many workers, 100 and on, have registered.
    fn ready(workers: usize) -> Scene {
        let mut scene = Scene::starting(workers);
        for pid in (100..).take(workers) {
            scene.on(registered(pid));
        }
        assert!(scene.done().is_empty());
        scene
    }

    fn on(&mut self, event: Event) {
        self.policy.handle(self.now, event);
    }

    /// It leaves in good order.
    fn ends_well(&mut self, pid: u32) {
        self.on(Event::Exited { pid, exit: Some(WorkerExit::Status(0)) });
    }

    fn exits(&mut self, pid: u32) {
        self.on(Event::Exited { pid, exit: Some(WorkerExit::Status(1)) });
    }

    fn pass(&mut self, duration: Duration) {
        self.now += duration;
        self.policy.handle_timeout(self.now);
    }

    /// Goes to the next deadline and gives its reason and how long it took.
    fn pass_to_deadline(&mut self) -> (&'static str, Duration) {
        let (deadline, reason) = self.policy.poll_timeout().expect("something is due");
        let wait = deadline - self.now;
        self.pass(wait);
        (reason, wait)
    }

    /// Carries the actions out and gives them in words.
    fn done(&mut self) -> Vec<String> {
        let mut done = Vec::new();
        while let Some(action) = self.policy.poll_action() {
            match action {
                Action::Spawn { slot } => self.answer(slot),
                Action::Terminate { pid } => done.push(format!("terminate {pid}")),
                Action::Kill { pid } => done.push(format!("kill {pid}")),
                // It goes with every back-off.
                Action::Report(SupervisorEvent::Waits { .. }) => {}
                Action::Report(event) => done.push(in_words(event)),
            }
        }
        done
    }

    fn answer(&mut self, slot: usize) {
        match &self.refusal {
            Some(error) => self.on(Event::SpawnFailed { slot, error: error.clone() }),
            None => {
                self.on(Event::Spawned { slot, pid: self.next_pid });
                self.next_pid += 1;
            }
        }
    }
}

/// It registered itself, without a wrapper around it.
pub(super) fn registered(pid: u32) -> Event {
    Event::Registered { pid, worker: pid }
}

fn in_words(event: SupervisorEvent) -> String {
    match event {
        SupervisorEvent::Spawned { slot, pid } => format!("{pid} spawned in {slot}"),
        SupervisorEvent::SpawnFailed { slot, .. } => format!("spawn failed in {slot}"),
        SupervisorEvent::Exited { pid, registered, asked, .. } => {
            let registered = if registered { "ready" } else { "new" };
            let asked = if asked { " as asked" } else { "" };
            format!("{registered} {pid} exited{asked}")
        }
        SupervisorEvent::Left { pid, .. } => format!("{pid} left"),
        SupervisorEvent::Waits { wait, .. } => format!("waits {wait:?}"),
        SupervisorEvent::NotRegistered { pid, .. } => format!("{pid} not registered"),
        SupervisorEvent::GivenUp { slot, failures, .. } => format!("{slot} given up after {failures}"),
        SupervisorEvent::NotReplaced { slot, failures, .. } => {
            format!("{slot} not replaced after {failures}")
        }
        SupervisorEvent::Recycled { pid, wear, .. } => format!("{pid} recycled for {wear}"),
        SupervisorEvent::Replaced => "replaced".to_owned(),
        SupervisorEvent::ReplacementHalted { slot, working: 0 } => {
            format!("replacement halted at {slot}, no worker is left")
        }
        SupervisorEvent::ReplacementHalted { slot, .. } => format!("replacement halted at {slot}"),
        SupervisorEvent::Finished => "finished".to_owned(),
    }
}

fn refusal(errno: rustix::io::Errno) -> SpawnError {
    let source = Arc::new(io::Error::from(errno));
    SpawnError::Io { program: PathBuf::from("worker"), source }
}
