//! A master of its own.

use super::{Site, orders, watcher};
use crate::processes::{end_with_parent, share_heap, trim};
use crate::told::{Order, Teller, Told};
use powerhose::JobRunner;

pub(super) fn play(site: &Site) -> anyhow::Result<()> {
    if let Some(parent) = site.parent {
        end_with_parent(parent)?;
    }
    share_heap();
    let teller = Teller::start();
    let _runner = watcher::settings(JobRunner::builder(), site, teller.clone()).endpoint(&site.ipc).bind()?;
    teller.tell(Told::Ready);
    for order in orders::orders() {
        match order {
            Order::Trim => {
                trim();
                teller.tell(Told::Trimmed);
            }
            // It submits nothing itself.
            Order::Go | Order::Hold | Order::Poison(_) => {}
        }
    }
    Ok(())
}
