//! Jobs, as callers of all kinds hand them over.

use super::World;
use super::master::Command;
use crate::process::ProcessId;
use crate::reference::{CallFacts, Caller};
use crate::scenario::{POOLS, Runs};
use crate::work::{Deed, Work};
use powerhose::Headers;
use powerhose::desk::{Clock, Repeat, Submission};
use std::time::Duration;

impl World {
    /// A caller in the master's process.
    pub(super) fn submit_here(&mut self) {
        if self.master.is_none() {
            return;
        }
        let call = self.reference.next_call();
        let submission = self.draw_submission(call);
        self.write_down(Caller::Embedded, &submission);
        self.command(Command::Submit(call, submission));
    }

    /// A caller in a client's process.
    pub(super) fn submit_from(&mut self, client: ProcessId) {
        let call = self.reference.next_call();
        let mut submission = self.draw_submission(call);
        let timeout = submission.timeout.unwrap_or(self.scenario.settings.timeout);
        submission.timeout = Some(timeout);
        self.write_down(Caller::Client(client), &submission);
        self.submit_there(client, call, submission, self.now + timeout);
    }

    fn write_down(&mut self, caller: Caller, submission: &Submission) {
        let timeout = submission.timeout.unwrap_or(self.scenario.settings.timeout);
        self.reference.called(CallFacts {
            caller,
            payload: submission.payload.clone(),
            headers: submission.headers.clone(),
            repeat: submission.repeat,
            deadline: self.now + timeout,
        });
    }

    fn draw_submission(&mut self, call: u64) -> Submission {
        let deed = self.draw_deed();
        let work = Work { call, deed, run: self.draw_run() };
        let random = &mut self.random;
        let bytes = match random.below(40) {
            0 => random.between(300, 1200),
            1..8 => random.between(60, 290),
            _ => 0,
        };
        let pool = match random.below(300) {
            0 => "no pool has this name",
            1..6 => POOLS[3],
            _ => POOLS[random.below(self.scenario.pools as u64) as usize],
        };
        let timeout = match random.below(200) {
            0 => Some(Duration::ZERO),
            1..20 => Some(random.millis(1, 20)),
            20..150 => Some(random.millis(20, 2500)),
            _ => None,
        };
        let mut headers = Headers::default();
        match random.below(300) {
            0 => (0..70).for_each(|number| headers.set(&format!("header-{number}"), "")),
            1..60 => headers.set("traceparent", call.to_string()),
            _ => {}
        }
        Submission {
            pool: pool.to_owned().into(),
            payload: work.payload(bytes as usize),
            headers,
            timeout,
            attempts_max: random.permille(200).then(|| random.between(1, 4) as u32),
            clock: Clock::FromSubmission,
            repeat: if random.permille(self.scenario.once_permille) {
                Repeat::Never
            } else {
                Repeat::Allowed
            },
        }
    }

    fn draw_deed(&mut self) -> Deed {
        if self.random.permille(self.scenario.kill_permille) {
            Deed::Kill
        } else if self.random.permille(self.scenario.hang_permille) {
            Deed::Hang
        } else {
            match self.random.below(100) {
                0 => Deed::Burst,
                1..8 => Deed::Fail,
                _ => Deed::Reply,
            }
        }
    }

    fn draw_run(&mut self) -> Duration {
        let runs = match self.scenario.runs {
            Runs::Mixed => *self.random.pick(&[Runs::Short, Runs::Middle, Runs::Long]).expect("one of three"),
            runs => runs,
        };
        match runs {
            Runs::Short => self.random.micros(5, 400),
            Runs::Middle => self.random.millis(1, 30),
            Runs::Long | Runs::Mixed => self.random.millis(50, 600),
        }
    }
}
