//! Peers that speak ZeroMQ and send what the protocol does not allow: random frames, broken messages, far too many or far
//! too large frames, messages of the wrong role, of foreign sessions, of jobs that nobody has.

use super::PIDS_FROM;
use super::peer::{Peer, hello, register};
use crate::roles::Site;
use crate::work::{BYTES_MAX, QUICK};
use powerhose_harness::Draws;
use powerhose_protocol::{
    Abandon, Bye, CallEntry, Control, Execute, Heartbeat, JobId, Message, NamedValues, Quiet, Replies,
    ReplyEntry, Status, WorkerEnd, limits,
};
use std::thread;
use std::time::Duration;

const PEERS: u64 = 12;
const MESSAGES: u64 = 60;
const FRAMES_MANY: u64 = 5_000;

pub(crate) fn garbage(site: &Site, mut random: Draws) {
    let context = zmq::Context::new();
    for _ in 0..PEERS {
        let endpoint = if random.below(2) == 0 { &site.ipc } else { &site.tcp };
        let peer = match random.below(6) {
            0 => Peer::with_identity(&context, endpoint, &identity(&mut random)),
            _ => Peer::connect(&context, endpoint),
        };
        let Ok(peer) = peer else { continue };
        let role = if random.below(2) == 0 { "worker" } else { "client" };
        let session = if random.below(3) == 0 { None } else { peer.session(role) };
        for _ in 0..random.between(1, MESSAGES) {
            peer.send(&message(&mut random, session.unwrap_or(17)));
        }
        // What is to be read must be on its way before the connection ends.
        thread::sleep(Duration::from_millis(random.between(0, 40)));
    }
}

/// A name that libzmq itself could have given to another connection, or any other.
fn identity(random: &mut Draws) -> Vec<u8> {
    let length = random.between(1, 20) as usize;
    random.bytes(length)
}

fn message(random: &mut Draws, session: u64) -> Vec<Vec<u8>> {
    match random.below(100) {
        0..20 => (0..random.between(1, 6)).map(|_| some_bytes(random, 200)).collect(),
        20..45 => vec![broken(random, session)],
        45..50 => vec![Vec::new(), valid(random, session)],
        50..55 => (0..random.between(2, FRAMES_MANY)).map(|_| some_bytes(random, 4)).collect(),
        55..57 => vec![random.bytes(limits::HEADER_FRAME_BYTES_MAX + 1)],
        57..59 => vec![valid(random, session), random.bytes(BYTES_MAX * 8)],
        59..65 => vec![valid(random, session); 3],
        _ => vec![valid(random, session), some_bytes(random, 50)],
    }
}

fn some_bytes(random: &mut Draws, most: u64) -> Vec<u8> {
    let count = random.between(0, most) as usize;
    random.bytes(count)
}

/// A message that was cut off, or in which some bits turned.
fn broken(random: &mut Draws, session: u64) -> Vec<u8> {
    let mut bytes = valid(random, session);
    if random.below(3) == 0 {
        bytes.truncate(random.below(bytes.len() as u64) as usize);
    } else {
        for _ in 0..random.between(1, 4) {
            let place = random.below(bytes.len() as u64) as usize;
            bytes[place] ^= 1 << random.below(8);
        }
    }
    bytes
}

/// A message that could be right if somebody else sent it.
fn valid(random: &mut Draws, session: u64) -> Vec<u8> {
    let session = if random.below(4) == 0 { random.number() } else { session };
    let number = random.below(1 << 20);
    let message: Message<'_> = match random.below(10) {
        0 => hello("nobody").into(),
        1 => register(session, &[QUICK], PIDS_FROM).into(),
        2 => Heartbeat { session, sequence: number, acknowledged: random.number(), sent_ms: number }.into(),
        3 => replies(random, session).into(),
        4 => Execute { session, calls: vec![call(number % 5 + 1); 3] }.into(),
        5 => Abandon { session, calls: (1..100).collect() }.into(),
        6 => Status { session, query: "secrets" }.into(),
        // A client may give orders to all workers; this one gives none that can be obeyed.
        7 => Control { session, id: number, verb: "destroy", selector: "all", within_ms: 1 }.into(),
        8 => Quiet { session }.into(),
        _ => Bye { session, code: "whatever", text: "" }.into(),
    };
    message.encode()
}

fn replies(random: &mut Draws, session: u64) -> Replies<'static> {
    let entry = ReplyEntry {
        job: JobId::from_wire(random.below(5) << 40 | random.below(10_000)),
        attempt: random.between(1, 3),
        end: WorkerEnd::Done,
        run_us: random.number() >> 20,
        code: "",
        text: "",
        headers: NamedValues(Vec::new()),
    };
    Replies { session, replies: vec![entry] }
}

fn call(call: u64) -> CallEntry<'static> {
    CallEntry {
        call,
        pool: QUICK,
        timeout_ms: 50,
        flags: 0,
        attempts_max: None,
        headers: NamedValues(Vec::new()),
    }
}
