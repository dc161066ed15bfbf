//! How the processes of a run are started, and where they meet.

use crate::options::{Mode, Options, Over};
use crate::processes::{Child, Folder, JournalReader, Run};
use crate::roles::Site;
use crate::told::Told;
use anyhow::Context;
use crossbeam_channel::{Receiver, Sender, unbounded};
use powerhose::{
    Readiness, Supervisor, SupervisorEvent, SupervisorSettings, WorkerCommand, WorkerExit, WorkerOutput,
};
use powerhose_harness::Draws;
use std::net::TcpListener;
use std::thread;
use std::time::Duration;

/// Callers that wait at once, in the process whose jobs are accounted for, and in each of the victims.
const CALLERS: u64 = 32;
const CALLERS_OF_VICTIM: u64 = 4;
const RATE_OF_VICTIM: u64 = 20;
/// How long a process may take to start or to answer.
pub(super) const PATIENCE: Duration = Duration::from_secs(90);
/// Below the ports that the system gives to sockets that connect: a worker that connects again and again to a port of those,
/// while nobody listens there, may be given that very port and meet itself.
const PORTS: (u64, u64) = (15_000, 30_000);

/// Where the processes of a run meet.
pub(super) fn site(folder: &Folder, over: Over) -> anyhow::Result<Site> {
    Ok(Site {
        parent: Some(std::process::id()),
        ipc: format!("ipc://{}/master.ipc", folder.path().display()),
        tcp: format!("tcp://127.0.0.1:{}", free_port()?),
        journal: folder.path().join("journal"),
        over,
    })
}

/// A process of this program in a role. To be called on the main thread.
pub(super) fn start(
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

/// The callers whose jobs are accounted for.
pub(super) fn callers(
    folder: &Folder,
    site: &Site,
    options: &Options,
    inbox: &Sender<(u32, Told)>,
) -> anyhow::Result<Child> {
    let load = load(options.mode, 1, options.seed, options.rate, CALLERS, options.workers);
    start(folder, "callers", site, &[load, options.foreign.arguments()].concat(), inbox)
}

/// The arguments of a client to which things are done.
pub(super) fn load_of_victim(number: u64, seed: u64) -> Vec<String> {
    load(Mode::Remote, number, seed, RATE_OF_VICTIM, CALLERS_OF_VICTIM, 0)
}

fn load(mode: Mode, number: u64, seed: u64, rate: u64, threads: u64, workers: u64) -> Vec<String> {
    let numbers =
        [("number", number), ("seed", seed), ("rate", rate), ("threads", threads), ("workers", workers)];
    let numbers = numbers.into_iter().flat_map(|(name, value)| [format!("--{name}"), value.to_string()]);
    ["--mode".to_owned(), mode.to_string()].into_iter().chain(numbers).collect()
}

/// The workers of a master of its own.
pub(super) fn start_workers(
    site: &Site,
    options: &Options,
    exits: Sender<(u32, WorkerExit)>,
) -> anyhow::Result<Supervisor> {
    let listener = move |event| {
        if let SupervisorEvent::Exited { pid, exit: Some(exit), .. } = event {
            // At the end of the run nobody listens.
            let _ = exits.send((pid, exit));
        }
    };
    let program = std::env::current_exe().context("this program has no path")?;
    let command = WorkerCommand::new(program).arg("worker");
    let command = command.args(site.arguments()).args(options.foreign.arguments());
    let settings = SupervisorSettings {
        workers: options.workers as usize,
        readiness: Readiness::Lives { throughout: Duration::from_millis(200) },
        backoff_min: Duration::from_millis(50),
        backoff_max: Duration::from_secs(1),
        seed: Some(options.seed),
        ..SupervisorSettings::default()
    };
    Ok(Supervisor::start(command.output(WorkerOutput::Discard), settings, Box::new(listener))?)
}

/// What the workers note, as it comes.
pub(super) fn read_journal(site: &Site) -> anyhow::Result<Receiver<Run>> {
    let mut reader = JournalReader::make(&site.journal)?;
    let (sender, journal) = unbounded();
    thread::spawn(move || {
        while let Ok(run) = reader.next()
            && sender.send(run).is_ok()
        {}
    });
    Ok(journal)
}

pub(super) fn wait_until_ready(inbox: &Receiver<(u32, Told)>, child: &Child) -> anyhow::Result<()> {
    match inbox.recv_timeout(PATIENCE) {
        Ok((pid, Told::Ready)) if pid == child.id() => Ok(()),
        other => anyhow::bail!("the master does not start: {other:?}; its log:\n{}", child.log()),
    }
}

fn free_port() -> anyhow::Result<u64> {
    // Not by the seed: runs of the same seed may go on at the same time.
    let mut random = Draws::new(std::process::id().into());
    (0..100)
        .map(|_| random.between(PORTS.0, PORTS.1))
        .find(|port| TcpListener::bind(("127.0.0.1", *port as u16)).is_ok())
        .context("no port is free")
}
