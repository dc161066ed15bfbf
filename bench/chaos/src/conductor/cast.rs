//! Everybody who plays in a run, and what they tell.

use super::facts::{Facts, Gone, Registered};
use super::outage::Undo;
use crate::attackers::is_attacker;
use crate::clock::Moment;
use crate::options::{Mode, Options};
use crate::plan::Planned;
use crate::processes::{Child, Folder, JournalReader, Run};
use crate::random::Random;
use crate::roles::Site;
use crate::told::{Order, Tally, Told};
use anyhow::Context;
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, unbounded};
use powerhose_master::{Readiness, Supervisor, SupervisorSettings, WorkerCommand, WorkerOutput};
use std::collections::{BTreeSet, VecDeque};
use std::net::TcpListener;
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// Clients to which things are done.
const VICTIMS: usize = 2;
/// Callers that wait at once, in the process whose jobs are accounted for, and in each of the victims.
const CALLERS: u64 = 32;
const CALLERS_OF_VICTIM: u64 = 4;
const RATE_OF_VICTIM: u64 = 20;
/// How long a process may take to start or to answer.
const PATIENCE: Duration = Duration::from_secs(90);
/// Below the ports that the system gives to whoever connects: a worker that connects again and again to a port of those,
/// while nobody listens there, may be given that very port and meet itself.
const PORTS: (u64, u64) = (15_000, 30_000);

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
    pub(super) postponed: VecDeque<Planned>,
    pub(super) attackers: Vec<JoinHandle<()>>,
    held: Option<Tally>,
    ready: BTreeSet<u32>,
    trimmed: BTreeSet<u32>,
    sender: Sender<(u32, Told)>,
    inbox: Receiver<(u32, Told)>,
    journal: Receiver<Run>,
    next_number: u64,
    goes: bool,
    folder: Folder,
}

impl Cast {
    /// Starts everybody, and waits until they are there.
    pub(super) fn assemble(options: &Options) -> anyhow::Result<Cast> {
        let folder = Folder::make()?;
        let mut random = Random::of_part(options.seed, 2);
        let site = Site {
            parent: Some(std::process::id()),
            ipc: format!("ipc://{}/master.ipc", folder.path().display()),
            tcp: format!("tcp://127.0.0.1:{}", free_port(&mut random)?),
            journal: folder.path().join("journal"),
        };
        let journal = read_journal(&site)?;
        let (sender, inbox) = unbounded();
        let master = match options.mode {
            Mode::Remote => Some(start(&folder, "master", &site, &[], &sender)?),
            Mode::Embedded => None,
        };
        if let Some(master) = &master {
            wait_until_ready(&inbox, master)?;
        }
        let supervisor = match options.mode {
            Mode::Remote => Some(start_workers(&site, options)?),
            Mode::Embedded => None,
        };
        let callers = callers(&folder, &site, options, &sender)?;
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
            postponed: VecDeque::new(),
            attackers: Vec::new(),
            held: None,
            ready: BTreeSet::new(),
            trimmed: BTreeSet::new(),
            sender,
            inbox,
            journal,
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
        let load =
            load(Mode::Remote, self.next_number, self.options.seed, RATE_OF_VICTIM, CALLERS_OF_VICTIM, 0);
        start(&self.folder, "callers", &self.site, &load, &self.sender)
    }

    pub(super) fn start_master(&mut self) -> anyhow::Result<()> {
        self.master = Some(start(&self.folder, "master", &self.site, &[], &self.sender)?);
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

    /// Ends everybody.
    pub(super) fn dismiss(mut self) -> Facts {
        self.read_all();
        if let Some(supervisor) = self.supervisor.take() {
            supervisor.kill_all();
            supervisor.wait_finished(PATIENCE);
        }
        self.victims.clear();
        self.callers.kill();
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

    /// Nobody ends by himself.
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

fn start(
    folder: &Folder,
    role: &str,
    site: &Site,
    more: &[String],
    inbox: &Sender<(u32, Told)>,
) -> anyhow::Result<Child> {
    let parent = ["--parent".to_owned(), std::process::id().to_string()];
    let arguments = std::iter::once(role.to_owned()).chain(site.arguments()).chain(parent);
    Child::start(folder.path(), &arguments.chain(more.iter().cloned()).collect::<Vec<_>>(), inbox.clone())
}

fn callers(
    folder: &Folder,
    site: &Site,
    options: &Options,
    inbox: &Sender<(u32, Told)>,
) -> anyhow::Result<Child> {
    let load = load(options.mode, 1, options.seed, options.rate, CALLERS, options.workers);
    start(folder, "callers", site, &load, inbox)
}

fn load(mode: Mode, number: u64, seed: u64, rate: u64, threads: u64, workers: u64) -> Vec<String> {
    let numbers =
        [("number", number), ("seed", seed), ("rate", rate), ("threads", threads), ("workers", workers)];
    let numbers = numbers.into_iter().flat_map(|(name, value)| [format!("--{name}"), value.to_string()]);
    ["--mode".to_owned(), mode.to_string()].into_iter().chain(numbers).collect()
}

fn start_workers(site: &Site, options: &Options) -> anyhow::Result<Supervisor> {
    let program = std::env::current_exe().context("this program has no path")?;
    let command = WorkerCommand::new(program).argument("worker").arguments(site.arguments());
    let settings = SupervisorSettings {
        workers: options.workers as usize,
        readiness: Readiness::Lives { throughout: Duration::from_millis(200) },
        backoff_min: Duration::from_millis(50),
        backoff_max: Duration::from_secs(1),
        seed: Some(options.seed),
        ..SupervisorSettings::default()
    };
    Ok(Supervisor::start(command.output(WorkerOutput::Discard), settings, Box::new(|_| {}))?)
}

fn read_journal(site: &Site) -> anyhow::Result<Receiver<Run>> {
    let mut reader = JournalReader::make(&site.journal)?;
    let (sender, journal) = unbounded();
    thread::spawn(move || {
        while let Ok(run) = reader.next()
            && sender.send(run).is_ok()
        {}
    });
    Ok(journal)
}

fn wait_until_ready(inbox: &Receiver<(u32, Told)>, child: &Child) -> anyhow::Result<()> {
    match inbox.recv_timeout(PATIENCE) {
        Ok((pid, Told::Ready)) if pid == child.id() => Ok(()),
        other => anyhow::bail!("the master does not start: {other:?}; its log:\n{}", child.log()),
    }
}

fn free_port(random: &mut Random) -> anyhow::Result<u64> {
    (0..100)
        .map(|_| random.between(PORTS.0, PORTS.1))
        .find(|port| TcpListener::bind(("127.0.0.1", *port as u16)).is_ok())
        .context("no port is free")
}
