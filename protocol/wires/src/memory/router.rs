//! The listening end.

use super::state::{Arrival, Listening, Shared};
use crate::poll::{Poller, Signal, TOLD_MAX, Told};
use crate::{Address, Gone, Listener, Received, Route};
use bytes::Bytes;
use std::collections::VecDeque;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;
use std::time::Duration;

/// Who listens at a [`Place`](super::Place). It has no bounds: tests have theirs.
pub struct Router {
    shared: Shared,
    signal: Arc<Signal>,
    poller: Poller,
    ended: Vec<Route>,
}

impl Router {
    pub(super) fn at(shared: Shared) -> io::Result<Router> {
        let (signal, poller) = (Arc::new(Signal::new()?), Poller::new()?);
        poller.add(signal.as_fd(), TOLD_MAX)?;
        let mut state = shared.lock();
        state.cut_all();
        state.listening = Some(Listening { arrivals: VecDeque::new(), signal: signal.clone() });
        state.waiting.drain(..).for_each(|dealer| dealer.give());
        drop(state);
        Ok(Router { shared, signal, poller, ended: Vec::new() })
    }
}

impl Listener for Router {
    /// It listens at its place already.
    fn listen(&mut self, address: &Address) -> io::Result<Address> {
        Ok(address.clone())
    }

    fn watch(&mut self, descriptor: BorrowedFd<'_>, number: u8) -> io::Result<()> {
        self.poller.add(descriptor, number.into())
    }

    fn receive(&mut self, payloads: &mut Vec<Bytes>) -> Option<Received> {
        self.signal.take();
        loop {
            let arrival = self.shared.lock().listening.as_mut()?.arrivals.pop_front()?;
            match arrival {
                Arrival::Message(number, (header, frames)) => {
                    payloads.extend(frames);
                    return Some(Received { route: Route::new(0, number), header, has_identity: false });
                }
                Arrival::End(number) => self.ended.push(Route::new(0, number)),
            }
        }
    }

    fn send(&mut self, route: Route, header: &[u8], payloads: &[Bytes]) -> Result<(), Gone> {
        let message = (Bytes::copy_from_slice(header), payloads.to_vec());
        if self.shared.lock().deliver_to_dealer(route.number, message) { Ok(()) } else { Err(Gone) }
    }

    fn cut(&mut self, route: Route) {
        if self.shared.lock().cut(route.number) {
            self.ended.push(route);
        }
    }

    fn ended(&mut self, routes: &mut Vec<Route>) {
        routes.append(&mut self.ended);
    }

    fn hints(&mut self, _routes: &mut Vec<Route>) {}

    fn take_surplus(&mut self) -> usize {
        0
    }

    fn has_more(&self) -> bool {
        !self.ended.is_empty()
            || self.shared.lock().listening.as_ref().is_some_and(|listening| !listening.arrivals.is_empty())
    }

    fn sleep(&mut self, at_most: Option<Duration>) -> Told {
        let told = self.poller.look(at_most);
        while self.poller.take().is_some() {}
        told
    }

    fn slept_elsewhere(&mut self) {}
}

impl Drop for Router {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        let is_own = |listening: &Listening| Arc::ptr_eq(&listening.signal, &self.signal);
        // Another may listen here by now.
        if state.listening.as_ref().is_some_and(is_own) {
            state.listening = None;
            state.cut_all();
        }
    }
}

impl AsFd for Router {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.poller.as_fd()
    }
}
