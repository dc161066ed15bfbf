//! The policy under random histories: a model of processes that obey, linger, fail and crash, and what must always
//! hold. A failure names its seed, which reproduces it.

use super::slot::Stop;
use super::tests::registered;
use super::*;
use crate::supervisor::Recycling;
use std::collections::BTreeMap;

const SEEDS: u64 = 2000;
const STEPS: usize = 120;

/// A process of the model.
struct Process {
    slot: usize,
    killed: bool,
}

struct World {
    policy: Policy,
    random: Random,
    now: Instant,
    living: BTreeMap<u32, Process>,
    next_pid: u32,
    wanted: usize,
    stopped: bool,
    finished: bool,
    /// In these histories only a replacement asks a worker to end.
    fixed_size: bool,
}

impl World {
    fn new(seed: u64) -> World {
        let mut random = Random::new(seed);
        let age_max = Some(Duration::from_secs(60)).filter(|_| random.number().is_multiple_of(2));
        let recycling = Recycling { age_max, ..Recycling::default() };
        let extra_max = (random.number() % 3) as usize;
        let starting_max = 1 + (random.number() % 5) as usize;
        let settings =
            SupervisorSettings { recycling, extra_max, starting_max, ..SupervisorSettings::default() };
        let fixed_size = random.number().is_multiple_of(2);
        let now = Instant::now();
        let policy = Policy::new(settings, seed);
        let living = BTreeMap::new();
        let wanted = 0;
        let (stopped, finished) = (false, false);
        let mut world =
            World { policy, random, now, living, next_pid: 100, wanted, stopped, finished, fixed_size };
        world.resize(4);
        world
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.random.number() % bound
    }

    fn resize(&mut self, workers: usize) {
        if !self.stopped {
            self.wanted = workers;
        }
        self.policy.handle(self.now, Event::Resize { workers });
    }

    fn stop(&mut self, within: Duration) {
        self.stopped = true;
        self.wanted = 0;
        self.policy.handle(self.now, Event::StopAll { within });
        self.act();
    }

    fn any_process(&mut self) -> Option<u32> {
        let count = self.living.len() as u64;
        let nth = if count == 0 { return None } else { self.below(count) };
        self.living.keys().nth(nth as usize).copied()
    }

    fn step(&mut self) {
        match self.below(19) {
            0 if !self.fixed_size => {
                let workers = self.below(7) as usize;
                self.resize(workers);
            }
            1 => self.policy.handle(self.now, Event::ReplaceAll),
            2 => self.pass(Duration::from_secs(12)),
            11 => {
                if let Some(pid) = self.any_process() {
                    self.policy.handle(self.now, Event::Worn { pid, wear: Wear::Jobs });
                }
            }
            12 => {
                if let Some(pid) = self.any_process() {
                    self.policy.handle(self.now, Event::Left { worker: pid });
                }
            }
            13 => {
                if let Some(pid) = self.any_process() {
                    self.exit(pid, WorkerExit::Status(0));
                }
            }
            3..=5 => {
                if let Some(pid) = self.any_process() {
                    self.exit(pid, WorkerExit::Signal(9));
                }
            }
            6..=10 => {
                if let Some(pid) = self.any_process() {
                    self.policy.handle(self.now, registered(pid));
                }
            }
            _ => self.pass_to_deadline(),
        }
        self.act();
        self.check();
    }

    fn exit(&mut self, pid: u32, exit: WorkerExit) {
        self.living.remove(&pid);
        self.policy.handle(self.now, Event::Exited { pid, exit: Some(exit) });
    }

    fn pass(&mut self, duration: Duration) {
        self.now += duration;
        self.policy.handle_timeout(self.now);
    }

    fn pass_to_deadline(&mut self) {
        if let Some((deadline, reason)) = self.policy.poll_timeout() {
            self.now = self.now.max(deadline);
            self.policy.handle_timeout(self.now);
            let next = self.policy.poll_timeout().map(|(deadline, _)| deadline);
            assert!(next.is_none_or(|next| next > self.now), "{reason} is due without end");
        }
    }

