//! Which message concerns what. Here stands what makes a message foreign; nothing else decides that.

use super::{Departure, Machine, Payload, State};
use powerhose_protocol::{Bye, Kind, Message};
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
        match message {
            Message::Welcome(welcome) => self.welcomed(now, &welcome),
            Message::Challenge(_) => self.challenged(now, header),
            Message::Unknown(_) => self.unknown(now),
            Message::Reject(reject) => self.rejected(now, &reject),
            Message::Registered(registered) => {
                if self.is_ours(now, kind, registered.session) {
                    self.registered(&registered);
                }
            }
            Message::Heartbeat(heartbeat) => {
                if self.is_ours(now, kind, heartbeat.session) {
                    let clock_ms = self.clock_ms(now);
                    self.session_mut().expect("it is ours").received(clock_ms, &heartbeat);
                }
            }
            Message::Jobs(jobs) => {
                if self.is_ours(now, kind, jobs.session) {
                    self.given(now, jobs, payloads);
                }
            }
            Message::Cancel(cancel) => {
                if self.is_ours(now, kind, cancel.session) {
                    self.cancelled(&cancel.jobs);
                }
            }
            Message::Recall(recall) => {
                if self.is_ours(now, kind, recall.session) {
                    self.recalled(&recall.jobs);
                }
            }
            Message::Quiet(quiet) => {
                if self.is_ours(now, kind, quiet.session) {
                    tracing::debug!("the master will send no new jobs");
                }
            }
            Message::Quieted(quieted) => {
                if self.is_ours(now, kind, quieted.session) {
                    self.quieted();
                }
            }
            Message::Resume(resume) => {
                if self.is_ours(now, kind, resume.session) {
                    tracing::debug!("the master may send jobs again");
                }
            }
            Message::Bye(bye) => {
                if self.is_ours(now, kind, bye.session) {
                    self.dismissed(now, &bye);
                }
            }
            Message::Hello(_)
            | Message::Proof(_)
            | Message::Register(_)
            | Message::Replies(_)
            | Message::Execute(_)
            | Message::Outcomes(_)
            | Message::Abandon(_)
            | Message::Status(_)
            | Message::State(_)
            | Message::Control(_)
            | Message::Controlled(_) => self.nonsense.note(now, &format_args!("{kind} is not for a worker")),
        }
    }

    /// Milliseconds of the worker's own clock.
    pub(super) fn clock_ms(&self, now: Instant) -> u64 {
        u64::try_from(now.saturating_duration_since(self.started).as_millis()).unwrap_or(u64::MAX)
    }

    /// Whether this session is the present one. If so, the message is a sign of life.
    fn is_ours(&mut self, now: Instant, kind: Kind, session: u64) -> bool {
        let ours = self.session().is_some_and(|present| present.number == session);
        if ours {
            self.heard_at = now;
        } else {
            tracing::debug!(%kind, session, "dropped a message of a foreign session");
        }
        ours
    }

    fn quieted(&mut self) {
        if let State::Leaving { step, .. } = &mut self.state {
            *step = Departure::Quieted;
            self.depart_if_free();
        }
    }

    fn dismissed(&mut self, now: Instant, bye: &Bye<'_>) {
        tracing::info!(code = bye.code, text = bye.text, "the master ended the session");
        if FAREWELLS.contains(&bye.code) && !matches!(self.state, State::Leaving { .. }) {
            self.end(super::Ending::Stopped { code: bye.code.to_owned(), text: bye.text.to_owned() });
        } else {
            self.greet_again_soon(now);
        }
    }
}
