//! The last moment of a master's connections. A client's socket drops what it has not read when its connection ends
//! (libzmq does so where nothing may be queued without a connection), so the master leaves it the time to read.

use crate::desk::Route;
use crate::wires::clock;
use crate::wires::router::Router;
use powerhose_protocol::{Message, decode};
use std::time::Duration;

/// For clients that do not answer a BYE.
const WITHIN: Duration = Duration::from_millis(250);

/// Waits until each of these clients has answered the BYE that was its last message, is gone, or had time enough.
pub(super) fn wait(router: &mut Router, mut clients: Vec<Route>) {
    let until = clock::now() + WITHIN;
    let (mut payloads, mut gone) = (Vec::new(), Vec::new());
    while !clients.is_empty() && clock::now() < until {
        while let Some((route, header)) = router.receive(&mut payloads) {
            // HELLO is the answer to BYE; heartbeats may have been under way.
            if matches!(decode(header.as_ref(), payloads.len()), Ok(Message::Hello(_) | Message::Bye(_))) {
                clients.retain(|client| *client != route);
            }
            payloads.clear();
        }
        router.ended(&mut gone);
        router.hints(&mut gone);
        clients.retain(|client| !gone.contains(client));
        gone.clear();
        if !clients.is_empty() {
            router.sleep(Some(until));
        }
    }
}
