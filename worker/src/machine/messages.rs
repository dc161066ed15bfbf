//! What each message concerns. Whether a message is foreign is decided before, in
//! [`PeerSession`](powerhose_protocol::session::PeerSession).

use super::{Departure, Ending, Machine, Payload, State};
use powerhose_protocol::session::Heard;
use powerhose_protocol::{Bye, Message};
use std::time::Instant;

/// The codes of a BYE after which the master does not want the worker back.
const FAREWELLS: [&str; 2] = ["stop", "drain"];

impl<P: Payload> Machine<P> {
    /// `header` is the frame that the message was read from.
    pub(super) fn handle_message(
        &mut self,
        now: Instant,
        header: &[u8],
        message: Message<'_>,
        payloads: &mut Vec<P>,
    ) {
        let kind = message.kind();
        match self.peer.handle(now, header, message) {
            Heard::Heartbeat => {}
            Heard::Dropped(why) => tracing::debug!(%kind, "dropped: {why}"),
            Heard::Prove(proof) => self.send_frame(proof, Vec::new()),
            Heard::Opened => self.opened(now),
            Heard::Unknown => {
                tracing::debug!("the master does not know this session");
                self.session_over();
            }
            Heard::Bye(bye) => self.dismissed(&bye),
            Heard::Deferred(reject) => self.deferred(&reject),
            Heard::Refused { code, text } => self.end(Ending::Refused { code, text }),
            Heard::Rejected(reject) => self.rejected(now, &reject),
            Heard::Message(message) => self.obey(now, message, payloads),
        }
    }

    /// A message of the present session.
    fn obey(&mut self, now: Instant, message: Message<'_>, payloads: &mut Vec<P>) {
        let kind = message.kind();
        match message {
            Message::Registered(registered) => self.registered(&registered),
            Message::Jobs(jobs) => self.given(now, jobs, payloads),
            Message::Cancel(cancel) => self.cancelled(now, &cancel.jobs),
            Message::Recall(recall) => self.recalled(&recall.jobs),
            Message::Quiet(_) => tracing::debug!("the master will send no new jobs"),
            Message::Quieted(_) => self.quieted(),
            Message::Resume(_) => tracing::debug!("the master may send jobs again"),
            Message::Hello(_)
            | Message::Challenge(_)
            | Message::Proof(_)
            | Message::Welcome(_)
            | Message::Heartbeat(_)
            | Message::Unknown(_)
            | Message::Bye(_)
            | Message::Reject(_)
            | Message::Register(_)
            | Message::Replies(_)
            | Message::Execute(_)
            | Message::Outcomes(_)
            | Message::Abandon(_)
            | Message::Status(_)
            | Message::State(_)
            | Message::Control(_)
            | Message::Controlled(_) => self.note_nonsense(now, &format_args!("{kind} is not for a worker")),
        }
    }

    fn quieted(&mut self) {
        if let State::Leaving(step) = &mut self.state {
            *step = Departure::Quieted;
            self.depart_if_free();
        }
    }

    fn dismissed(&mut self, bye: &Bye<'_>) {
        tracing::info!(code = bye.code, text = bye.text, "the master ended the session");
        if FAREWELLS.contains(&bye.code) && !matches!(self.state, State::Leaving(_)) {
            self.end(Ending::Stopped { code: bye.code.to_owned(), text: bye.text.to_owned() });
        } else {
            self.session_over();
        }
    }
}
