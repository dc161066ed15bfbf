//! Callers of a master, in this process or another: they hold the load.

use super::{Site, orders, watcher};
use crate::language::ForeignWorkers;
use crate::load::{Caller, Canary, Shared};
use crate::options::Mode;
use crate::processes::{end_with_parent, share_heap, trim};
use crate::told::{Order, Teller, Told};
use anyhow::Context;
use powerhose::{Cluster, JobRunner};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

/// How long everything may take to be there.
const START_WITHIN: Duration = Duration::from_secs(60);

/// What kind of load.
pub(super) struct Load {
    pub(super) mode: Mode,
    pub(super) number: u64,
    pub(super) seed: u64,
    pub(super) rate: u64,
    pub(super) threads: u64,
    pub(super) workers: u64,
}

/// The master, as far as it is here.
enum Host {
    Elsewhere(JobRunner),
    Here(Cluster),
}

pub(super) fn play(site: &Site, load: Load, foreign: &ForeignWorkers) -> anyhow::Result<()> {
    if let Some(parent) = site.parent {
        end_with_parent(parent)?;
    }
    share_heap();
    let teller = Teller::start();
    let host = host(site, &load, foreign, teller.clone())?;
    let runner = match &host {
        Host::Elsewhere(runner) => runner.clone(),
        Host::Here(cluster) => cluster.runner(),
    };
    let shared = Arc::new(Shared::new(teller.clone(), Canary::start(), load.number));
    for thread in 0..load.threads {
        let caller = Caller::new(runner.clone(), shared.clone(), &load.pace(), thread);
        thread::Builder::new().name(format!("caller-{thread}")).spawn(move || caller.run())?;
    }
    teller.tell(Told::Ready);
    for order in orders::orders() {
        match order {
            Order::Go => shared.go(),
            Order::Hold => {
                // Answered from another thread: what does not end must not keep this one from listening.
                let (shared, teller) = (shared.clone(), teller.clone());
                thread::spawn(move || teller.tell(Told::Held(shared.hold())));
            }
            Order::Poison(act) => shared.poison(act),
            Order::Trim => {
                trim();
                teller.tell(Told::Trimmed);
            }
        }
    }
    Ok(())
}

fn host(site: &Site, load: &Load, foreign: &ForeignWorkers, teller: Teller) -> anyhow::Result<Host> {
    match load.mode {
        Mode::Remote => {
            let connector = JobRunner::connector(site.endpoint(load.number)).connect_timeout(START_WITHIN);
            Ok(Host::Elsewhere(connector.connect()?))
        }
        Mode::Embedded => {
            let program = std::env::current_exe().context("this program has no path")?;
            let cluster = Cluster::builder(program)
                .arg("worker")
                .args(site.arguments())
                .args(foreign.arguments())
                .workers(load.workers as usize)
                .worker_start(START_WITHIN)
                .endpoint(&site.ipc)
                .master(|builder| watcher::settings(builder, site, teller))
                .start()?;
            Ok(Host::Here(cluster))
        }
    }
}

impl Load {
    fn pace(&self) -> crate::load::Pace {
        let pause = Duration::from_secs(self.threads) / u32::try_from(self.rate).unwrap_or(u32::MAX);
        crate::load::Pace { seed: self.seed, pause }
    }
}