    fn act(&mut self) {
        while let Some(action) = self.policy.poll_action() {
            assert!(!self.finished, "{action:?} after the end");
            match action {
                Action::Spawn { slot } => self.spawn(slot),
                Action::Terminate { pid } => {
                    assert!(!self.living[&pid].killed, "{pid} was killed before");
                    self.check_successor(pid);
                }
                Action::Kill { pid } => {
                    let process = self.living.get_mut(&pid).expect("only what lives is killed");
                    assert!(!std::mem::replace(&mut process.killed, true), "{pid} is killed twice");
                }
                Action::Report(SupervisorEvent::Finished) => {
                    assert!(self.stopped && self.living.is_empty());
                    self.finished = true;
                }
                Action::Report(_) => {}
            }
        }
    }

    fn spawn(&mut self, slot: usize) {
        assert!(slot < self.wanted, "slot {slot} is not wanted");
        let here = self.living.values().filter(|process| process.slot == slot).count();
        let predecessors = usize::from(self.policy.slots[slot].predecessor.is_some());
        assert_eq!(here, predecessors, "slot {slot} is taken");
        if self.below(8) == 0 {
            let error = SpawnError::NotFound { program: "worker".into() };
            return self.policy.handle(self.now, Event::SpawnFailed { slot, error });
        }
        self.living.insert(self.next_pid, Process { slot, killed: false });
        self.policy.handle(self.now, Event::Spawned { slot, pid: self.next_pid });
        self.next_pid += 1;
    }

    /// Whoever is replaced ends only when another is ready in its place, if there is room for both.
    fn check_successor(&self, pid: u32) {
        if self.fixed_size && !self.stopped && self.policy.settings.extra_max > 0 {
            let slot = &self.policy.slots[self.living[&pid].slot];
            let settled = matches!(slot.state, State::Ready { pid: ready, .. } if ready != pid);
            assert!(settled, "{pid} is to end before its successor is ready: {slot:?}");
        }
    }

    fn check(&self) {
        let starting = self.policy.slots.iter().filter(|slot| slot.is_starting()).count();
        assert!(starting <= self.policy.settings.starting_max, "{starting} start at once");
        assert_eq!(self.policy.wanted, self.wanted);
        let asked = |state: &&State| matches!(state, State::Stopping { why: Stop::Asked, .. });
        if self.fixed_size && !self.stopped {
            let slots = &self.policy.slots;
            let states = slots.iter().flat_map(Slot::states);
            let stopping = states.filter(asked).count();
            assert!(stopping <= 1, "{stopping} workers are replaced at once");
            let extra = slots.iter().filter(|slot| slot.predecessor.is_some()).count();
            assert!(extra <= 1.min(self.policy.settings.extra_max), "{extra} processes too many");
        }
        for slot in &self.policy.slots {
            let mut pids = slot.states().filter_map(State::pid);
            assert!(
                pids.all(|pid| self.living.contains_key(&pid)),
                "{slot:?} holds a process that has ended"
            );
        }
    }

    /// From now on all that is killed dies, all that is asked to end does, all that starts registers, and nobody grows
    /// too old.
    fn calm_down(&mut self) {
        self.policy.settings.recycling.age_max = None;
        for _ in 0..200 {
            for pid in self.living.keys().copied().collect::<Vec<_>>() {
                let slot = self.policy.find(pid).expect("what lives has a slot");
                match self.policy.slots[slot].process(pid) {
                    Some(State::Stopping { .. }) => self.exit(pid, WorkerExit::Status(0)),
                    _ => self.policy.handle(self.now, registered(pid)),
                }
                self.act();
            }
            self.act();
            self.pass_to_deadline();
            self.act();
            self.check();
        }
    }
}

/// Prints the seed of the history that panics.
struct NameSeed(u64);

impl Drop for NameSeed {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("seed {}", self.0);
        }
    }
}

#[test]
fn whatever_happens_all_wanted_workers_come_back_and_a_stop_ends() {
    for seed in 0..SEEDS {
        let _name = NameSeed(seed);
        let mut world = World::new(seed);
        world.act();
        for _ in 0..STEPS {
            world.step();
        }
        world.calm_down();
        let ready = |slot: &Slot| slot.is_settled() || matches!(slot.state, State::GivenUp);
        assert!(world.policy.slots.iter().all(ready), "{:?}", world.policy.slots);
        assert_eq!(world.policy.slots.len(), world.wanted);
        assert!(!matches!(world.policy.phase, super::Phase::Replacing));
        world.stop(Duration::from_secs(seed % 3));
        for _ in 0..STEPS {
            world.step();
        }
        world.calm_down();
        assert!(world.finished && world.policy.is_finished());
    }
}
