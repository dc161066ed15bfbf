//! What a client asks its master to tell of itself. A question that a session took with it is asked again in the next.

use super::ClientMachine;
use super::action::ClientAction;
use super::session::Connection;
use crate::dispatcher::{Stats, WorkerInfo};
use powerhose_protocol::{Message, State, Status, Value};
use tracing::warn;

/// The queries that make up the stats, in the order in which they are asked and answered.
const STATS_QUERIES: [&str; 2] = ["master", "pools"];

/// What somebody wants to know.
#[derive(Debug, Default)]
pub(super) struct Questions {
    workers: Asked,
    stats: Asked,
    /// The first half of the stats.
    master: Option<Value>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Asked {
    #[default]
    No,
    Unsent,
    Sent,
}

impl Asked {
    fn lost(&mut self) {
        if *self == Asked::Sent {
            *self = Asked::Unsent;
        }
    }

    fn send(&mut self) -> bool {
        let unsent = *self == Asked::Unsent;
        if unsent {
            *self = Asked::Sent;
        }
        unsent
    }
}

impl ClientMachine {
    /// Somebody wants to know the workers; [`ClientAction::Workers`] will tell.
    pub fn ask_workers(&mut self) {
        self.questions.workers = Asked::Unsent;
    }

    /// Somebody wants to know what the master has counted; [`ClientAction::Stats`] will tell.
    pub fn ask_stats(&mut self) {
        self.questions.stats = Asked::Unsent;
    }

    pub(super) fn send_questions(&mut self) {
        let Connection::Live(session) = &self.connection else { return };
        let session = session.session;
        let mut queries = Vec::new();
        if self.questions.workers.send() {
            queries.push("workers");
        }
        if self.questions.stats.send() {
            queries.extend(STATS_QUERIES);
        }
        for query in queries {
            self.send(Message::Status(Status { session, query }).encode(), Vec::new());
        }
    }

    /// The session ended: no answer comes in it any longer.
    pub(super) fn questions_lost(&mut self) {
        self.questions.workers.lost();
        self.questions.stats.lost();
        self.questions.master = None;
    }

    pub(super) fn told(&mut self, state: State<'_>) {
        match state.query {
            "workers" => self.told_workers(&state.state),
            "master" => self.questions.master = Some(state.state),
            "pools" => self.told_pools(&state.state),
            _ => {}
        }
    }

    fn told_workers(&mut self, state: &Value) {
        let workers = state.field("workers").and_then(Value::as_array).unwrap_or(&[]);
        let workers = workers.iter().filter_map(WorkerInfo::from_value).collect();
        answered(&mut self.questions.workers);
        self.actions.push_back(ClientAction::Workers(workers));
    }

    fn told_pools(&mut self, pools: &Value) {
        let Some(master) = self.questions.master.take() else { return };
        let stats = Stats::from_values(&master, pools);
        if stats.is_none() {
            warn!("the master's answer lacks what its version should tell");
        }
        answered(&mut self.questions.stats);
        self.actions.push_back(ClientAction::Stats(stats.map(Box::new)));
    }
}

/// What was asked anew since the question went out stays to be asked.
fn answered(asked: &mut Asked) {
    if *asked == Asked::Sent {
        *asked = Asked::No;
    }
}
