//! What the master says. What makes a message foreign is decided before, in
//! [`PeerSession`](powerhose_protocol::session::PeerSession).

use super::{ClientMachine, Refusal, outcome};
use crate::common::{Ending, Rejection};
use bytes::Bytes;
use powerhose_protocol::session::Heard;
use powerhose_protocol::{CODE_CLOSING, Kind, Message, Outcomes, Reject, decode};
use std::time::Instant;
use tracing::{debug, info, warn};

impl ClientMachine {
    /// A message from the master: its header frame, whatever bytes it holds, and the frames behind it, which are taken
    /// out.
    pub fn receive(&mut self, now: Instant, header: &[u8], payloads: &mut Vec<Bytes>) {
        self.now = self.now.max(now);
        let message = match decode(header, payloads.len()) {
            Ok(message) => message,
            Err(error) => return warn!(%error, "the master sent what cannot be read"),
        };
        let kind = message.kind();
        match self.peer.handle(self.now, header, message) {
            Heard::Heartbeat => {}
            Heard::Dropped(why) => debug!(%kind, "dropped: {why}"),
            Heard::Prove(proof) => self.send(proof, Vec::new()),
            Heard::Opened => self.opened(),
            Heard::Unknown => {
                debug!("the master does not know this session");
                self.session_over();
            }
            Heard::Bye(bye) => {
                info!(code = bye.code, text = bye.text, "the master said goodbye");
                self.session_over();
            }
            Heard::Deferred(reject) => log_rejected(&reject),
            Heard::Refused { code, text } => self.refused(Refusal { code, text }),
            Heard::Rejected(reject) => self.rejected(&reject),
            Heard::Message(message) => self.obey(message, payloads),
        }
    }

    /// A message of the present session.
    fn obey(&mut self, message: Message<'_>, payloads: &mut Vec<Bytes>) {
        match message {
            Message::Outcomes(outcomes) => self.outcomes(&outcomes, payloads),
            Message::State(state) => self.told(state),
            Message::Controlled(controlled) => self.controlled(controlled),
            other => debug!(kind = %other.kind(), "a message that means nothing to a client"),
        }
    }

    fn outcomes(&mut self, outcomes: &Outcomes<'_>, payloads: &mut Vec<Bytes>) {
        for (entry, payload) in outcomes.outcomes.iter().zip(payloads.drain(..)) {
            let job = self.job_of(entry.call);
            match self.calls.take_sent(entry.call) {
                Some((sent, timer)) => {
                    self.timers.stop(timer);
                    let outcome = outcome::read(entry, payload, &sent);
                    self.complete(entry.call, job, outcome);
                }
                None => debug!(call = entry.call, "an outcome that nobody waits for"),
            }
        }
    }

    /// Something that this client has sent was refused, beside its greeting.
    fn rejected(&mut self, reject: &Reject<'_>) {
        log_rejected(reject);
        match (Kind::from_number(reject.kind), reject.reference) {
            (Some(Kind::Execute), Some(call)) => self.call_refused(call, reject),
            (Some(Kind::Status), _) => self.question_refused(&Refusal::of(reject)),
            (Some(Kind::Control), Some(order)) => self.order_refused(order, Refusal::of(reject)),
            _ => {}
        }
    }

    fn call_refused(&mut self, call: u64, reject: &Reject<'_>) {
        let job = self.job_of(call);
        let Some((_, timer)) = self.calls.take_sent(call) else { return };
        self.timers.stop(timer);
        let reason = format!("{}: {}", reject.code, reject.text).into();
        let rejected = Ending::Rejected(Rejection::BadCall { reason });
        self.complete(call, job, outcome::own(rejected, false));
    }
}

impl Refusal {
    fn of(reject: &Reject<'_>) -> Refusal {
        Refusal { code: reject.code.to_owned(), text: reject.text.to_owned() }
    }
}

fn log_rejected(reject: &Reject<'_>) {
    let Reject { kind, code, text, .. } = *reject;
    match code {
        // It was heard to end, or will be; the next HELLO finds whoever comes in its place.
        CODE_CLOSING => debug!(text, "the master ends; another may come"),
        _ => warn!(kind, code, text, "the master refused a message"),
    }
}
