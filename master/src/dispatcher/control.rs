//! Orders of operators, which workers get through the master.

use super::peer::{Peer, PeerKey};
use super::status::map;
use super::worker::{Service, Worker};
use super::{Dispatcher, Timer};
use crate::timers::TimerKey;
use powerhose_protocol::{Control, Controlled, Kind, Message, Quiet, Resume};
use std::time::Duration;
use tracing::info;

/// Orders that may wait for their effect at once.
const CONTROLS_MAX: usize = 1024;
/// When an operator that gave one order too many may try again.
const RETRY_AFTER_MS: u64 = 1000;

/// Orders that have not had their full effect yet.
#[derive(Default)]
pub(super) struct Controls {
    pending: Vec<Pending>,
    /// The last one's number. It comes round again, long after the few that may wait at once.
    last: u32,
}

struct Pending {
    number: u32,
    timer: TimerKey,
    asker: PeerKey,
    id: u64,
    verb: Verb,
    matched: usize,
    left: Vec<PeerKey>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Verb {
    Quiet,
    Resume,
    Drain,
    Stop,
}

impl Controls {
    /// How many wait for their effect.
    pub(super) fn len(&self) -> usize {
        self.pending.len()
    }
}

impl Verb {
    fn parse(word: &str) -> Option<Verb> {
        Some(match word {
            "quiet" => Verb::Quiet,
            "resume" => Verb::Resume,
            "drain" => Verb::Drain,
            "stop" => Verb::Stop,
            _ => return None,
        })
    }
}

impl Dispatcher {
    pub(super) fn control(&mut self, key: PeerKey, control: &Control<'_>) {
        let Some(route) = self.peers[key].route else { return };
        let kind = Kind::Control as u64;
        let Some(verb) = Verb::parse(control.verb) else {
            let text = "a verb is \"quiet\", \"resume\", \"drain\" or \"stop\"";
            return self.reject(route, kind, Some(control.id), "verb", text, None);
        };
        let Some(workers) = self.select(control.selector) else {
            let text = "a selector is \"all\", \"pool:NAME\" or a worker's id";
            return self.reject(route, kind, Some(control.id), "selector", text, None);
        };
        if self.controls.pending.len() == CONTROLS_MAX {
            let text = "too many orders wait for their effect";
            return self.reject(route, kind, Some(control.id), "controls_max", text, Some(RETRY_AFTER_MS));
        }
        info!(verb = control.verb, selector = control.selector, workers = workers.len(), "an order");
        workers.iter().for_each(|worker| self.begin(*worker, verb));
        self.controls.last = self.controls.last.wrapping_add(1);
        let number = self.controls.last;
        let until = self.now + Duration::from_millis(control.within_ms);
        let timer = self.timers.set(until, Timer::Control(number));
        let (matched, id) = (workers.len(), control.id);
        self.controls.pending.push(Pending { number, timer, asker: key, id, verb, matched, left: workers });
    }

    fn select(&self, selector: &str) -> Option<Vec<PeerKey>> {
        let pool = selector.strip_prefix("pool:").map(|name| self.pools.find(name));
        let id = selector.parse::<u64>().ok();
        if pool.is_none() && id.is_none() && selector != "all" {
            return None;
        }
        let matches = |peer: &Peer, worker: &Worker| match (pool, id) {
            (Some(pool), _) => worker.memberships.iter().any(|(offered, _)| Some(*offered) == pool),
            (None, Some(id)) => peer.number == id,
            (None, None) => true,
        };
        let selected = self.peers.registered().filter(|(_, peer, worker)| matches(peer, worker));
        Some(selected.map(|(key, ..)| key).collect())
    }

    fn begin(&mut self, key: PeerKey, verb: Verb) {
        let (session, Some(route)) = (self.peers[key].session, self.peers[key].route) else { return };
        match verb {
            Verb::Quiet | Verb::Drain | Verb::Stop => {
                self.send(route, Message::Quiet(Quiet { session }));
                self.quiet(key);
            }
            Verb::Resume => {
                self.peers.worker(key).service = Service::On;
                self.send(route, Message::Resume(Resume { session }));
                self.relist(key);
            }
        }
    }

    /// Looks which orders have had their full effect.
    pub(super) fn follow_controls(&mut self) {
        if self.controls.pending.is_empty() {
            return;
        }
        for mut pending in std::mem::take(&mut self.controls.pending) {
            let left = std::mem::take(&mut pending.left);
            pending.left = left.into_iter().filter(|worker| self.is_left(*worker, pending.verb)).collect();
            if pending.left.is_empty() {
                self.timers.stop(pending.timer);
                self.send_controlled(&pending);
            } else {
                self.controls.pending.push(pending);
            }
        }
    }

    /// Whether the order still has to take effect on this worker.
    fn is_left(&mut self, key: PeerKey, verb: Verb) -> bool {
        let Some(worker) = self.peers.get(key).and_then(Peer::worker) else { return false };
        let idle = worker.outstanding.is_empty();
        match verb {
            Verb::Quiet | Verb::Resume => false,
            Verb::Drain => !idle,
            Verb::Stop if idle => {
                self.send_bye(key, "stop", "ordered to stop");
                self.gone(key, super::GoneCause::Goodbye);
                false
            }
            Verb::Stop => true,
        }
    }

    /// An order took as long as it may: its operator learns how far it came.
    pub(super) fn control_expired(&mut self, number: u32) {
        if let Some(place) = self.controls.pending.iter().position(|pending| pending.number == number) {
            let pending = self.controls.pending.remove(place);
            self.send_controlled(&pending);
        }
    }

    fn send_controlled(&mut self, pending: &Pending) {
        let Some(asker) = self.peers.get(pending.asker) else { return };
        let (session, Some(route)) = (asker.session, asker.route) else { return };
        let progress = map([
            ("matched", (pending.matched as u64).into()),
            ("left", (pending.left.len() as u64).into()),
            ("done", pending.left.is_empty().into()),
        ]);
        self.send(route, Message::Controlled(Controlled { session, id: pending.id, progress }));
    }
}
