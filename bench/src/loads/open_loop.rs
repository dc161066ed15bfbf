//! A fixed rate, whatever comes back; latencies count from the intended start.

use super::{Contender, Load, Row};
use crate::figure::Figure;
use crate::{floors, ours};

pub(super) const SUBMIT: Contender = Contender::ours("submit at a fixed rate", ours::open_loop);
pub(super) const PACING: Contender = Contender::floor("keeping the rate, nothing behind it", ours::pacing);
pub(super) const UNIX_SOCKET: Contender =
    Contender::floor("unix sockets at the rate", floors::unix_socket::at_fixed_rate);

pub(super) const LOAD: Load = Load {
    name: "open-loop",
    title: "Open loop: a small echo at a fixed rate, latency from the intended start",
    rows: &[
        Row::new(&SUBMIT, Figure::Rate),
        Row::new(&SUBMIT, Figure::P50),
        Row::new(&SUBMIT, Figure::P99),
        Row::new(&SUBMIT, Figure::P999),
        Row::new(&PACING, Figure::P50),
        Row::new(&PACING, Figure::P99),
    ],
};
