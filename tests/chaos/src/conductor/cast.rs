//! The processes of a run, and what each tells.

use super::facts::{Facts, Gone, Registered};
use super::outage::Undo;
use super::start::{self, PATIENCE};
use crate::attackers::is_attacker;
use crate::clock::Moment;
use crate::options::{Mode, Options};
use crate::plan::Planned;
use crate::processes::{Child, Folder, Run};
use crate::roles::Site;
use crate::told::{Order, Tally, Told};
use anyhow::Context;
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, unbounded};
use powerhose::{Supervisor, WorkerExit};
use std::collections::BTreeSet;
use std::thread::JoinHandle;
use std::time::Duration;

/// Clients to which things are done.
const VICTIMS: usize = 2;

pub(crate) struct Cast {
    pub(super) options: Options,
    pub(super) site: Site,
    pub(super) facts: Facts,
    // Dropped in this order: workers, callers, their master, the folder.
    supervisor: Option<Supervisor>,
    pub(super) victims: Vec<Child>,
    pub(super) callers: Child,
    pub(super) master: Option<Child>,
    /// Workers that are registered and were not harmed.
    pub(super) live: BTreeSet<u32>,
    pub(super) stopped: Vec<u32>,
    pub(super) undo: Vec<(Moment, Undo)>,
    pub(super) postponed: Option<Planned>,
    /// What waits until there is a worker to do it to.
    pub(super) unmet: Vec<Planned>,
    pub(super) attackers: Vec<JoinHandle<()>>,
    held: Option<Tally>,
    ready: BTreeSet<u32>,
    trimmed: BTreeSet<u32>,
    sender: Sender<(u32, Told)>,
    inbox: Receiver<(u32, Told)>,
    journal: Receiver<Run>,
    exits: Receiver<(u32, WorkerExit)>,
    next_number: u64,
    goes: bool,
    folder: Folder,
}

impl Cast {
    /// Starts all processes, and waits until they are there.
    pub(super) fn assemble(options: &Options) -> anyhow::Result<Cast> {
        let folder = Folder::make()?;
        let site = start::site(&folder, options.over)?;
        let journal = start::read_journal(&site)?;
        let (sender, inbox) = unbounded();
        let (sender_of_exits, exits) = unbounded();
        let master = match options.mode {
            Mode::Remote => Some(start::start(&folder, "master", &site, &[], &sender)?),
            Mode::Embedded => None,
        };
        if let Some(master) = &master {
            start::wait_until_ready(&inbox, master)?;
        }
        let supervisor = match options.mode {
            Mode::Remote => Some(start::start_workers(&site, options, sender_of_exits)?),
            Mode::Embedded => None,
        };
        let callers = start::callers(&folder, &site, options, &sender)?;
        let mut cast = Cast {
            options: options.clone(),
            site,
            facts: Facts::default(),
            supervisor,
            victims: Vec::new(),
            callers,
            master,
            live: BTreeSet::new(),
            stopped: Vec::new(),
            undo: Vec::new(),
            postponed: None,
            unmet: Vec::new(),
            attackers: Vec::new(),
            held: None,
            ready: BTreeSet::new(),
            trimmed: BTreeSet::new(),
            sender,
            inbox,
            journal,
            exits,
            next_number: 1,
            goes: false,
            folder,
        };
        let callers = cast.callers.id();
        cast.pump_while("the callers start", |cast| !cast.ready.contains(&callers))?;
        for _ in 0..VICTIMS {
            let victim = cast.start_victim()?;
            cast.victims.push(victim);
        }
        let _ = cast.settle()?;
        Ok(cast)
    }

    pub(super) fn start_victim(&mut self) -> anyhow::Result<Child> {
        self.next_number += 1;
        let load = start::load_of_victim(self.next_number, self.options.seed);
        start::start(&self.folder, "callers", &self.site, &load, &self.sender)
    }

    pub(super) fn start_master(&mut self) -> anyhow::Result<()> {
        self.master = Some(start::start(&self.folder, "master", &self.site, &[], &self.sender)?);
        Ok(())
    }

    /// Lets the load begin.
    pub(super) fn go(&mut self) -> anyhow::Result<()> {
        self.goes = true;
        self.callers.order(Order::Go)?;
        self.victims.iter_mut().try_for_each(|victim| victim.order(Order::Go))
    }

    /// Lets the load end, and tells what became of it.
    pub(super) fn hold(&mut self) -> anyhow::Result<Tally> {
        self.goes = false;
        self.held = None;
        self.victims.iter_mut().try_for_each(|victim| victim.order(Order::Hold))?;
        self.callers.order(Order::Hold)?;
        self.pump_while("the jobs end", |cast| cast.held.is_none())?;
        self.held.take().context("they have ended")
    }

