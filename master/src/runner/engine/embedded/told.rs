//! Who is yet to be told what the loop has carried out. They are called on the thread that turns it, and may call back into it.

use crate::common::Notice;
use crate::desk::Desk;
use crate::runner::engine::link::{Question, Subscriber};
use crate::runner::engine::slot::Wakes;

/// See the module.
#[derive(Default)]
pub(super) struct Told {
    /// Callers whose jobs have ended.
    pub(super) wakes: Wakes,
    pub(super) subscribers: Vec<Subscriber>,
    /// For the subscribers.
    pub(super) notices: Vec<Notice>,
    /// Answered once the jobs of the same batch are with workers: nobody who looks sees a job wait for nothing.
    pub(super) questions: Vec<Question>,
}

impl Told {
    /// Whether there is somebody to be told something.
    pub(super) fn has_any(&self) -> bool {
        !(self.wakes.is_empty() && self.notices.is_empty() && self.questions.is_empty())
    }

    /// Tells them all.
    pub(super) fn tell(&mut self, desk: &Desk) {
        for notice in self.notices.drain(..) {
            self.subscribers.retain_mut(|subscriber| subscriber(&notice).is_continue());
        }
        self.wakes.fire();
        for question in self.questions.drain(..) {
            match question {
                Question::Workers(answer) => drop(answer.send(desk.workers())),
                Question::Stats(answer) => drop(answer.send(desk.stats())),
            }
        }
    }
}
