//! What both ends share.

use crate::poll::Signal;
use bytes::Bytes;
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// See the module.
#[derive(Clone, Default)]
pub(super) struct Shared(Arc<Mutex<State>>);

impl Shared {
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A message: its header and its payloads.
pub(super) type Message = (Bytes, Vec<Bytes>);

/// What has come to who listens, in its order.
pub(super) enum Arrival {
    Message(u64, Message),
    End(u64),
}

/// Who listens.
pub(super) struct Listening {
    pub(super) arrivals: VecDeque<Arrival>,
    pub(super) signal: Arc<Signal>,
}

/// One end of a connection: what has come to the dealer.
pub(super) struct Connection {
    pub(super) arrivals: VecDeque<Message>,
    pub(super) signal: Arc<Signal>,
    pub(super) is_over: bool,
}

#[derive(Default)]
pub(super) struct State {
    pub(super) listening: Option<Listening>,
    pub(super) connections: BTreeMap<u64, Connection>,
    /// Dealers that wait for somebody to listen.
    pub(super) waiting: Vec<Arc<Signal>>,
    pub(super) last: u64,
}

impl State {
    /// The dealer gets a message, unless its connection is over.
    pub(super) fn deliver_to_dealer(&mut self, number: u64, message: Message) -> bool {
        let Some(connection) = self.connections.get_mut(&number).filter(|connection| !connection.is_over)
        else {
            return false;
        };
        connection.arrivals.push_back(message);
        connection.signal.give();
        true
    }

    pub(super) fn deliver_to_listener(&mut self, arrival: Arrival) -> bool {
        let Some(listening) = &mut self.listening else { return false };
        listening.arrivals.push_back(arrival);
        listening.signal.give();
        true
    }

    /// Who listened is gone.
    pub(super) fn cut_all(&mut self) {
        for connection in self.connections.values_mut() {
            connection.is_over = true;
            connection.signal.give();
        }
    }

    /// The router ends a connection: what came over it and was not read is dropped, the dealer reads what there is.
    pub(super) fn cut(&mut self, number: u64) -> bool {
        let Some(connection) = self.connections.get_mut(&number).filter(|connection| !connection.is_over)
        else {
            return false;
        };
        connection.is_over = true;
        connection.signal.give();
        if let Some(listening) = &mut self.listening {
            listening
                .arrivals
                .retain(|arrival| !matches!(arrival, Arrival::Message(from, _) if *from == number));
        }
        true
    }
}
