//! The connecting end.

use super::state::{Arrival, Connection, Message, Shared, State};
use crate::poll::{Poller, Signal, TOLD_MAX, Told};
use crate::{Link, NotConnected};
use bytes::Bytes;
use std::collections::VecDeque;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;
use std::time::Duration;

/// Who connects to whoever listens at a [`Place`](super::Place).
pub struct Dealer {
    shared: Shared,
    signal: Arc<Signal>,
    poller: Poller,
    /// The number of its connection.
    connection: Option<u64>,
    ended: bool,
}

impl Dealer {
    pub(super) fn to(shared: Shared) -> io::Result<Dealer> {
        let (signal, poller) = (Arc::new(Signal::new()?), Poller::new()?);
        poller.add(signal.as_fd(), TOLD_MAX)?;
        let mut dealer = Dealer { shared, signal, poller, connection: None, ended: false };
        dealer.connect();
        Ok(dealer)
    }

    fn connect(&mut self) {
        let mut state = self.shared.lock();
        if state.listening.is_none() {
            state.waiting.push(self.signal.clone());
            return;
        }
        state.last += 1;
        let number = state.last;
        let connection =
            Connection { arrivals: VecDeque::new(), signal: self.signal.clone(), is_over: false };
        state.connections.insert(number, connection);
        self.connection = Some(number);
    }

    fn next(&mut self, number: u64) -> Option<Message> {
        let mut state = self.shared.lock();
        let connection = state.connections.get_mut(&number)?;
        let message = connection.arrivals.pop_front();
        if message.is_none() && connection.is_over {
            state.connections.remove(&number);
            self.connection = None;
            self.ended = true;
        }
        message
    }

    fn of_connection<T>(&self, look: impl FnOnce(&Connection) -> T) -> Option<T> {
        let state: &State = &self.shared.lock();
        self.connection.and_then(|number| state.connections.get(&number)).map(look)
    }
}

impl Link for Dealer {
    fn watch(&mut self, descriptor: BorrowedFd<'_>, number: u8) -> io::Result<()> {
        self.poller.add(descriptor, number.into())
    }

    fn receive(&mut self, payloads: &mut Vec<Bytes>) -> Option<Bytes> {
        self.signal.take();
        let Some(number) = self.connection else {
            self.connect();
            return None;
        };
        let (header, frames) = self.next(number)?;
        payloads.extend(frames);
        Some(header)
    }

    fn send(&mut self, header: &[u8], payloads: &[Bytes]) -> Result<(), NotConnected> {
        let number = self.connection.filter(|_| self.is_connected()).ok_or(NotConnected)?;
        let message = (Bytes::copy_from_slice(header), payloads.to_vec());
        let sent = self.shared.lock().deliver_to_listener(Arrival::Message(number, message));
        if sent { Ok(()) } else { Err(NotConnected) }
    }

    fn is_connected(&self) -> bool {
        self.of_connection(|connection| !connection.is_over).unwrap_or(false)
    }

    fn has_ended(&mut self) -> bool {
        std::mem::take(&mut self.ended)
    }

    fn has_hint(&mut self) -> bool {
        false
    }

    fn has_unsent(&self) -> bool {
        false
    }

    fn why_not_connected(&self) -> Option<String> {
        self.connection.is_none().then(|| "nobody listens".to_owned())
    }

    fn has_more(&self) -> bool {
        self.ended
            || self
                .of_connection(|connection| connection.is_over || !connection.arrivals.is_empty())
                .unwrap_or_else(|| self.shared.lock().listening.is_some())
    }

    fn sleep(&mut self, at_most: Option<Duration>) -> Told {
        let told = self.poller.look(at_most);
        while self.poller.take().is_some() {}
        told
    }

    fn slept_elsewhere(&mut self) {}
}

impl Drop for Dealer {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        if let Some(number) = self.connection
            && state.connections.remove(&number).is_some_and(|connection| !connection.is_over)
        {
            state.deliver_to_listener(Arrival::End(number));
        }
    }
}

impl AsFd for Dealer {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.poller.as_fd()
    }
}
