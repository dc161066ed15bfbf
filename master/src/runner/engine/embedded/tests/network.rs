//! A network that is a few lists: the loop's tests put in what arrives and look at what was sent.
//!
//! It never sleeps. What is to happen while the loop sleeps is told beforehand, and happens at once.

use crate::wires::clock;
use bytes::Bytes;
use powerhose_wires::{Address, Gone, Listener, Received, Route, Told, Wakeup};
use std::collections::{BTreeSet, VecDeque};
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// A message and whose it is.
pub(super) type Packet = (Route, Vec<u8>, Vec<Bytes>);
type Happening = Box<dyn FnOnce() + Send>;

/// The loop's end of the network.
pub(super) struct MemoryListener {
    network: Network,
    wakeup: Arc<Wakeup>,
}

/// The test's end of it.
#[derive(Clone, Default)]
pub(super) struct Network(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    arriving: VecDeque<Packet>,
    sent: Vec<Packet>,
    gone: BTreeSet<Route>,
    ended: Vec<Route>,
    refused: u64,
    hints: Vec<Route>,
    cut: Vec<Route>,
    sleeps: Vec<Option<Instant>>,
    asleep: VecDeque<Happening>,
    wakeups: u64,
}

impl Network {
    pub(super) fn listener(&self, wakeup: Arc<Wakeup>) -> MemoryListener {
        MemoryListener { network: self.clone(), wakeup }
    }

    /// A message is there for the loop.
    pub(super) fn deliver(&self, route: Route, header: Vec<u8>, payloads: Vec<Bytes>) {
        self.lock().arriving.push_back((route, header, payloads));
    }

    /// How many messages the loop has not taken in.
    pub(super) fn arriving(&self) -> usize {
        self.lock().arriving.len()
    }

    /// What the loop has sent since the last look.
    pub(super) fn sent(&self) -> Vec<Packet> {
        std::mem::take(&mut self.lock().sent)
    }

    /// Nothing can be handed over to this connection any longer.
    pub(super) fn lose(&self, route: Route) {
        self.lock().gone.insert(route);
    }

    /// The connection has ended, and the loop sees it.
    pub(super) fn end(&self, route: Route) {
        let mut state = self.lock();
        state.gone.insert(route);
        state.ended.push(route);
    }

    /// The connection may have ended.
    pub(super) fn hint(&self, route: Route) {
        self.lock().hints.push(route);
    }

    /// How many messages were for connections that are gone.
    pub(super) fn refused(&self) -> u64 {
        self.lock().refused
    }

    /// The connections that the loop has cut.
    pub(super) fn cut(&self) -> Vec<Route> {
        self.lock().cut.clone()
    }

    /// Until when the loop meant to sleep, each time since the last look.
    pub(super) fn sleeps(&self) -> Vec<Option<Instant>> {
        std::mem::take(&mut self.lock().sleeps)
    }

    /// This happens the next time that the loop sleeps and nothing else is to happen before.
    pub(super) fn while_asleep(&self, happening: impl FnOnce() + Send + 'static) {
        self.lock().asleep.push_back(Box::new(happening));
    }

    /// How often the sleeping loop was woken by another thread's work.
    pub(super) fn wakeups(&self) -> u64 {
        self.lock().wakeups
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Listener for MemoryListener {
    fn listen(&mut self, address: &Address) -> io::Result<Address> {
        Ok(address.clone())
    }

    fn watch(&mut self, _descriptor: BorrowedFd<'_>, _number: u8) -> io::Result<()> {
        Ok(())
    }

    fn receive(&mut self, payloads: &mut Vec<Bytes>) -> Option<Received> {
        let (route, header, frames) = self.network.lock().arriving.pop_front()?;
        payloads.extend(frames);
        Some(Received { route, header: header.into(), has_identity: false })
    }

    fn send(&mut self, route: Route, header: &[u8], payloads: &[Bytes]) -> Result<(), Gone> {
        let mut network = self.network.lock();
        if network.gone.contains(&route) {
            network.refused += 1;
            return Err(Gone);
        }
        network.sent.push((route, header.to_vec(), payloads.to_vec()));
        Ok(())
    }

    fn cut(&mut self, route: Route) {
        let mut network = self.network.lock();
        network.cut.push(route);
        network.gone.insert(route);
    }

    fn ended(&mut self, routes: &mut Vec<Route>) {
        let mut network = self.network.lock();
        if network.arriving.is_empty() {
            routes.append(&mut network.ended);
        }
    }

    fn hints(&mut self, routes: &mut Vec<Route>) {
        routes.append(&mut self.network.lock().hints);
    }

    fn take_surplus(&mut self) -> usize {
        0
    }

    fn has_more(&self) -> bool {
        let network = self.network.lock();
        !network.arriving.is_empty() || !network.ended.is_empty()
    }

    fn sleep(&mut self, at_most: Option<Duration>) -> Told {
        let happening = {
            let mut network = self.network.lock();
            network.sleeps.push(at_most.map(|at_most| clock::now() + at_most));
            network.asleep.pop_front()
        };
        if let Some(happening) = happening {
            happening();
        }
        self.wakeup.awake();
        self.network.lock().wakeups += self.wakeup.writes();
        Told::default()
    }

    fn slept_elsewhere(&mut self) {}
}

impl AsFd for MemoryListener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.wakeup.as_fd()
    }
}
