//! Several listeners side by side, as one.

use crate::{Address, Gone, Listener, Received, Room, Route, Told};
use bytes::Bytes;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::Path;
use std::time::Duration;

/// Numbers from here on are those of the listeners after the first, at which the first looks.
const FIRST_NUMBER: u8 = 4;
/// So many can stand side by side.
const LISTENERS_MAX: usize = 4;

/// Several listeners as one. The first sleeps for all: whatever another has to tell, its descriptor tells the first.
pub struct Listeners {
    first: Box<dyn Listener>,
    others: Vec<Box<dyn Listener>>,
    /// Whose turn it is to be received from first: a flood on one side does not drown the others.
    turn: usize,
}

impl Listeners {
    /// These, in the order in which [`Route::wire`] counts them. One alone stays as it is.
    ///
    /// # Errors
    /// What the system says; there are none, or more than four.
    pub fn together(listeners: Vec<Box<dyn Listener>>) -> io::Result<Box<dyn Listener>> {
        if listeners.len() > LISTENERS_MAX {
            return Err(io::Error::other("too many kinds of wires stand side by side"));
        }
        let mut listeners = listeners.into_iter();
        let mut first = listeners.next().ok_or(io::ErrorKind::InvalidInput)?;
        let others: Vec<_> = listeners.collect();
        if others.is_empty() {
            return Ok(first);
        }
        for (listener, number) in others.iter().zip(FIRST_NUMBER..) {
            first.watch(listener.as_fd(), number)?;
        }
        Ok(Box::new(Listeners { first, others, turn: 0 }))
    }

    fn at(&mut self, place: u8) -> Option<&mut (dyn Listener + 'static)> {
        match place.checked_sub(1) {
            None => Some(&mut *self.first),
            Some(other) => self.others.get_mut(usize::from(other)).map(|listener| &mut **listener),
        }
    }

    fn receive_from(&mut self, place: usize, payloads: &mut Vec<Bytes>) -> Option<Received> {
        let mut received = self.at(place as u8)?.receive(payloads)?;
        received.route.wire = place as u8;
        Some(received)
    }

    fn told(&mut self, routes: &mut Vec<Route>, ask: impl Fn(&mut dyn Listener, &mut Vec<Route>)) {
        ask(&mut *self.first, routes);
        for (listener, place) in self.others.iter_mut().zip(1..) {
            let before = routes.len();
            ask(&mut **listener, routes);
            routes[before..].iter_mut().for_each(|route| route.wire = place);
        }
    }
}

impl Listener for Listeners {
    /// The first one listens.
    fn listen(&mut self, address: &Address) -> io::Result<Address> {
        self.first.listen(address)
    }

    /// Whichever has listened there.
    fn listen_again(&mut self, path: &Path) -> io::Result<()> {
        let first = self.first.listen_again(path);
        self.others.iter_mut().fold(first, |tried, listener| tried.or_else(|_| listener.listen_again(path)))
    }

    /// The number is below 4.
    fn watch(&mut self, descriptor: BorrowedFd<'_>, number: u8) -> io::Result<()> {
        debug_assert!(number < FIRST_NUMBER);
        self.first.watch(descriptor, number)
    }

    fn receive(&mut self, payloads: &mut Vec<Bytes>) -> Option<Received> {
        let count = self.others.len() + 1;
        self.turn = (self.turn + 1) % count;
        let turn = self.turn;
        (0..count).find_map(|place| self.receive_from((turn + place) % count, payloads))
    }

    fn send(&mut self, route: Route, header: &[u8], payloads: &[Bytes]) -> Result<(), Gone> {
        self.at(route.wire).ok_or(Gone)?.send(route, header, payloads)
    }

    fn room(&mut self, route: Route, bytes: usize) -> Room {
        match self.at(route.wire) {
            Some(listener) => listener.room(route, bytes),
            None => Room::in_memory(bytes),
        }
    }

    fn cut(&mut self, route: Route) {
        if let Some(listener) = self.at(route.wire) {
            listener.cut(route);
        }
    }

    fn ended(&mut self, routes: &mut Vec<Route>) {
        self.told(routes, |listener, routes| listener.ended(routes));
    }

    fn hints(&mut self, routes: &mut Vec<Route>) {
        self.told(routes, |listener, routes| listener.hints(routes));
    }

    fn take_surplus(&mut self) -> usize {
        let others: usize = self.others.iter_mut().map(|listener| listener.take_surplus()).sum();
        self.first.take_surplus() + others
    }

    fn refused(&self) -> u64 {
        self.first.refused() + self.others.iter().map(|listener| listener.refused()).sum::<u64>()
    }

    fn has_more(&self) -> bool {
        self.first.has_more() || self.others.iter().any(|listener| listener.has_more())
    }

    fn sleep(&mut self, at_most: Option<Duration>) -> Told {
        let told = self.first.sleep(at_most);
        for (listener, number) in self.others.iter_mut().zip(FIRST_NUMBER..) {
            if told.of(number) {
                listener.slept_elsewhere();
            }
        }
        told
    }

    fn slept_elsewhere(&mut self) {
        self.first.slept_elsewhere();
        self.others.iter_mut().for_each(|listener| listener.slept_elsewhere());
    }
}

impl AsFd for Listeners {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.first.as_fd()
    }
}
