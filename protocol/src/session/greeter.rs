//! A peer's side of the handshake: what it says, and whether it believes the answer. Pure; the randomness of its nonces
//! is handed in once.

use crate::limits::NONCE_BYTES;
use crate::{
    Bytes, Hello, MAGIC, Message, NonceSource, Proof, Prover, SharedSecret, VERSION_MAX, VERSION_MIN, Welcome,
};

/// What a peer needs to prove itself, and to have the master prove itself.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// Shared with the master.
    pub secret: SharedSecret,
    /// 32 random bytes, from which the nonces are made.
    pub seed: [u8; NONCE_BYTES],
}

/// Says HELLO, answers CHALLENGE, and judges WELCOME.
#[derive(Debug)]
pub struct Greeter {
    role: &'static str,
    software: String,
    proving: Option<Proving>,
}

#[derive(Debug)]
struct Proving {
    secret: SharedSecret,
    nonces: NonceSource,
    present: Handshake,
    /// The one before it, whose second WELCOME may still be on its way: a HELLO that was repeated is answered once more.
    last: Handshake,
    /// A WELCOME of this handshake was believed: the next HELLO begins another.
    concluded: bool,
}

/// The frames of a handshake, as they were sent.
#[derive(Debug, Default)]
struct Handshake {
    hello: Vec<u8>,
    challenge: Vec<u8>,
    proof: Vec<u8>,
}

/// Whether a master may be believed that says WELCOME.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Belief {
    /// It has proved itself, or there are no credentials to prove it by.
    Believed,
    /// It has proved itself in the handshake before this one: the answer to the present HELLO is on its way.
    Outdated,
    /// It has not proved itself.
    Denied,
}

impl Greeter {
    /// A greeter for a role ([`ROLE_WORKER`](crate::ROLE_WORKER) or [`ROLE_CLIENT`](crate::ROLE_CLIENT)). With
    /// credentials, it believes only a master that proves itself.
    pub fn new(role: &'static str, software: String, credentials: Option<Credentials>) -> Greeter {
        let proving = credentials.map(|Credentials { secret, seed }| Proving {
            secret,
            nonces: NonceSource::new(seed),
            present: Handshake::default(),
            last: Handshake::default(),
            concluded: true,
        });
        Greeter { role, software, proving }
    }

    /// The header frame of a HELLO. Until a WELCOME is believed it is the same each time: the answer to an earlier one
    /// may still be on its way, and has to be proved right then, too.
    pub fn hello(&mut self) -> Vec<u8> {
        if let Some(proving) = &self.proving
            && !proving.concluded
        {
            return proving.present.hello.clone();
        }
        let nonce = self.proving.as_mut().map(|proving| proving.nonces.next());
        let hello = Message::Hello(Hello {
            magic: MAGIC,
            version_min: VERSION_MIN,
            version_max: VERSION_MAX,
            role: self.role,
            software: &self.software,
            nonce: nonce.as_ref().map(|nonce| Bytes(nonce)),
        })
        .encode();
        if let Some(proving) = &mut self.proving {
            let next = Handshake { hello: hello.clone(), ..Handshake::default() };
            proving.last = std::mem::replace(&mut proving.present, next);
            proving.concluded = false;
        }
        hello
    }

    /// The header frame of the PROOF that answers a CHALLENGE, whose header frame this is. `None` without credentials.
    pub fn prove(&mut self, challenge: &[u8]) -> Option<Vec<u8>> {
        let proving = self.proving.as_mut()?;
        let mac = proving.secret.prove(self.role, Prover::Peer, &[&proving.present.hello, challenge]);
        proving.present.challenge = challenge.to_vec();
        proving.present.proof = Message::Proof(Proof { mac: Bytes(&mac) }).encode();
        Some(proving.present.proof.clone())
    }

    /// Whether the master may be believed.
    pub fn judge(&mut self, welcome: &Welcome<'_>) -> Belief {
        let Some(proving) = &mut self.proving else { return Belief::Believed };
        let proves = |handshake: &Handshake| {
            let frames = [&handshake.hello[..], &handshake.challenge, &handshake.proof];
            let accepts = |mac: Bytes<'_>| proving.secret.accepts(self.role, Prover::Master, &frames, mac.0);
            !handshake.proof.is_empty() && welcome.mac.is_some_and(accepts)
        };
        if proves(&proving.present) {
            proving.concluded = true;
            Belief::Believed
        } else if proves(&proving.last) {
            Belief::Outdated
        } else {
            Belief::Denied
        }
    }
}
