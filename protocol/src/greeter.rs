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
    /// The frames of the present handshake, as they were sent.
    hello: Vec<u8>,
    challenge: Vec<u8>,
    proof: Vec<u8>,
    /// A WELCOME of this handshake was believed: the next HELLO begins another.
    concluded: bool,
}

impl Greeter {
    /// A greeter for a role ([`ROLE_WORKER`](crate::ROLE_WORKER) or [`ROLE_CLIENT`](crate::ROLE_CLIENT)). With
    /// credentials, it believes only a master that proves itself.
    pub fn new(role: &'static str, software: String, credentials: Option<Credentials>) -> Greeter {
        let proving = credentials.map(|Credentials { secret, seed }| Proving {
            secret,
            nonces: NonceSource::new(seed),
            hello: Vec::new(),
            challenge: Vec::new(),
            proof: Vec::new(),
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
            return proving.hello.clone();
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
            proving.hello.clone_from(&hello);
            proving.challenge.clear();
            proving.proof.clear();
            proving.concluded = false;
        }
        hello
    }

    /// The header frame of the PROOF that answers a CHALLENGE, whose header frame this is. `None` without credentials.
    pub fn prove(&mut self, challenge: &[u8]) -> Option<Vec<u8>> {
        let proving = self.proving.as_mut()?;
        let mac = proving.secret.prove(self.role, Prover::Peer, &[&proving.hello, challenge]);
        proving.challenge = challenge.to_vec();
        proving.proof = Message::Proof(Proof { mac: Bytes(&mac) }).encode();
        Some(proving.proof.clone())
    }

    /// Whether the master may be believed: it has proved itself, or there are no credentials to prove it by.
    pub fn believes(&mut self, welcome: &Welcome<'_>) -> bool {
        let Some(proving) = &mut self.proving else { return true };
        let frames = [&proving.hello[..], &proving.challenge, &proving.proof];
        let accepts = |mac: Bytes<'_>| proving.secret.accepts(self.role, Prover::Master, &frames, mac.0);
        let believed = welcome.mac.is_some_and(accepts);
        proving.concluded |= believed;
        believed
    }
}
