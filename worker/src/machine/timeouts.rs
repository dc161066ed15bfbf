//! What becomes due with time. Every deadline of the machine is told by [`Machine::poll_timeout`].

use super::jobs::Watch;
use super::{Departure, Ending, Handler, Machine, Payload, Reach, Registration, State};
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
            State::Greeting { hello_at, reach: Reach::Presumed } => Some((*hello_at, "hello")),
            State::Greeting { hello_at, reach: Reach::Unconnected } => Some((*hello_at, "connection")),
            State::Registering { step: Registration::Sent { patience_until }, .. } => {
                Some((*patience_until, "registered"))
            }
            State::Registering { step: Registration::Deferred { again_at }, .. } => {
                Some((*again_at, "register"))
            }
            State::Leaving { step: Departure::AwaitingQuieted { patience_until }, .. } => {
                Some((*patience_until, "quieted"))
            }
            State::Ready { .. } | State::Leaving { step: Departure::Quieted, .. } | State::Ended(_) => None,
        };
        let heartbeat = self.session().map(|session| (session.heartbeat_at, "heartbeat"));
        let silence = self.gives_up_at().map(|at| (at, "silence"));
        let overrun = match &self.handler {
            Handler::Running(running) => match running.watch {
                Watch::Until(limit) => Some((limit, "overrun")),
                Watch::Reported => None,
            },
            Handler::Idle => None,
        };
        [step, heartbeat, silence, overrun].into_iter().flatten().min_by_key(|(at, _)| *at)
    }

    /// Time has passed. To be called after all messages that came were handled, or a worker that stood still would take
    /// its own absence for the master's.
    pub fn handle_timeout(&mut self, now: Instant) {
        let late = self.own_timeout().map_or(Duration::ZERO, |(due, _)| now.saturating_duration_since(due));
        if late > STANDSTILL {
            self.heard_at = now;
            self.extend_watch(late);
        }
        if self.gives_up_at().is_some_and(|at| at <= now) {
            tracing::debug!("heard nothing from the master for too long");
            self.end(Ending::Unreachable);
        }
        self.step(now);
        self.beat(now);
        self.give_back_stock(now);
        self.report_overrun(now);
    }

    /// A worker that leaves anyway needs no patience.
    fn gives_up_at(&self) -> Option<Instant> {
        match self.state {
            State::Greeting { .. } | State::Registering { .. } | State::Ready { .. } => {
                Some(self.heard_at + self.settings.silence_max)
            }
            State::Leaving { .. } | State::Ended(_) => None,
        }
    }

    fn step(&mut self, now: Instant) {
        match &mut self.state {
            State::Greeting { hello_at, .. } if *hello_at <= now => self.say_hello(now),
            State::Registering { step: Registration::Sent { patience_until }, .. }
                if *patience_until <= now =>
            {
                tracing::debug!("the master did not answer REGISTER");
                self.greet_again_soon(now);
                self.step(now);
            }
            State::Registering { step: Registration::Deferred { again_at }, .. } if *again_at <= now => {
                let ended = State::Ended(Ending::Left);
                if let State::Registering { session, .. } = std::mem::replace(&mut self.state, ended) {
                    self.register(now, session);
                }
            }
            State::Leaving { step: step @ Departure::AwaitingQuieted { .. }, .. } => {
                if matches!(step, Departure::AwaitingQuieted { patience_until } if *patience_until <= now) {
                    *step = Departure::Quieted;
                    self.depart_if_free();
                }
            }
            State::Greeting { .. }
            | State::Registering { .. }
            | State::Ready { .. }
            | State::Leaving { .. }
            | State::Ended(_) => {}
        }
    }

    fn beat(&mut self, now: Instant) {
        let clock_ms = self.clock_ms(now);
        let Some(session) = self.session_mut() else { return };
        if session.heartbeat_at <= now {
            let heartbeat = session.next_heartbeat(now, clock_ms);
            self.send(heartbeat.into(), Vec::new());
        }
    }
}
