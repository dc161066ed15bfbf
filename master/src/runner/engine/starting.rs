//! What runners of both kinds begin with.

use super::link::Link;
use super::turning::Turning;
use super::turns::Turns;
use ring::rand::{SecureRandom, SystemRandom};
use std::io;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

/// New, and secret.
pub(crate) fn random_seed() -> io::Result<[u8; 32]> {
    let mut bytes = [0; 32];
    SystemRandom::new().fill(&mut bytes).map_err(|_| io::Error::other("the system has no random numbers"))?;
    Ok(bytes)
}

/// Gives a loop its thread, and callers the right to turn it.
pub(crate) fn start<L: Turning>(name: &str, turning: L, link: Link, spin: Duration) -> io::Result<Link> {
    let turns = Arc::new(Turns::new(turning, link.wakeup(), spin)?);
    let turned = turns.clone();
    let thread = thread::Builder::new().name(name.to_owned()).spawn(move || turned.run())?;
    Ok(link.on(thread, turns))
}
