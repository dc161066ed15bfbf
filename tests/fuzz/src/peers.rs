//! What the peers of the scene have learned from the dispatcher, and what they say.

use crate::input::Input;
use bytes::Bytes;
use powerhose_protocol::*;
use std::collections::BTreeMap;

const POOLS: [&str; 4] = [DEFAULT_POOL, "sign", "other", "not a pool!"];
const END_OF_JOB: [WorkerEnd; 5] =
    [WorkerEnd::Done, WorkerEnd::Failed, WorkerEnd::Returned, WorkerEnd::Expired, WorkerEnd::Cancelled];
const VERBS: [&str; 5] = ["quiet", "resume", "drain", "stop", "dance"];
const SELECTORS: [&str; 4] = ["all", "pool:sign", "worker:1", "?"];
const QUERIES: [&str; 4] = ["master", "workers", "pools", "weather"];

/// A peer, as it knows itself.
#[derive(Default)]
pub(crate) struct Peer {
    session: u64,
    heartbeats: u64,
    heard: u64,
    jobs: Vec<(JobId, u64)>,
    calls: u64,
}

/// A message on its way.
pub(crate) struct Packet {
    pub(crate) header: Vec<u8>,
    pub(crate) payloads: Vec<Bytes>,
}

impl Packet {
    fn of(message: &Message<'_>) -> Packet {
        let payloads = vec![Bytes::from_static(b"payload"); message.payload_frames()];
        Packet { header: message.encode(), payloads }
    }
}

/// All peers, by the number of their connection.
#[derive(Default)]
pub(crate) struct Peers(BTreeMap<u64, Peer>);

impl Peers {
    /// Takes in what the master sent to a connection.
    pub(crate) fn hear(&mut self, route: u64, message: &Message<'_>) {
        let peer = self.0.entry(route).or_default();
        match message {
            Message::Welcome(welcome) => *peer = Peer { session: welcome.session, ..Peer::default() },
            Message::Heartbeat(heartbeat) => peer.heard = heartbeat.sequence,
            Message::Jobs(jobs) => peer.jobs.extend(jobs.jobs.iter().map(|entry| (entry.job, entry.attempt))),
            _ => {}
        }
    }

    /// Something that this peer may say, or may not.
    pub(crate) fn say(&mut self, route: u64, input: &mut Input<'_>) -> Packet {
        let peer = self.0.entry(route).or_default();
        let session = if input.below(16) == 0 { peer.session ^ 1 } else { peer.session };
        match input.below(12) {
            0 | 1 => Packet::of(&Message::Hello(hello(input))),
            2 => register(session, input),
            3 => {
                peer.heartbeats += 1;
                let acknowledged = if input.is_odd() { peer.heard } else { 0 };
                let heartbeat = Heartbeat { session, sequence: peer.heartbeats, acknowledged, sent_ms: 0 };
                Packet::of(&Message::Heartbeat(heartbeat))
            }
            4..=6 => replies(session, peer, input),
            7 => Packet::of(&Message::Quiet(Quiet { session })),
            8 => execute(session, peer, input),
            9 => {
                let calls = vec![u64::from(input.byte()); input.below(3)];
                Packet::of(&Message::Abandon(Abandon { session, calls }))
            }
            10 => control(session, input),
            _ => Packet::of(&Message::Bye(Bye { session, code: "done", text: "" })),
        }
    }
}

fn hello(input: &mut Input<'_>) -> Hello<'static> {
    Hello {
        magic: MAGIC,
        version_min: VERSION_MIN + input.below(8) as u64 / 7,
        version_max: VERSION_MAX + input.below(3) as u64,
        role: input.one_of(&[ROLE_WORKER, ROLE_CLIENT, ROLE_WORKER, "spy"]),
        software: "fuzz",
        nonce: None,
    }
}

fn register(session: u64, input: &mut Input<'_>) -> Packet {
    let count = 1 + input.below(3);
    let pools = (0..count).map(|place| PoolOffer {
        pool: POOLS[(place + usize::from(input.byte())) % POOLS.len()],
        credit_max: 1 + input.below(4) as u64,
    });
    Packet::of(&Message::Register(Register {
        session,
        pools: pools.collect(),
        pid: 1 + input.below(4) as u64,
        host: input.one_of(&["here", "there"]),
        instance: "instance",
        attentive: input.below(4) != 0,
        labels: NamedValues::default(),
    }))
}

/// Answers to jobs that it has, or never had, or has answered before.
fn replies(session: u64, peer: &mut Peer, input: &mut Input<'_>) -> Packet {
    let count = 1 + input.below(3);
    let replies = (0..count).map(|_| {
        let place = input.below(256);
        let (job, attempt) = match place.checked_rem(peer.jobs.len()) {
            Some(place) if input.below(8) != 0 => peer.jobs.swap_remove(place),
            Some(place) => peer.jobs[place],
            None => (JobId::new(0, u64::from(input.byte())), 1),
        };
        ReplyEntry {
            job,
            attempt: if input.below(16) == 0 { attempt + 1 } else { attempt },
            end: input.one_of(&END_OF_JOB),
            run_us: u64::from(input.two_bytes()),
            code: "",
            text: "",
            headers: MessageHeaders::default(),
        }
    });
    let replies = replies.collect();
    Packet::of(&Message::Replies(Replies { session, replies }))
}

fn execute(session: u64, peer: &mut Peer, input: &mut Input<'_>) -> Packet {
    let count = 1 + input.below(4);
    let calls = (0..count).map(|_| {
        peer.calls += 1;
        CallEntry {
            call: if input.below(16) == 0 { 1 } else { peer.calls },
            pool: input.one_of(&POOLS[..3]),
            timeout_ms: 1 + u64::from(input.byte()) * 10,
            flags: input.below(2) as u64 * FLAG_ONCE,
            attempts_max: Some(input.below(4) as u64).filter(|attempts| *attempts > 0),
            headers: MessageHeaders::default(),
        }
    });
    let calls = calls.collect();
    Packet::of(&Message::Execute(Execute { session, calls }))
}

fn control(session: u64, input: &mut Input<'_>) -> Packet {
    if input.is_odd() {
        return Packet::of(&Message::Status(Status { session, query: input.one_of(&QUERIES) }));
    }
    Packet::of(&Message::Control(Control {
        session,
        id: u64::from(input.byte()),
        verb: input.one_of(&VERBS),
        selector: input.one_of(&SELECTORS),
        within_ms: u64::from(input.byte()),
    }))
}
