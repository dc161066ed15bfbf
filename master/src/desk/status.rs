//! Answers to STATUS. Long lists are cut into pages, each within the bound of a message, by [`state`].

use super::Desk;
use crate::common::WorkerInfo;
use crate::dispatcher::PeerKey;
use crate::state;
use powerhose_protocol::limits::is_pool_name;
use powerhose_protocol::{Kind, Message, State, Status, Value};

impl Desk {
    pub(super) fn status(&mut self, asker: PeerKey, status: &Status<'_>) {
        let Some(session) = self.sessions.get(asker) else { return };
        let (route, session) = (session.route, session.id);
        let Some(state) = self.answer(status.query) else {
            let text = "a query is \"master\", \"workers\", \"workers:ID\", \"pools\" or \"pools:NAME\"";
            return self.reject(route, Kind::Status as u64, None, "query", text, None);
        };
        self.send(route, Message::State(State { session, query: status.query, state }));
    }

    fn answer(&self, query: &str) -> Option<Value> {
        Some(match query.split_once(':') {
            None if query == "master" => {
                state::master(&self.stats(), self.epoch, self.dispatcher.identity().pid)
            }
            None if query == "workers" => self.workers_behind(0),
            None if query == "pools" => self.pools_behind(""),
            Some(("workers", id)) => self.workers_behind(id.parse().ok()?),
            Some(("pools", name)) if is_pool_name(name) => self.pools_behind(name),
            None | Some(_) => return None,
        })
    }

    /// A row is made only if it may still fit.
    fn workers_behind(&self, number: u64) -> Value {
        let workers = self.dispatcher.workers_behind(number);
        state::workers_page(
            workers
                .into_iter()
                .map(|worker| (self.dispatcher.number(worker), worker))
                .filter_map(|(number, worker)| Some((number, self.worker_info(worker)?.to_value()))),
        )
    }

    fn pools_behind(&self, name: &str) -> Value {
        state::pools_page(self.dispatcher.pools_behind(name))
    }

    /// Every registered worker, by id.
    pub fn workers(&self) -> Vec<WorkerInfo> {
        let workers = self.dispatcher.workers_behind(0);
        workers.into_iter().filter_map(|worker| self.worker_info(worker)).collect()
    }

    fn worker_info(&self, worker: PeerKey) -> Option<WorkerInfo> {
        let software = &*self.sessions.get(worker)?.software;
        self.dispatcher.worker_info(worker, software)
    }
}
