//! The bytes of ZMTP 3.1, as far as two peers that speak plainly need them: greeting, READY, frames, PING and PONG.
//! See rfc.zeromq.org/spec/37.

use crate::{Sharing, Violation};
use std::time::Duration;

pub(crate) const GREETING_BYTES: usize = 64;
const SIGNATURE_BYTES: usize = 10;
const MECHANISM_BYTES: usize = 20;
const MECHANISM: &[u8] = b"NULL";
/// The oldest version whose greeting and commands are those of 3.1.
const MAJOR: u8 = 3;

const MORE: u8 = 1;
const LONG: u8 = 2;
const COMMAND: u8 = 4;
/// Bytes of a frame that has its length in one byte.
const SHORT_BYTES_MAX: usize = 255;
/// Bytes of a command. READY may carry properties of applications; PING has at most 23 bytes.
const COMMAND_BYTES_MAX: u64 = 64 << 10;
/// What a PING counts time in.
const TIME_TO_LIVE_UNIT: Duration = Duration::from_millis(100);
/// Bytes of what a PING wants back.
const CONTEXT_BYTES_MAX: usize = 16;

/// A kind of socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Dealer,
    Router,
}

impl Kind {
    fn text(self) -> &'static str {
        match self {
            Kind::Dealer => "DEALER",
            Kind::Router => "ROUTER",
        }
    }

    /// Whether messages can go to and fro between this one and one of that name.
    fn goes_with(self, name: &[u8]) -> bool {
        match self {
            Kind::Dealer => matches!(name, b"ROUTER" | b"DEALER" | b"REP"),
            Kind::Router => matches!(name, b"DEALER" | b"REQ" | b"ROUTER"),
        }
    }
}

/// The property of READY by which shared memory is offered, and the version of how it is used.
const MEMORY: (&[u8], &[u8]) = (b"X-Powerhose-Memory", b"1");

/// Greeting and READY, which may be sent together before anything has come.
pub(crate) fn opening(kind: Kind, sharing: Sharing) -> Vec<u8> {
    let mut bytes = vec![0; GREETING_BYTES];
    bytes[0] = 0xff;
    bytes[SIGNATURE_BYTES - 1] = 0x7f;
    bytes[SIGNATURE_BYTES] = MAJOR;
    bytes[SIGNATURE_BYTES + 1] = 1;
    bytes[SIGNATURE_BYTES + 2..][..MECHANISM.len()].copy_from_slice(MECHANISM);
    let mut ready = b"\x05READY".to_vec();
    let offered = match sharing {
        Sharing::Offered => Some(MEMORY),
        Sharing::Off => None,
    };
    let properties = [(&b"Socket-Type"[..], kind.text().as_bytes()), (b"Identity", b"")];
    for (name, value) in properties.into_iter().chain(offered) {
        ready.push(name.len() as u8);
        ready.extend(name);
        ready.extend((value.len() as u32).to_be_bytes());
        ready.extend(value);
    }
    push_head(&mut bytes, Head { more: false, command: true, length: ready.len() as u64 });
    bytes.extend(ready);
    bytes
}

/// So much of what is sent first tells the version, and has every peer say what it is. Who sends the rest only when it knows
/// the peer's mechanism can say why it refuses that peer, which otherwise leaves without having said it.
pub(crate) const VERSION_BYTES: usize = SIGNATURE_BYTES + 1;

/// Whether a greeting is one, as far as it has come.
pub(crate) fn check_greeting(bytes: &[u8]) -> Result<(), Violation> {
    let is = |place: usize, expected: u8| bytes.get(place).is_none_or(|byte| *byte == expected);
    // The last bit of the signature's last byte tells version 3 from the first, which has a frame there.
    if !is(0, 0xff) || !is(SIGNATURE_BYTES - 1, 0x7f) {
        return Err(Violation::NotZmtp);
    }
    if let Some(major) = bytes.get(SIGNATURE_BYTES).copied().filter(|major| *major < MAJOR) {
        return Err(Violation::Version { major });
    }
    let Some(mechanism) = bytes.get(SIGNATURE_BYTES + 2..).and_then(|rest| rest.get(..MECHANISM_BYTES))
    else {
        return Ok(());
    };
    let name = mechanism.split(|byte| *byte == 0).next().unwrap_or_default();
    let is_padded = mechanism[name.len()..].iter().all(|byte| *byte == 0);
    match name {
        MECHANISM if is_padded => Ok(()),
        b"CURVE" => Err(Violation::Mechanism { wanted: "CURVE" }),
        b"PLAIN" => Err(Violation::Mechanism { wanted: "PLAIN" }),
        b"GSSAPI" => Err(Violation::Mechanism { wanted: "GSSAPI" }),
        _ => Err(Violation::Mechanism { wanted: "unknown" }),
    }
}

/// Whether the sender of a greeting, which is one, knows PING. It came with version 3.1.
pub(crate) fn answers_pings(greeting: &[u8]) -> bool {
    let version = greeting.get(SIGNATURE_BYTES..SIGNATURE_BYTES + 2);
    version.is_some_and(|version| version > &[MAJOR, 0][..])
}

/// What stands before a frame's bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    /// Another frame of the same message follows.
    pub(crate) more: bool,
    pub(crate) command: bool,
    /// Bytes of the frame.
    pub(crate) length: u64,
}

