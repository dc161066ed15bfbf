//! What the same exchange costs without us: the parts alone, with no balancing, no registration, no heartbeats, no
//! deadlines and no checks. They know nothing of Powerhose.

pub(crate) mod fifo;
pub(crate) mod plain_threads;
pub(crate) mod rings;
pub(crate) mod spawn_blocking;
pub(crate) mod unix_socket;
pub(crate) mod zmq;
