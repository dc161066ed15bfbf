//! Peers that say what they like: an operator, who gives orders and asks questions, and hostile ones.

use super::World;
use crate::coverage::Counted;
use crate::network::Packet;
use crate::process::{Being, Process, ProcessId, RawPeer};
use crate::scenario::POOLS;
use bytes::Bytes;
use powerhose_harness::Draws;
use powerhose_protocol::{
    Abandon, Bye, CallEntry, Control, Execute, Greeter, Heartbeat, JobId, Message, NamedValues, PoolOffer,
    ROLE_CLIENT, ROLE_WORKER, Register, Replies, ReplyEntry, Status, WorkerEnd, decode,
};

/// Messages of a flood: more than the master puts up with if it has to refuse each.
const FLOOD: u32 = 120;

impl World {
    pub(super) fn raw_peer(&mut self, operator: bool) -> Being {
        let role = if operator || self.random.permille(500) { ROLE_CLIENT } else { ROLE_WORKER };
        // A hostile peer may know the secret, too.
        let known = operator || self.random.permille(500);
        let secrets = self.scenario.secrets.as_ref().filter(|_| known);
        let secret = secrets.map(|secrets| match role {
            ROLE_CLIENT => secrets.clients.clone(),
            _ => secrets.workers.clone(),
        });
        let credentials = self.credentials(secret);
        let greeter = Greeter::new(role, "raw/1".to_owned(), credentials);
        Being::Raw(Box::new(RawPeer { greeter, operator, proves: known, session: None, last_id: 0 }))
    }

    /// Reads what came, as far as it serves to say more.
    pub(super) fn raw_turn(&mut self, process: &mut Process, raw: &mut RawPeer) {
        if std::mem::take(&mut process.disconnected) {
            raw.session = None;
        }
        while let Some(packet) = process.inbox.pop_front() {
            let Ok(message) = decode(&packet.header, packet.payloads.len()) else { continue };
            match message {
                Message::Welcome(welcome) => raw.session = Some(welcome.session),
                Message::Challenge(_) => {
                    if let Some(header) = raw.greeter.prove(&packet.header) {
                        self.send(process, Packet { header, payloads: Vec::new() });
                    }
                }
                Message::Unknown(_) | Message::Bye(_) => raw.session = None,
                _ => {}
            }
        }
    }

    /// A raw peer says something; `make` gets its session.
    pub(super) fn say(&mut self, id: ProcessId, make: impl FnOnce(&mut RawPeer, &mut Draws) -> Packet) {
        let Some(mut process) = self.processes.remove(&id) else { return };
        if let Being::Raw(raw) = &mut process.being
            && !process.stopped
        {
            let packet = make(raw, &mut self.random);
            self.note(&packet.header, || format!("peer {} says {}", id.0, packet.describe()));
            self.send(&process, packet);
        }
        self.processes.insert(id, process);
    }

    /// An order or a question.
    pub(super) fn order(&mut self, id: ProcessId, verb: &'static str, selector: &str, within_ms: u64) {
        self.say(id, |raw, _| match raw.session {
            None => plain(raw.greeter.hello()),
            Some(session) => {
                raw.last_id += 1;
                let control = Control { session, id: raw.last_id, verb, selector, within_ms };
                plain(Message::from(control).encode())
            }
        });
    }

    pub(super) fn ask(&mut self, id: ProcessId) {
        self.say(id, |raw, random| match raw.session {
            None => plain(raw.greeter.hello()),
            Some(session) => {
                let query = random.pick(&["master", "workers", "pools", "weather"]).expect("one of four");
                plain(Message::from(Status { session, query }).encode())
            }
        });
    }

    /// A hostile peer says something.
    pub(super) fn say_anything(&mut self, id: ProcessId) {
        let overheard: Vec<Packet> = self.overheard.iter().cloned().collect();
        let counted = match self.random.below(9) {
            0 => {
                self.say(id, |_, random| garbage(random));
                Counted::FaultGarbage
            }
            1 | 2 => {
                self.say(id, |_, random| mutated(random, random_packet(&overheard, &mut random.clone())));
                Counted::FaultMutated
            }
            3 => {
                self.say(id, |_, random| random_packet(&overheard, random));
                Counted::FaultReplayed
            }
            4 | 8 => {
                let nonsense = self.random.permille(500);
                for _ in 0..FLOOD {
                    self.say(
                        id,
                        |raw, random| if nonsense { garbage(random) } else { wellformed(raw, random) },
                    );
                }
                Counted::FaultFlood
            }
            5 => {
                self.say(id, |raw, random| {
                    let packet = wellformed(raw, random);
                    mutated(random, packet)
                });
                Counted::FaultMutated
            }
            _ => {
                self.say(id, wellformed);
                return;
            }
        };
        self.count(counted);
    }
}

