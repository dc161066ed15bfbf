//! Short jobs among long ones: what the credit that makes short jobs fast must not spoil.

use super::{Against, Bound, Contender, Load, Row};
use crate::figure::Figure;
use crate::ours;

const FIVE_PER_CENT: Contender =
    Contender::ours("short jobs, 5 % long", |conditions| ours::mixed(50, conditions));
const FIVE_PER_CENT_FIFO: Contender =
    Contender::floor("zero-cost FIFO, 5 % long", |conditions| Ok(ours::fifo(50, conditions)));
const HALF_PER_CENT: Contender =
    Contender::ours("short jobs, 0.5 % long", |conditions| ours::mixed(5, conditions));
const HALF_PER_CENT_FIFO: Contender =
    Contender::floor("zero-cost FIFO, 0.5 % long", |conditions| Ok(ours::fifo(5, conditions)));

/// Nanoseconds that a short job may take longer than with a dispatcher that costs nothing.
const EXCESS_MAX: f64 = 120_000.0;
/// Where many are long.
const EXCESS_MAX_MANY: f64 = 600_000.0;

pub(super) const LOAD: Load = Load {
    name: "mixed",
    title: "W3': jobs of 50 µs among some of 20 ms, 16 in flight; figures of the short ones",
    rows: &[
        Row::new(&FIVE_PER_CENT, Figure::P50)
            .reach(Against::Excess(&FIVE_PER_CENT_FIFO), Bound::AtMost(EXCESS_MAX_MANY)),
        Row::new(&FIVE_PER_CENT, Figure::P99)
            .reach(Against::Ratio(&FIVE_PER_CENT_FIFO, 1.0), Bound::AtMost(1.1)),
        Row::new(&FIVE_PER_CENT_FIFO, Figure::P50),
        Row::new(&FIVE_PER_CENT_FIFO, Figure::P99),
        Row::new(&HALF_PER_CENT, Figure::P50)
            .reach(Against::Excess(&HALF_PER_CENT_FIFO), Bound::AtMost(EXCESS_MAX)),
        Row::new(&HALF_PER_CENT, Figure::P99)
            .reach(Against::Ratio(&HALF_PER_CENT_FIFO, 1.0), Bound::AtMost(1.1)),
        Row::new(&HALF_PER_CENT_FIFO, Figure::P50),
        Row::new(&HALF_PER_CENT_FIFO, Figure::P99),
    ],
};
