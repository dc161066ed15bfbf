//! How a fault is applied.

use super::cast::Cast;
use super::facts::HarmKind;
use super::outage::Undo;
use crate::attackers::{garbage, half_open, registrations};
use crate::clock::Moment;
use crate::fault::Fault;
use crate::plan::Planned;
use crate::processes::{is_child_of, send_signal, when_ended};
use crate::told::Order;
use crate::work::Act;
use powerhose_harness::Draws;
use rustix::process::Signal;
use std::thread;

/// The master must bear with a worker that stands still for so long: no longer than its connection's heartbeats allow.
const SHORT_STOP_MS: (u64, u64) = (50, 1500);
/// Longer than its patience.
const LONG_STOP_MS: (u64, u64) = (6000, 9000);

impl Cast {
    pub(super) fn apply(&mut self, planned: Planned) -> anyhow::Result<()> {
        if planned.fault.is_of_master() {
            return self.apply_to_master(planned);
        }
        if planned.fault.is_of_worker() {
            self.apply_to_worker(planned);
            return Ok(());
        }
        let Planned { fault, mut random, .. } = planned;
        match fault {
            Fault::HandlerHang => self.poison(fault, Act::Hang)?,
            Fault::HandlerPanic => self.poison(fault, Act::Panic)?,
            Fault::HandlerExit => self.poison(fault, Act::Exit)?,
            Fault::HandlerAbort => self.poison(fault, Act::Abort)?,
            Fault::ClientKill => self.kill_client(&mut random)?,
            Fault::ClientStop => self.stop_client(&mut random),
            Fault::Registrations => self.attack(fault, random, registrations),
            Fault::Garbage => self.attack(fault, random, garbage),
            Fault::HalfOpen => self.attack(fault, random, half_open),
            Fault::WorkerKill | Fault::WorkerDrain | Fault::WorkerStop => {}
            Fault::MasterKill | Fault::MasterPause => {}
        }
        Ok(())
    }

    /// Does something to a worker. If there is none to which nothing is being done, one fault of each kind waits for it.
    fn apply_to_worker(&mut self, planned: Planned) {
        let mut random = planned.random.clone();
        let Some(pid) = self.pick_worker(&mut random) else {
            if self.unmet.iter().all(|unmet| unmet.fault != planned.fault) {
                self.unmet.push(planned);
            }
            return;
        };
        match planned.fault {
            Fault::WorkerDrain => self.harm_worker(Fault::WorkerDrain, pid, Signal::TERM, HarmKind::Drain),
            Fault::WorkerStop => self.stop_worker(pid, &mut random),
            fault => self.harm_worker(fault, pid, Signal::KILL, HarmKind::Kill),
        }
    }

    /// Applies what has waited for a worker.
    pub(super) fn apply_unmet(&mut self) {
        std::mem::take(&mut self.unmet).into_iter().for_each(|planned| self.apply_to_worker(planned));
    }

    /// Counts a fault that was applied.
    pub(super) fn count(&mut self, fault: Fault, to: &str) {
        *self.facts.applied.entry(fault).or_default() += 1;
        if self.options.verbose {
            eprintln!("{:.3} s: {fault} {to}", Moment::now().since(self.facts.begun).as_secs_f64());
        }
    }

    /// Ends a worker in one way or the other.
    fn harm_worker(&mut self, fault: Fault, pid: u32, signal: Signal, harm: HarmKind) {
        if harm == HarmKind::Kill {
            let ends = self.facts.ends.clone();
            when_ended(pid, move |at| ends.note(pid, at));
        }
        let at = Moment::now();
        if send_signal(pid, signal) {
            self.facts.harm(pid, harm, at);
            self.live.remove(&pid);
            self.count(fault, &pid.to_string());
        }
    }

    /// For a moment that the master must bear, or for longer than its patience.
    fn stop_worker(&mut self, pid: u32, random: &mut Draws) {
        let long = random.below(3) == 0;
        let (least, most) = if long { LONG_STOP_MS } else { SHORT_STOP_MS };
        let at = Moment::now();
        if send_signal(pid, Signal::STOP) {
            if long {
                self.facts.harm(pid, HarmKind::Stop, at);
            }
            self.stopped.push(pid);
            self.undo.push((at.plus(random.millis(least, most)), Undo::Continue(pid)));
            self.count(Fault::WorkerStop, &pid.to_string());
        }
    }

    /// One that is registered and to which nothing is being done.
    fn pick_worker(&self, random: &mut Draws) -> Option<u32> {
        let parent = self.parent_of_workers();
        let live = self.live.iter().copied();
        let candidates: Vec<u32> =
            live.filter(|pid| !self.stopped.contains(pid) && is_child_of(*pid, parent)).collect();
        random.pick(&candidates).copied()
    }

    fn poison(&mut self, fault: Fault, act: Act) -> anyhow::Result<()> {
        self.callers.order(Order::Poison(act))?;
        self.count(fault, "");
        Ok(())
    }

    fn kill_client(&mut self, random: &mut Draws) -> anyhow::Result<()> {
        let place = random.below(self.victims.len() as u64) as usize;
        let pid = self.victims[place].id();
        self.victims[place].kill();
        self.stopped.retain(|stopped| *stopped != pid);
        self.victims[place] = self.start_victim()?;
        self.count(Fault::ClientKill, &pid.to_string());
        Ok(())
    }

    fn stop_client(&mut self, random: &mut Draws) {
        let running: Vec<u32> =
            self.victims.iter().map(|victim| victim.id()).filter(|pid| !self.stopped.contains(pid)).collect();
        let Some(pid) = random.pick(&running).copied() else { return };
        if send_signal(pid, Signal::STOP) {
            self.stopped.push(pid);
            self.undo.push((Moment::now().plus(random.millis(500, 8000)), Undo::Continue(pid)));
            self.count(Fault::ClientStop, &pid.to_string());
        }
    }

    fn attack(&mut self, fault: Fault, random: Draws, attack: fn(&crate::roles::Site, Draws)) {
        let site = self.site.clone();
        self.attackers.retain(|attacker| !attacker.is_finished());
        self.attackers.push(thread::spawn(move || attack(&site, random)));
        self.count(fault, "");
    }
}
