//! Orders to the master, for the workers that they select. An order is given once: nobody knows how far one came whose
//! session ended.

use super::action::{ClientAction, Course};
use super::{ClientMachine, Refusal};
use powerhose_protocol::{Control, Controlled, Message};

/// The last order; what is heard of one before it is of no interest.
#[derive(Debug, Default)]
pub(super) struct Orders {
    given: u64,
    awaited: Option<u64>,
}

impl ClientMachine {
    /// Gives an order in the present session, and awaits what becomes of it in the place of the one before:
    /// [`ClientAction::Ordered`] will tell. Its number; none without a session.
    pub fn order(&mut self, verb: &str, selector: &str, within_ms: u64) -> Option<u64> {
        let session = self.session()?;
        self.orders.given += 1;
        let id = self.orders.given;
        self.orders.awaited = Some(id);
        self.send(Message::Control(Control { session, id, verb, selector, within_ms }).encode(), Vec::new());
        Some(id)
    }

    pub(super) fn controlled(&mut self, controlled: Controlled) {
        if self.orders.awaited == Some(controlled.id) {
            let course = Course::Progress(controlled.progress);
            self.actions.push_back(ClientAction::Ordered { order: controlled.id, course });
        }
    }

    pub(super) fn order_refused(&mut self, order: u64, refusal: Refusal) {
        if self.orders.awaited.take_if(|awaited| *awaited == order).is_some() {
            self.actions.push_back(ClientAction::Ordered { order, course: Course::Refused(refusal) });
        }
    }

    /// The session ended: nothing is heard of the order any longer.
    pub(super) fn order_lost(&mut self) {
        if let Some(order) = self.orders.awaited.take() {
            self.actions.push_back(ClientAction::Ordered { order, course: Course::Lost });
        }
    }
}
