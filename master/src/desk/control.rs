//! Orders of operators, which workers get through the master.

use super::{Desk, Timer};
use crate::common::GoneCause;
use crate::dispatcher::{PeerKey, Selection};
use crate::state::map;
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
    pub(super) pending: Vec<Pending>,
    /// The last one's number. It comes round again, long after the few that may wait at once.
    last: u32,
}

pub(super) struct Pending {
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

impl Desk {
    pub(super) fn control(&mut self, key: PeerKey, control: &Control<'_>) {
        let Some(route) = self.sessions.get(key).map(|session| session.route) else { return };
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
        let selection = match (selector.strip_prefix("pool:"), selector.parse()) {
            (Some(pool), _) => Selection::Pool(pool),
            (None, Ok(number)) => Selection::Number(number),
            (None, Err(_)) if selector == "all" => Selection::All,
            (None, Err(_)) => return None,
        };
        Some(self.dispatcher.select(selection))
    }

    fn begin(&mut self, worker: PeerKey, verb: Verb) {
        let Some(session) = self.sessions.get(worker) else { return };
        let (route, session) = (session.route, session.id);
        match verb {
            Verb::Quiet | Verb::Drain | Verb::Stop => {
                self.send(route, Message::Quiet(Quiet { session }));
                self.quiet(worker);
            }
            Verb::Resume => {
                self.send(route, Message::Resume(Resume { session }));
                self.dispatcher.resume(worker);
            }
        }
    }

    /// Looks which orders have had their full effect.
    pub(super) fn follow_controls(&mut self) {
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
    fn is_left(&mut self, worker: PeerKey, verb: Verb) -> bool {
        let Some(outstanding) = self.dispatcher.outstanding(worker) else { return false };
        match verb {
            Verb::Quiet | Verb::Resume => false,
            Verb::Drain => outstanding > 0,
            Verb::Stop if outstanding == 0 => {
                self.send_bye(worker, "stop", "ordered to stop");
                self.dispatcher.gone(worker, GoneCause::Goodbye);
                self.follow();
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
        let Some(asker) = self.sessions.get(pending.asker) else { return };
        let (route, session) = (asker.route, asker.id);
        let progress = map([
            ("matched", (pending.matched as u64).into()),
            ("left", (pending.left.len() as u64).into()),
            ("done", pending.left.is_empty().into()),
        ]);
        self.send(route, Message::Controlled(Controlled { session, id: pending.id, progress }));
    }
}
