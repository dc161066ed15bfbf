//! The processes of a run: this program itself in its roles, ended with the run however that ends.

mod child;
mod folder;
mod journal;
mod parent;
mod place;
mod signal;
mod weight;

pub(crate) use child::Child;
pub(crate) use folder::{Folder, remove_at_end};
pub(crate) use journal::{JournalReader, JournalWriter, Run};
pub(crate) use parent::end_with_parent;
pub(crate) use place::take_place;
pub(crate) use signal::{is_child_of, send_signal, when_ended};
pub(crate) use weight::{Weight, share_heap, trim};
