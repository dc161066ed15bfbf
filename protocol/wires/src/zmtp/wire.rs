//! Our own ZMTP as a wire like others.

use super::{Dealer, Router};
use crate::{Address, Gone, Link, Listener, NotConnected, Received, Route, Told};
use bytes::Bytes;
use std::io;
use std::os::fd::BorrowedFd;
use std::path::Path;
use std::time::Duration;

impl Listener for Router {
    fn listen(&mut self, address: &Address) -> io::Result<Address> {
        Router::listen(self, address.clone())
    }

    fn listen_again(&mut self, path: &Path) -> io::Result<()> {
        Router::listen_again(self, path)
    }

    fn watch(&mut self, descriptor: BorrowedFd<'_>, number: u8) -> io::Result<()> {
        Router::watch(self, descriptor, number)
    }

    fn receive(&mut self, payloads: &mut Vec<Bytes>) -> Option<Received> {
        Router::receive(self, payloads)
    }

    fn send(&mut self, route: Route, header: &[u8], payloads: &[Bytes]) -> Result<(), Gone> {
        Router::send(self, route, header, payloads)
    }

    fn cut(&mut self, route: Route) {
        Router::cut(self, route);
    }

    fn ended(&mut self, routes: &mut Vec<Route>) {
        routes.extend(self.take_ended());
    }

    /// It sees each end in its place.
    fn hints(&mut self, _routes: &mut Vec<Route>) {}

    fn take_surplus(&mut self) -> usize {
        Router::take_surplus(self)
    }

    fn refused(&self) -> u64 {
        Router::refused(self)
    }

    fn has_more(&self) -> bool {
        Router::has_more(self)
    }

    fn sleep(&mut self, at_most: Option<Duration>) -> Told {
        Router::sleep(self, at_most)
    }

    /// It looks at all in any case.
    fn slept_elsewhere(&mut self) {}
}

impl Link for Dealer {
    fn watch(&mut self, descriptor: BorrowedFd<'_>, number: u8) -> io::Result<()> {
        Dealer::watch(self, descriptor, number)
    }

    fn receive(&mut self, payloads: &mut Vec<Bytes>) -> Option<Bytes> {
        Dealer::receive(self, payloads)
    }

    fn send(&mut self, header: &[u8], payloads: &[Bytes]) -> Result<(), NotConnected> {
        Dealer::send(self, header, payloads)
    }

    fn is_connected(&self) -> bool {
        Dealer::is_connected(self)
    }

    fn has_ended(&mut self) -> bool {
        self.take_ended()
    }

    /// It sees each end in its place.
    fn has_hint(&mut self) -> bool {
        false
    }

    fn has_unsent(&self) -> bool {
        Dealer::has_unsent(self)
    }

    fn why_not_connected(&self) -> Option<String> {
        self.last_failure().map(ToString::to_string)
    }

    fn has_more(&self) -> bool {
        Dealer::has_more(self)
    }

    fn sleep(&mut self, at_most: Option<Duration>) -> Told {
        Dealer::sleep(self, at_most)
    }

    fn slept_elsewhere(&mut self) {
        Dealer::slept_elsewhere(self);
    }
}
