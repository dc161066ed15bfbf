//! Which worker gets the next job: the nearest of those that have fewest, and how many jobs one may have at once.

mod credit;
mod distance;
mod pace;
mod ranking;

pub(crate) use credit::{Runs, STOCK_WAIT};
pub(crate) use distance::Distance;
pub(crate) use pace::Pace;
pub(crate) use ranking::Members;
