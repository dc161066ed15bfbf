//! What a client asks its master to tell of itself. A question that a session took with it is asked again in the next.

use super::ClientMachine;
use super::action::{ClientAction, Refusal};
use crate::common::{Stats, WorkerInfo};
use powerhose_protocol::{Message, Page, Pages, State, Status, Value};
use std::borrow::Cow;
use std::collections::VecDeque;
use tracing::warn;

/// A query as it is sent: one that we begin with, or the next page as the master named it.
type Query = Cow<'static, str>;

/// The two queries that make up the stats, in the order in which they are asked and answered. Only the second has pages.
const STATS_QUERIES: [&str; 2] = ["master", "pools"];
/// Queries whose answers are awaited at once; the oldest is forgotten for another. A master that answers has one of each
/// question at most.
const UNANSWERED_MAX: usize = 16;

/// What somebody wants to know.
#[derive(Debug)]
pub(super) struct Questions {
    workers: Question,
    stats: Question,
    /// One of somebody's own.
    own: Option<Question>,
    /// The first half of the stats.
    master: Option<Value>,
    /// Queries that the master has not answered, in the order in which they went out: a REJECT does not name its own.
    unanswered: VecDeque<Query>,
}

/// One question, and the pages of its answer that have come.
#[derive(Debug)]
struct Question {
    query: Query,
    asked: Asked,
    /// Somebody asked since the question went out: what comes may be older than he wants.
    asked_again: bool,
    pages: Pages,
}

#[derive(Debug)]
enum Asked {
    No,
    Unsent(Query),
    Sent(Query),
}

impl Default for Questions {
    fn default() -> Questions {
        Questions {
            workers: Question::new("workers".into()),
            stats: Question::new(STATS_QUERIES[1].into()),
            own: None,
            master: None,
            unanswered: VecDeque::new(),
        }
    }
}

impl Question {
    fn new(query: Query) -> Question {
        Question { query, asked: Asked::No, asked_again: false, pages: Pages::default() }
    }

    fn ask(&mut self) {
        match self.asked {
            Asked::No => self.asked = Asked::Unsent(self.query.clone()),
            Asked::Unsent(_) | Asked::Sent(_) => self.asked_again = true,
        }
    }

    /// The query that is to be sent now, if there is one.
    fn send(&mut self) -> Option<Query> {
        let Asked::Unsent(query) = &self.asked else { return None };
        let query = query.clone();
        self.asked = Asked::Sent(query.clone());
        Some(query)
    }

    /// The session is over. What was asked is asked from the beginning in the next.
    fn lost(&mut self) {
        if let Asked::Unsent(_) | Asked::Sent(_) = self.asked {
            self.asked = Asked::Unsent(self.query.clone());
            self.asked_again = false;
            self.pages.clear();
        }
    }

    /// It will have no answer. Whether there was a question.
    fn end(&mut self) -> bool {
        let asked = !matches!(self.asked, Asked::No);
        *self = Question::new(self.query.clone());
        asked
    }

    fn awaits(&self, query: &str) -> bool {
        matches!(&self.asked, Asked::Sent(asked) if asked == query)
    }

    /// A page of the answer has come. The whole answer, if it was the last.
    fn told(&mut self, page: Value) -> Option<Value> {
        match self.pages.take(page) {
            Page::More(next) => {
                self.asked = Asked::Unsent(next.into());
                None
            }
            Page::Last(state) => {
                self.asked = Asked::No;
                if std::mem::take(&mut self.asked_again) {
                    self.ask();
                }
                Some(state)
            }
        }
    }
}

impl ClientMachine {
    /// Somebody wants to know the workers; [`ClientAction::Workers`] will tell.
    pub fn ask_workers(&mut self) {
        self.questions.workers.ask();
    }

    /// Somebody wants to know what the master has counted; [`ClientAction::Stats`] will tell.
    pub fn ask_stats(&mut self) {
        self.questions.stats.ask();
    }

    /// Somebody wants the answer to this query, and no longer to the one before; [`ClientAction::Told`] will tell.
    pub fn ask(&mut self, query: &str) {
        let mut question = Question::new(query.to_owned().into());
        question.ask();
        self.questions.own = Some(question);
    }

