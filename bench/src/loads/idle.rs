//! Nothing to do.

use super::{Against, Bound, Contender, Effort, Load, Row};
use crate::figure::Figure;
use crate::ours;

const IDLE: Contender = Contender::ours("master and workers, idle", ours::idle).with(Effort::Few);

pub(super) const LOAD: Load = Load {
    name: "idle",
    title: "Idle: CPU of master and workers with nothing to do",
    rows: &[Row::new(&IDLE, Figure::CpuShare).reach(Against::Itself, Bound::AtMost(0.1))],
};