fn plain(header: Vec<u8>) -> Packet {
    Packet { header, payloads: Vec::new() }
}

fn random_packet(overheard: &[Packet], random: &mut Draws) -> Packet {
    random.pick(overheard).cloned().unwrap_or_else(|| plain(vec![0x90]))
}

fn garbage(random: &mut Draws) -> Packet {
    let bytes = |random: &mut Draws| {
        let length = random.below(40);
        (0..length).map(|_| random.number() as u8).collect::<Vec<u8>>()
    };
    let header = bytes(random);
    let payloads = (0..random.below(3)).map(|_| Bytes::from(bytes(random))).collect();
    Packet { header, payloads }
}

fn mutated(random: &mut Draws, mut packet: Packet) -> Packet {
    for _ in 0..random.between(1, 3) {
        let place = random.below(packet.header.len() as u64 + 1) as usize;
        match random.below(5) {
            0 => packet.header.truncate(place),
            1 => packet.header.insert(place, random.number() as u8),
            2 if !packet.payloads.is_empty() => drop(packet.payloads.pop()),
            3 => packet.payloads.push(Bytes::from_static(b"more")),
            _ => {
                if let Some(byte) = packet.header.get_mut(place) {
                    *byte ^= 1 << random.below(8);
                }
            }
        }
    }
    packet
}

/// A message that can be read, from a peer that may be in no state to send it.
fn wellformed(raw: &mut RawPeer, random: &mut Draws) -> Packet {
    let Some(session) = raw.session else { return plain(raw.greeter.hello()) };
    let job = JobId::new(random.below(3), random.between(1, 40));
    let message: Message<'_> = match random.below(10) {
        0 => {
            Heartbeat { session, sequence: random.number(), acknowledged: random.below(3), sent_ms: 7 }.into()
        }
        1 => return plain(raw.greeter.hello()),
        2 => Bye { session, code: "leaving", text: "" }.into(),
        3 => Abandon { session, calls: vec![random.between(1, 9)] }.into(),
        4 | 5 => return execute(session, random),
        6 => return replies(session, job, random),
        7 => powerhose_protocol::Quiet { session }.into(),
        _ => return register(session, random),
    };
    plain(message.encode())
}

fn execute(session: u64, random: &mut Draws) -> Packet {
    let entry = CallEntry {
        call: random.between(1, 9),
        pool: POOLS[random.below(POOLS.len() as u64) as usize],
        timeout_ms: random.between(1, 3000),
        // The second bit is left out: the model counts every timeout from its submission.
        flags: random.below(2) | random.below(2) << 2,
        attempts_max: Some(random.between(1, 3)),
        headers: NamedValues::default(),
    };
    let count = random.between(1, 3) as usize;
    let header = Message::from(Execute { session, calls: vec![entry; count] }).encode();
    Packet { header, payloads: vec![Bytes::from_static(b"raw"); count] }
}

fn replies(session: u64, job: JobId, random: &mut Draws) -> Packet {
    let entry = ReplyEntry {
        job,
        attempt: random.between(1, 3),
        end: *random.pick(&[WorkerEnd::Done, WorkerEnd::Returned, WorkerEnd::Expired]).expect("one of three"),
        run_us: random.number() >> 1,
        code: "",
        text: "",
        headers: NamedValues::default(),
    };
    let header = Message::from(Replies { session, replies: vec![entry] }).encode();
    Packet { header, payloads: vec![Bytes::from_static(crate::work::LIE)] }
}

fn register(session: u64, random: &mut Draws) -> Packet {
    // Rarely one where jobs go: they are not seen again.
    let pool = if random.permille(100) { POOLS[0] } else { "trap" };
    let register = Register {
        session,
        pools: vec![PoolOffer { pool, credit_max: random.between(1, 4) }],
        pid: random.below(2000),
        host: "here",
        instance: "raw",
        attentive: random.permille(500),
        labels: NamedValues::default(),
    };
    plain(Message::from(register).encode())
}