/// Reads a head; gives its own size too. None if there are not bytes enough.
pub(crate) fn read_head(bytes: &[u8]) -> Result<Option<(Head, usize)>, Violation> {
    let Some(flags) = bytes.first().copied() else { return Ok(None) };
    let (more, command) = (flags & MORE != 0, flags & COMMAND != 0);
    if flags & !(MORE | LONG | COMMAND) != 0 || more && command {
        return Err(Violation::Flags { flags });
    }
    let (length, size) = if flags & LONG != 0 {
        let Some(length) = bytes.get(1..9).and_then(|length| length.try_into().ok()) else { return Ok(None) };
        (u64::from_be_bytes(length), 9)
    } else {
        let Some(length) = bytes.get(1) else { return Ok(None) };
        (u64::from(*length), 2)
    };
    if command && length > COMMAND_BYTES_MAX {
        return Err(Violation::FrameTooLong { bytes: length, max: COMMAND_BYTES_MAX });
    }
    Ok(Some((Head { more, command, length }, size)))
}

/// Writes a head.
pub(crate) fn push_head(bytes: &mut Vec<u8>, head: Head) {
    let flags = if head.more { MORE } else { 0 } | if head.command { COMMAND } else { 0 };
    match u8::try_from(head.length) {
        Ok(length) => bytes.extend([flags, length]),
        Err(_) => {
            bytes.push(flags | LONG);
            bytes.extend(head.length.to_be_bytes());
        }
    }
}

/// Bytes that a frame of this length takes on the wire.
pub(crate) fn framed_bytes(length: usize) -> usize {
    length + if length > SHORT_BYTES_MAX { 9 } else { 2 }
}

/// What a peer says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ready {
    /// It chose an identity (routing id).
    pub(crate) has_identity: bool,
    /// It offers shared memory, of the kind that is known here.
    pub(crate) offers_memory: bool,
}

/// Reads the command that ends the handshake.
pub(crate) fn read_ready(command: &[u8], own: Kind) -> Result<Ready, Violation> {
    let mut rest = command.strip_prefix(b"\x05READY").ok_or(Violation::NotReady)?;
    let mut ready = Ready { has_identity: false, offers_memory: false };
    while !rest.is_empty() {
        let (name, value, behind) = read_property(rest).ok_or(Violation::NotReady)?;
        if name.eq_ignore_ascii_case(b"Socket-Type") {
            if !own.goes_with(value) {
                return Err(Violation::SocketType { kind: known_kind(value), own: own.text() });
            }
        } else if name.eq_ignore_ascii_case(b"Identity") {
            ready.has_identity = !value.is_empty();
        } else if name.eq_ignore_ascii_case(MEMORY.0) {
            ready.offers_memory = value == MEMORY.1;
        }
        rest = behind;
    }
    // Who does not say what it is is taken for the right thing, as libzmq does.
    Ok(ready)
}

/// The kind of a peer's socket, if there is such a kind. A peer's own words are not repeated.
fn known_kind(name: &[u8]) -> &'static str {
    let kinds = [
        "REQ", "REP", "DEALER", "ROUTER", "PUB", "SUB", "XPUB", "XSUB", "PUSH", "PULL", "PAIR", "CLIENT",
        "SERVER", "RADIO", "DISH", "SCATTER", "GATHER", "PEER", "CHANNEL", "STREAM",
    ];
    kinds.into_iter().find(|kind| kind.as_bytes() == name).unwrap_or("unknown")
}

fn read_property(bytes: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let (length, rest) = bytes.split_first()?;
    let (name, rest) = rest.split_at_checked(usize::from(*length))?;
    let (length, rest) = rest.split_first_chunk::<4>()?;
    let (value, rest) = rest.split_at_checked(u32::from_be_bytes(*length) as usize)?;
    Some((name, value, rest))
}

/// Asks whether the peer still reads. It wants nothing back, and nothing of the peer but an answer.
pub(crate) fn ping() -> Vec<u8> {
    command(b"\x04PING\0\0")
}

/// A PING that came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ping {
    /// What it is to be answered with.
    pub(crate) answer: Vec<u8>,
    /// Its sender wants the connection to end if it sends nothing for so long. Zero if it does not say.
    pub(crate) time_to_live: Duration,
}

/// Reads a PING; None of every other command.
pub(crate) fn read_ping(command: &[u8]) -> Option<Ping> {
    let (units, context) = command.strip_prefix(b"\x04PING")?.split_first_chunk::<2>()?;
    let context = &context[..context.len().min(CONTEXT_BYTES_MAX)];
    Some(Ping {
        answer: self::command(&[b"\x04PONG", context].concat()),
        time_to_live: TIME_TO_LIVE_UNIT * u16::from_be_bytes(*units).into(),
    })
}

/// What who connects says of memory that it was sent, before anything else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// From now on all bytes go through it.
    Taken,
    /// The socket goes on.
    Refused,
}

/// The command that says so.
pub(crate) fn answer(answer: Answer) -> Vec<u8> {
    match answer {
        Answer::Taken => command(b"\x06MEMORY\x01"),
        Answer::Refused => command(b"\x06MEMORY\0"),
    }
}

/// Reads an answer; None of every other command.
pub(crate) fn read_answer(command: &[u8]) -> Option<Answer> {
    match command.strip_prefix(b"\x06MEMORY")? {
        [1] => Some(Answer::Taken),
        _ => Some(Answer::Refused),
    }
}

fn command(body: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(framed_bytes(body.len()));
    push_head(&mut bytes, Head { more: false, command: true, length: body.len() as u64 });
    bytes.extend(body);
    bytes
}

#[cfg(test)]
mod tests;