    /// Has the process give back memory that it does not need.
    pub(super) fn trim(&mut self) -> anyhow::Result<()> {
        let host = self.host();
        self.trimmed.remove(&host);
        match &mut self.master {
            Some(master) => master.order(Order::Trim)?,
            None => self.callers.order(Order::Trim)?,
        }
        self.pump_while("the master trims", |cast| !cast.trimmed.contains(&host))
    }

    /// Ends all processes.
    pub(super) fn dismiss(mut self) -> Facts {
        self.read_all();
        if let Some(supervisor) = self.supervisor.take() {
            supervisor.kill_all();
            supervisor.wait_finished(PATIENCE);
        }
        self.victims.clear();
        self.callers.kill();
        self.facts.last_words = std::fs::read_to_string(self.site.words()).unwrap_or_default();
        std::mem::take(&mut self.facts)
    }

    pub(super) fn pump_for(&mut self, time: Duration) -> anyhow::Result<()> {
        self.pump_until(Moment::now().plus(time))
    }

    /// Listens, and does what becomes due, until then.
    pub(super) fn pump_until(&mut self, until: Moment) -> anyhow::Result<()> {
        const TICK: Duration = Duration::from_millis(5);
        loop {
            self.read_all();
            self.look_after()?;
            self.check_processes()?;
            let left = until.since(Moment::now());
            if left.is_zero() {
                return Ok(());
            }
            match self.inbox.recv_timeout(left.min(TICK)) {
                Ok((pid, told)) => self.hear(pid, told),
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {}
            }
        }
    }

    fn pump_while(&mut self, what: &str, condition: impl Fn(&Cast) -> bool) -> anyhow::Result<()> {
        let until = Moment::now().plus(PATIENCE);
        while condition(self) {
            anyhow::ensure!(
                Moment::now() < until,
                "waited too long until {what}; the log: {}",
                self.callers.log()
            );
            self.pump_for(Duration::from_millis(20))?;
        }
        Ok(())
    }

    /// Reads what is there.
    pub(super) fn read_all(&mut self) {
        while let Ok((pid, told)) = self.inbox.try_recv() {
            self.hear(pid, told);
        }
        while let Ok(run) = self.journal.try_recv() {
            self.facts.note_run(run);
        }
        self.facts.exits.extend(self.exits.try_iter());
    }

    fn hear(&mut self, process: u32, told: Told) {
        let is_caller = process == self.callers.id();
        match told {
            Told::Ready => self.hear_ready(process),
            Told::Registered { worker, pid, at } => {
                self.facts.registered.push(Registered { worker, pid, at });
                if !is_attacker(pid) {
                    self.live.insert(pid);
                }
            }
            Told::Gone { worker, pid, cause, at } => {
                self.facts.gone.push(Gone { worker, pid, cause, at });
                self.live.remove(&pid);
            }
            // A victim loses jobs of what is done to it.
            Told::Lost(lost) if is_caller => self.facts.lost.push(lost),
            Told::Held(tally) if is_caller => self.held = Some(tally),
            Told::Lost(_) | Told::Held(_) => {}
            Told::Wrong(wrong) => self.facts.wrong.push(wrong),
            Told::Trimmed => {
                self.trimmed.insert(process);
            }
        }
    }

    fn hear_ready(&mut self, process: u32) {
        self.ready.insert(process);
        if self.master.as_ref().is_some_and(|master| master.id() == process) {
            self.end_outage();
        }
        let goes = self.goes;
        let victim = self.victims.iter_mut().find(|victim| victim.id() == process);
        if let (Some(victim), true) = (victim, goes) {
            // One that has just been killed is replaced anyway.
            let _ = victim.order(Order::Go);
        }
    }

    /// No process ends by itself.
    fn check_processes(&mut self) -> anyhow::Result<()> {
        let is_away = self.facts.outages.last().is_some_and(|outage| outage.to == Moment::NEVER);
        let starting = self.undo.iter().any(|(_, undo)| *undo == Undo::StartMaster);
        let master =
            self.master.iter_mut().filter(|_| !(is_away && starting)).map(|master| ("the master", master));
        let callers = std::iter::once(("the callers", &mut self.callers));
        let victims = self.victims.iter_mut().map(|victim| ("a client", victim));
        for (who, child) in master.chain(callers).chain(victims) {
            if let Some(status) = child.ended() {
                anyhow::bail!("{who} ended by itself: {status}; its log:\n{}", child.log());
            }
        }
        Ok(())
    }
}
