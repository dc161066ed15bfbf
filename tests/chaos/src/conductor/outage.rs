//! Faults that take the master away for a while, and what is to be undone later.

use super::cast::Cast;
use super::facts::Outage;
use super::start::PATIENCE;
use crate::clock::Moment;
use crate::fault::Fault;
use crate::options::Mode;
use crate::plan::Planned;
use crate::processes::{is_child_of, send_signal};
use rustix::process::Signal;
use std::time::Duration;

/// Longer than every patience of a client, shorter than that of a worker.
const PAUSE: Duration = Duration::from_secs(10);
/// In a run shorter than a minute.
const PAUSE_OF_SHORT_RUN: Duration = Duration::from_secs(2);
const SHORT_RUN: Duration = Duration::from_secs(60);
/// So long after an outage the next one may come.
const RECOVERY: Duration = Duration::from_secs(2);

/// What is to be undone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Undo {
    /// A process that is stopped is to go on.
    Continue(u32),
    StartMaster,
    ContinueMaster,
}

impl Cast {
    /// Takes the master away, unless it is.
    pub(super) fn apply_to_master(&mut self, planned: Planned) -> anyhow::Result<()> {
        let free_since = self.facts.outages.last().map_or(Moment(0), |outage| outage.to);
        if Moment::now() < free_since.plus(RECOVERY) {
            // One may wait; a run in which all that is planned waits would not end.
            self.postponed.get_or_insert(planned);
            return Ok(());
        }
        let Planned { fault, mut random, .. } = planned;
        self.count(fault, "");
        let from = Moment::now();
        self.facts.outages.push(Outage { from, to: Moment::NEVER });
        if fault == Fault::MasterKill {
            if let Some(master) = &mut self.master {
                master.kill();
            }
            self.read_all();
            self.live.clear();
            self.undo.push((from.plus(random.millis(0, 1500)), Undo::StartMaster));
        } else {
            send_signal(self.host(), Signal::STOP);
            let pause = if self.options.length() < SHORT_RUN { PAUSE_OF_SHORT_RUN } else { PAUSE };
            self.undo.push((from.plus(pause), Undo::ContinueMaster));
        }
        Ok(())
    }

    /// Undoes what is due, and applies what was postponed if its time has come.
    pub(super) fn look_after(&mut self) -> anyhow::Result<()> {
        let now = Moment::now();
        let due: Vec<Undo> = self.undo.extract_if(.., |(at, _)| *at <= now).map(|(_, undo)| undo).collect();
        for undo in due {
            match undo {
                Undo::Continue(pid) => {
                    self.stopped.retain(|stopped| *stopped != pid);
                    if is_child_of(pid, self.parent_of_workers()) || is_child_of(pid, std::process::id()) {
                        send_signal(pid, Signal::CONT);
                    }
                }
                Undo::StartMaster => self.start_master()?,
                Undo::ContinueMaster => {
                    send_signal(self.host(), Signal::CONT);
                    self.end_outage();
                }
            }
        }
        self.apply_unmet();
        match self.postponed.take() {
            Some(planned) => self.apply_to_master(planned),
            None => Ok(()),
        }
    }

    /// The master is there again.
    pub(super) fn end_outage(&mut self) {
        if let Some(outage) = self.facts.outages.last_mut() {
            outage.to = Moment::now();
        }
    }

    /// Waits until nothing is left to be undone or applied; for a worker that never comes only so long.
    pub(super) fn calm_down(&mut self) -> anyhow::Result<()> {
        let is_away =
            |cast: &Cast| cast.facts.outages.last().is_some_and(|outage| outage.to == Moment::NEVER);
        let until = Moment::now().plus(PATIENCE);
        let waits = |cast: &Cast| !cast.unmet.is_empty() && Moment::now() < until;
        while !self.undo.is_empty() || self.postponed.is_some() || is_away(self) || waits(self) {
            self.pump_for(Duration::from_millis(50))?;
        }
        self.attackers.drain(..).for_each(|attacker| drop(attacker.join()));
        Ok(())
    }

    /// The process that has the master.
    pub(super) fn host(&self) -> u32 {
        match (&self.master, self.options.mode) {
            (Some(master), Mode::Remote) => master.id(),
            (_, _) => self.callers.id(),
        }
    }

    /// The process that starts the workers.
    pub(super) fn parent_of_workers(&self) -> u32 {
        match self.options.mode {
            Mode::Remote => std::process::id(),
            Mode::Embedded => self.callers.id(),
        }
    }
}
