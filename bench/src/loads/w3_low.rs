//! The jobs of W3 with as few in flight as most web services have: as many as workers, and a few times that.

use super::{Against, Bound, Contender, Load, Row, w3};
use crate::conditions::Conditions;
use crate::figure::Figure;
use crate::sample::Sample;
use crate::work::Work;
use crate::{floors, ours};
use std::time::Duration;

/// There are many contenders, and their jobs are short: half the time does.
fn shorter(conditions: &Conditions) -> Conditions {
    Conditions { window: conditions.window / 2, warm_up: conditions.warm_up / 2, ..conditions.clone() }
}

fn submit<const IN_FLIGHT: usize>(conditions: &Conditions) -> anyhow::Result<Sample> {
    ours::submit(Work::Hmac, IN_FLIGHT, &shorter(conditions))
}

fn execute<const IN_FLIGHT: usize>(conditions: &Conditions) -> anyhow::Result<Sample> {
    ours::execute(Work::Hmac, IN_FLIGHT, &shorter(conditions))
}

fn spawn_blocking<const IN_FLIGHT: usize>(conditions: &Conditions) -> anyhow::Result<Sample> {
    floors::spawn_blocking::hmac(IN_FLIGHT, &shorter(conditions))
}

fn unix_socket<const IN_FLIGHT: usize>(conditions: &Conditions) -> anyhow::Result<Sample> {
    floors::unix_socket::pipelined(Work::Hmac, IN_FLIGHT, &shorter(conditions))
}

fn rings<const IN_FLIGHT: usize>(conditions: &Conditions) -> anyhow::Result<Sample> {
    floors::rings::pipelined(Work::Hmac, IN_FLIGHT, Duration::ZERO, &shorter(conditions))
}

macro_rules! loads {
    ($($in_flight:literal: $submit:ident, $execute:ident, $spawn_blocking:ident, $unix_socket:ident, $rings:ident, reach $reach:literal;)*) => {
        $(
            const $submit: Contender =
                Contender::ours(concat!("submit, 88 µs, ", $in_flight, " in flight"), submit::<$in_flight>);
            const $execute: Contender =
                Contender::ours(concat!("execute from ", $in_flight, " threads, 88 µs"), execute::<$in_flight>);
            const $spawn_blocking: Contender = Contender::floor(
                concat!("spawn_blocking, 88 µs, ", $in_flight, " in flight"),
                spawn_blocking::<$in_flight>,
            );
            const $unix_socket: Contender = Contender::floor(
                concat!("unix socket, 88 µs, ", $in_flight, " in flight"),
                unix_socket::<$in_flight>,
            );
            const $rings: Contender = Contender::floor(
                concat!("shared memory, 88 µs, ", $in_flight, " in flight"),
                rings::<$in_flight>,
            );
        )*

        const ROWS: &[Row] = &[$(
            Row::new(&$submit, Figure::Rate).reach(THREADS, Bound::AtLeast($reach)),
            Row::new(&$submit, Figure::Rate).beside(Against::Ratio(&$spawn_blocking, 1.0)),
            Row::new(&$submit, Figure::CpuPerJob),
            Row::new(&$submit, Figure::SleepsPerJob),
            Row::new(&$execute, Figure::Rate).reach(THREADS, Bound::AtLeast($reach)),
            Row::new(&$execute, Figure::Rate).beside(Against::Ratio(&$spawn_blocking, 1.0)),
            Row::new(&$execute, Figure::CpuPerJob),
            Row::new(&$execute, Figure::SleepsPerJob),
            Row::new(&$spawn_blocking, Figure::Rate).beside(THREADS),
            Row::new(&$unix_socket, Figure::Rate).beside(THREADS),
            Row::new(&$rings, Figure::Rate).beside(THREADS),
            Row::new(&$rings, Figure::CpuPerJob),
            Row::new(&$rings, Figure::SleepsPerJob),
        )*];
    };
}

const THREADS: Against = Against::Ratio(&w3::PLAIN_THREADS, 1.0);

loads! {
    2: SUBMIT_2, EXECUTE_2, SPAWN_BLOCKING_2, UNIX_SOCKET_2, RINGS_2, reach 0.8;
    4: SUBMIT_4, EXECUTE_4, SPAWN_BLOCKING_4, UNIX_SOCKET_4, RINGS_4, reach 0.86;
    8: SUBMIT_8, EXECUTE_8, SPAWN_BLOCKING_8, UNIX_SOCKET_8, RINGS_8, reach 0.88;
}

pub(super) const LOAD: Load = Load {
    name: "w3-low",
    title: "W3 low: jobs of 88 µs, as few in flight as most services have",
    rows: ROWS,
};
