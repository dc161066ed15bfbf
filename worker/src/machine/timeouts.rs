//! What becomes due with time. [`Machine::poll_timeout`] tells every deadline of the machine.

use super::jobs::Watch;
use super::{Departure, Ending, Handler, Machine, Payload, Registration, State};
use powerhose_protocol::session::Due;
use std::time::{Duration, Instant};

/// Being called so much later than asked means that the process stood still, and the master's messages with it.
const STANDSTILL: Duration = Duration::from_secs(1);

impl<P: Payload> Machine<P> {
    /// When [`handle_timeout`](Machine::handle_timeout) has to be called at the latest, and why. `None` once all is over.
    pub fn poll_timeout(&self) -> Option<(Instant, &'static str)> {
        let stock = self.stock_due().map(|at| (at, "stock"));
        self.own_timeout().into_iter().chain(stock).min_by_key(|(at, _)| *at)
    }

    /// What was due before anything came: if that is late, the process stood still. Jobs that come behind a long run are due
    /// to go back before they are there.
    fn own_timeout(&self) -> Option<(Instant, &'static str)> {
        let step = match &self.state {
            State::Registering(Registration::Sent { patience_until }) => {
                Some((*patience_until, "registered"))
            }
            State::Registering(Registration::Deferred { again_at }) => Some((*again_at, "register")),
            State::Leaving(Departure::AwaitingQuieted { patience_until }) => {
                Some((*patience_until, "quieted"))
            }
            State::Greeting | State::Ready | State::Leaving(Departure::Quieted) | State::Ended(_) => None,
        };
        let peer = self.peer.poll_timeout().map(|(at, timer)| (at, timer.word()));
        let overrun = match &self.handler {
            Handler::Running(running) => match running.watch {
                Watch::Until(limit) => Some((limit, "overrun")),
                Watch::Reported => None,
            },
            Handler::Idle => None,
        };
        [step, peer, overrun].into_iter().flatten().min_by_key(|(at, _)| *at)
    }

    /// Time has passed. To be called after all messages that came were handled, or a worker that stood still would take
    /// its own absence for the master's.
    pub fn handle_timeout(&mut self, now: Instant) {
        let late = self.own_timeout().map_or(Duration::ZERO, |(due, _)| now.saturating_duration_since(due));
        if late > STANDSTILL {
            self.extend_watch(late);
            self.extend_patience(late);
        }
        self.step(now);
        match self.peer.handle_timeout(now) {
            Due::Nothing => {}
            Due::Send(header) => self.send_frame(header, Vec::new()),
            Due::Silent => {
                tracing::debug!("heard nothing from the master for too long");
                self.end(Ending::Unreachable);
            }
        }
        self.give_back_stock(now);
        self.report_overrun(now);
    }

    /// The master had as much less time to answer.
    fn extend_patience(&mut self, standstill: Duration) {
        match &mut self.state {
            State::Registering(Registration::Sent { patience_until })
            | State::Leaving(Departure::AwaitingQuieted { patience_until }) => *patience_until += standstill,
            State::Greeting
            | State::Registering(Registration::Deferred { .. })
            | State::Ready
            | State::Leaving(Departure::Quieted)
            | State::Ended(_) => {}
        }
    }

    fn step(&mut self, now: Instant) {
        match &mut self.state {
            State::Registering(Registration::Sent { patience_until }) if *patience_until <= now => {
                tracing::debug!("the master did not answer REGISTER");
                self.peer.begin_again(now);
                self.session_over();
            }
            State::Registering(Registration::Deferred { again_at }) if *again_at <= now => self.register(now),
            State::Leaving(step @ Departure::AwaitingQuieted { .. }) => {
                if matches!(step, Departure::AwaitingQuieted { patience_until } if *patience_until <= now) {
                    *step = Departure::Quieted;
                    self.depart_if_free();
                }
            }
            State::Greeting
            | State::Registering(_)
            | State::Ready
            | State::Leaving(Departure::Quieted)
            | State::Ended(_) => {}
        }
    }
}
