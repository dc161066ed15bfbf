//! What must be true. The reference only watches: callers, wire and notices go past it, and what does not
//! fit what went past before is a violation.
//!
//! * `calls`: every caller's side. A call ends once, in time, with its own outcome.
//! * `model`: what the present master must be holding, and `sessions`, who is connected to it.
//! * `events`: what goes into the master. `jobs`: what it gives to workers. `outcomes`: how it ends jobs.
//! * `turn`: what must hold whenever the master has acted upon all that came. `fairness`: whose turn it was.

mod calls;
mod events;
mod fairness;
mod jobs;
mod model;
mod outcomes;
mod sessions;
mod turn;

pub(crate) use calls::{Call, CallFacts, CallState, Caller};
pub(crate) use model::{MasterFacts, Standing};

use model::Model;

use crate::coverage::{Counted, Coverage};
use crate::verdict::{Check, Verdict};
use powerhose::desk::{Action, Desk, Route};
use std::time::Instant;

/// The observer.
#[derive(Default)]
pub(crate) struct Reference {
    pub(crate) calls: Vec<Call>,
    model: Option<Model>,
    pub(crate) verdict: Verdict,
    pub(crate) coverage: Coverage,
    /// Every session there ever was.
    sessions_used: std::collections::BTreeSet<u64>,
}

impl Reference {
    pub(crate) fn count(&mut self, counted: Counted) {
        self.coverage.count(counted);
    }

    /// A master begins.
    pub(crate) fn master_started(&mut self, facts: MasterFacts) {
        self.model = Some(Model::new(facts));
    }

    /// The master is gone, and the callers in its process with it.
    pub(crate) fn master_gone(&mut self) {
        self.model = None;
        for call in &mut self.calls {
            if call.caller == Caller::Embedded && call.state == CallState::Waiting {
                call.state = CallState::Gone;
                self.coverage.count(Counted::StepCallerDied);
            }
        }
    }

    /// What the master wants done.
    pub(crate) fn acted(&mut self, now: Instant, action: &Action) {
        match action {
            Action::Send { route, header, payloads } => self.sent(now, *route, header, payloads),
            // The loop knows no longer whom to tell.
            Action::Complete { call, .. } if self.was_dropped(*call) => {}
            Action::Complete { call, outcome } => {
                self.job_ended(now, powerhose_protocol::JobId::new(0, *call), outcome);
                self.completed(now, Caller::Embedded, *call, outcome);
            }
            Action::Notify(notice) => self.noticed(now, notice),
            Action::Cut { route } => self.cut_off(*route),
            Action::Closed => self.closed(),
        }
    }

    fn was_dropped(&self, call: u64) -> bool {
        self.model
            .as_ref()
            .is_some_and(|model| model.dropped.contains(&powerhose_protocol::JobId::new(0, call)))
    }

    /// Only a peer without manners is cut off.
    fn cut_off(&mut self, route: Route) {
        let Some(model) = &self.model else { return };
        let honest = model.standings.get(&route).is_some_and(|standing| standing.honest);
        self.verdict.must(Check::GoneForAReason, !honest, || format!("{route:?} is cut off"));
        self.coverage.count(Counted::StepCutOff);
    }

    fn closed(&mut self) {
        let Some(model) = &self.model else { return };
        let left = model.jobs.len();
        self.verdict.must(Check::EndsOnce, left == 0, || format!("the master closed with {left} jobs"));
        self.coverage.count(Counted::StepMasterClosed);
    }

    /// The end of a connection is handed in.
    pub(crate) fn ended(&mut self, route: Route) {
        if let Some(model) = &mut self.model {
            model.ended(route);
        }
    }

    /// A peer connects.
    pub(crate) fn connected(&mut self, route: Route, standing: Standing) {
        if let Some(model) = &mut self.model {
            model.connected(route, standing);
        }
    }

    /// Some dispatch at a worker on another connection whose answer a caller waits for.
    pub(crate) fn dispatch_elsewhere(&self, route: Route) -> Option<(powerhose_protocol::JobId, u64)> {
        self.model.as_ref()?.dispatch_elsewhere(route)
    }

    /// The master was paused until now; deaf if it was so long that silence means nothing.
    pub(crate) fn master_paused(&mut self, now: Instant, deaf: bool) {
        if let Some(model) = &mut self.model {
            model.was_paused(now, deaf);
        }
    }

    /// After a message on this connection, its session is over.
    pub(crate) fn fewer_peers(&mut self, route: Route) {
        if let Some(session) = self.model.as_mut().and_then(|model| model.session_mut(route)) {
            session.end();
        }
    }

    /// After the supervisor's word: which worker the master took it for.
    pub(crate) fn looked_at(&mut self, desk: &Desk) {
        if let Some(model) = &mut self.model {
            model.find_buried(desk);
        }
    }
}