    pub(super) fn send_questions(&mut self) {
        let Some(session) = self.session() else { return };
        let mut queries: Vec<Query> = Vec::new();
        queries.extend(self.questions.workers.send());
        if let Some(query) = self.questions.stats.send() {
            let [first_half, second_half] = STATS_QUERIES;
            queries.extend((query == second_half).then_some(first_half.into()));
            queries.push(query);
        }
        queries.extend(self.questions.own.as_mut().and_then(Question::send));
        for query in queries {
            if self.questions.unanswered.len() == UNANSWERED_MAX {
                self.questions.unanswered.pop_front();
            }
            self.questions.unanswered.push_back(query.clone());
            self.send(Message::Status(Status { session, query: &query }).encode(), Vec::new());
        }
    }

    /// The session ended: no answer comes in it any longer.
    pub(super) fn questions_lost(&mut self) {
        self.questions.workers.lost();
        self.questions.stats.lost();
        self.questions.own.iter_mut().for_each(Question::lost);
        self.questions.master = None;
        self.questions.unanswered.clear();
    }

    /// The master refused to answer. It answers in the order in which it was asked.
    pub(super) fn question_refused(&mut self, refusal: &Refusal) {
        let Some(query) = self.questions.unanswered.pop_front() else { return };
        if self.questions.own.as_ref().is_some_and(|own| own.awaits(&query)) {
            self.own_refused(refusal);
        } else if self.questions.workers.awaits(&query) {
            self.workers_refused();
        } else if query == STATS_QUERIES[0] || self.questions.stats.awaits(&query) {
            self.stats_refused();
        }
    }

    /// No master will answer.
    pub(super) fn questions_refused(&mut self, refusal: &Refusal) {
        self.workers_refused();
        self.stats_refused();
        self.own_refused(refusal);
    }

    fn own_refused(&mut self, refusal: &Refusal) {
        if let Some(own) = self.questions.own.take() {
            let (query, state) = (own.query.into_owned(), Err(refusal.clone()));
            self.actions.push_back(ClientAction::Told { query, state });
        }
    }

    fn workers_refused(&mut self) {
        if self.questions.workers.end() {
            self.actions.push_back(ClientAction::Workers(None));
        }
    }

    fn stats_refused(&mut self) {
        self.questions.master = None;
        if self.questions.stats.end() {
            self.actions.push_back(ClientAction::Stats(None));
        }
    }

    pub(super) fn told(&mut self, state: State<'_>) {
        let State { query, state, .. } = state;
        // Those before it were left unanswered.
        if let Some(place) = self.questions.unanswered.iter().position(|asked| asked == query) {
            self.questions.unanswered.drain(..=place);
        }
        if self.questions.own.as_ref().is_some_and(|own| own.awaits(query)) {
            self.told_own(state);
        } else if query == STATS_QUERIES[0] {
            self.questions.master = Some(state);
        } else if self.questions.workers.awaits(query) {
            self.told_workers(state);
        } else if self.questions.stats.awaits(query) {
            self.told_pools(state);
        }
    }

    fn told_own(&mut self, page: Value) {
        let Some(state) = self.questions.own.as_mut().and_then(|own| own.told(page)) else { return };
        if let Some(own) = self.questions.own.take() {
            self.actions.push_back(ClientAction::Told { query: own.query.into_owned(), state: Ok(state) });
        }
    }

    fn told_workers(&mut self, page: Value) {
        let Some(state) = self.questions.workers.told(page) else { return };
        let workers = state.field("workers").and_then(Value::as_array).unwrap_or(&[]);
        let workers = workers.iter().filter_map(WorkerInfo::from_value).collect();
        self.actions.push_back(ClientAction::Workers(Some(workers)));
    }

    fn told_pools(&mut self, page: Value) {
        if self.questions.master.is_none() {
            return;
        }
        let Some(pools) = self.questions.stats.told(page) else { return };
        let Some(master) = self.questions.master.take() else { return };
        let stats = Stats::from_values(&master, &pools);
        if stats.is_none() {
            warn!("the master's answer lacks what its version should tell");
        }
        self.actions.push_back(ClientAction::Stats(stats.map(Box::new)));
    }
}
