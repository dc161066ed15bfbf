//! What a master holds.

use super::{Against, Bound, Contender, Effort, Load, Row};
use crate::figure::Figure;
use crate::ours;

const MASTER: Contender = Contender::ours("master", ours::waiting_job).with(Effort::Few);
const WORKERS: Contender =
    Contender::ours("master, registered workers", ours::worker_registration).with(Effort::Few);
const LIBZMQ: Contender =
    Contender::floor("libzmq ROUTER, connections", ours::libzmq_connection).with(Effort::Few);

const KIBIBYTE: f64 = 1024.0;

pub(super) const LOAD: Load = Load {
    name: "memory",
    title: "Memory: of a master, of each job that waits, of each worker",
    rows: &[
        Row::new(&MASTER, Figure::ResidentIdle)
            .reach(Against::Itself, Bound::AtMost(16.0 * KIBIBYTE * KIBIBYTE)),
        Row::new(&MASTER, Figure::BytesPerJob).reach(Against::Itself, Bound::AtMost(256.0)),
        Row::new(&WORKERS, Figure::BytesPerWorker).reach(Against::Itself, Bound::AtMost(40.0 * KIBIBYTE)),
        Row::new(&LIBZMQ, Figure::BytesPerWorker),
    ],
};
