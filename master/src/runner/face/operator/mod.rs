//! Asks a master in another process what it knows, and gives it orders: what an operator's tools are made of.
//!
//! The client's machine over a connection of its own, without a thread: everything blocks, one question at a time, and the
//! machine is driven while it waits.

mod order;

pub use order::{OperatorError, Order, Progress, Selector};

use super::connect_error::ConnectError;
use crate::client::{ClientAction, ClientMachine, Course, Refusal};
use crate::common::WorkerInfo;
use crate::wires::clock;
use crate::wires::dealer::Dealer;
use crate::wires::patience::Patience;
use bytes::Bytes;
use powerhose_protocol::Value;
use std::fmt;
use std::time::Duration;

/// How long after the time of an order the master's last word about it is awaited.
const LAST_WORD_WITHIN: Duration = Duration::from_secs(5);
/// So much ahead of ours may a master's clock be, which it takes once a turn.
const AHEAD_MAX: Duration = Duration::from_millis(100);

/// An operator's connection to a master. Made by [`ClientBuilder::operator`](super::ClientBuilder::operator).
pub struct Operator {
    dealer: Dealer,
    machine: ClientMachine,
    endpoint: String,
    /// How long an answer may take.
    patience: Duration,
    /// Empty between messages; kept for its memory.
    payloads: Vec<Bytes>,
}

impl Operator {
    pub(super) fn greet(
        dealer: Dealer,
        machine: ClientMachine,
        endpoint: String,
        patience: Duration,
    ) -> Result<Operator, ConnectError> {
        let mut operator = Operator { dealer, machine, endpoint, patience, payloads: Vec::new() };
        operator.await_session()?;
        Ok(operator)
    }

    /// The master's process id on its host.
    pub fn master_pid(&self) -> u64 {
        self.machine.terms().map_or(0, |terms| terms.pid)
    }

    /// Names this run of the master: it is another one after a restart.
    pub fn master_epoch(&self) -> u64 {
        self.machine.terms().map_or(0, |terms| terms.epoch)
    }

    /// The answer to a query of PROTOCOL.md, section 12: `master`, `workers` or `pools`. If it comes in pages, this is
    /// all of them.
    ///
    /// # Errors
    /// See [`OperatorError`].
    pub fn ask(&mut self, query: &str) -> Result<Value, OperatorError> {
        self.await_session()?;
        let mut patience = Patience::new(self.patience);
        self.machine.ask(query);
        loop {
            match self.next(&mut patience) {
                Some(ClientAction::Told { query: answered, state }) if answered == query => {
                    self.check_refused()?;
                    return state.map_err(|Refusal { code, text }| OperatorError::Refused { code, text });
                }
                Some(_) => {}
                // A question has no effect: where its session ended, it was asked again in the next, if there was one.
                None if self.machine.is_connected() => return Err(self.silent()),
                None => return Err(self.unreachable().into()),
            }
        }
    }

    /// The workers that are registered now, by id.
    ///
    /// # Errors
    /// See [`OperatorError`].
    pub fn workers(&mut self) -> Result<Vec<WorkerInfo>, OperatorError> {
        let state = self.ask("workers")?;
        let workers = state.field("workers").and_then(Value::as_array).unwrap_or(&[]);
        Ok(workers.iter().filter_map(WorkerInfo::from_value).collect())
    }

    /// Gives an order, and waits until it has had its effect on every worker selected or `within` is over.
    ///
    /// # Errors
    /// See [`OperatorError`].
    pub fn order(
        &mut self,
        order: Order,
        selector: &Selector,
        within: Duration,
    ) -> Result<Progress, OperatorError> {
        self.await_session()?;
        let within_ms = u64::try_from(within.as_millis()).unwrap_or(u64::MAX);
        let Some(id) = self.machine.order(order.verb(), &selector.to_string(), within_ms) else {
            return Err(self.unreachable().into());
        };
        let given_at = clock::now();
        let mut patience = Patience::new(within + LAST_WORD_WITHIN);
        loop {
            let course = match self.next(&mut patience) {
                Some(ClientAction::Ordered { order, course }) if order == id => course,
                Some(_) => continue,
                None => return Err(self.silent()),
            };
            match course {
                Course::Progress(progress) => {
                    let progress = Progress::read(&progress);
                    // The last word, unless more may follow.
                    if progress.left == 0 || clock::now() + AHEAD_MAX >= given_at + within {
                        return Ok(progress);
                    }
                }
                Course::Refused(Refusal { code, text }) => return Err(OperatorError::Refused { code, text }),
                Course::Lost => return Err(OperatorError::Gone { endpoint: self.endpoint.clone() }),
            }
        }
    }

    /// Returns once there is a session, which may have ended while nobody listened.
    fn await_session(&mut self) -> Result<(), ConnectError> {
        let mut patience = Patience::new(self.patience);
        while self.turn().is_some() {}
        while !self.machine.is_connected() {
            self.check_refused()?;
            if self.next(&mut patience).is_none() && !self.machine.is_connected() {
                return Err(self.unreachable());
            }
        }
        Ok(())
    }

    fn check_refused(&self) -> Result<(), ConnectError> {
        match self.machine.refusal().cloned() {
            Some(Refusal { code, text }) => {
                Err(ConnectError::Refused { endpoint: self.endpoint.clone(), code, text })
            }
            None => Ok(()),
        }
    }

    fn unreachable(&self) -> ConnectError {
        ConnectError::Unreachable { endpoint: self.endpoint.clone(), after: self.patience }
    }

    fn silent(&self) -> OperatorError {
        OperatorError::Silent { endpoint: self.endpoint.clone(), within: self.patience }
    }

    /// What happens next; nothing if the patience is over before.
    fn next(&mut self, patience: &mut Patience) -> Option<ClientAction> {
        loop {
            if let Some(action) = self.turn() {
                return Some(action);
            }
            let until = clock::now() + patience.next_sleep()?;
            self.dealer.sleep([Some(until), self.machine.poll_timeout()].into_iter().flatten().min());
        }
    }

    /// Takes in what came, lets time pass, and sends what is to be sent, up to the first thing that is of interest here.
    fn turn(&mut self) -> Option<ClientAction> {
        // Asked first: what came over a connection before it ended counts.
        let has_disconnected = self.dealer.has_disconnected();
        self.take_messages();
        if has_disconnected {
            self.machine.disconnected(clock::now());
        }
        self.machine.handle_timeout(clock::now());
        self.act()
    }

    fn take_messages(&mut self) {
        while let Some(header) = self.dealer.receive(&mut self.payloads) {
            self.machine.receive(clock::now(), header.as_ref(), &mut self.payloads);
            self.payloads.clear();
        }
    }

    fn act(&mut self) -> Option<ClientAction> {
        loop {
            match self.machine.poll_action()? {
                ClientAction::Send { header, payloads } => {
                    if self.dealer.send(&header, &payloads).is_err() {
                        self.take_messages();
                        self.machine.disconnected(clock::now());
                    }
                }
                action => return Some(action),
            }
        }
    }
}

impl Drop for Operator {
    /// Says goodbye, so that the master need not find out.
    fn drop(&mut self) {
        self.machine.close(clock::now(), Duration::ZERO);
        while self.act().is_some() {}
    }
}

impl fmt::Debug for Operator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Operator").field("endpoint", &self.endpoint).finish_non_exhaustive()
    }
}
