//! Asks a master how it stands, over the wire, as any client may.

use powerhose_protocol::{Hello, MAGIC, Message, ROLE_CLIENT, State, Status, Value, decode};
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(5);

/// What the master has.
#[derive(Clone, Copy, Debug)]
pub(super) struct Standing {
    pub(super) workers: u64,
    pub(super) clients: u64,
    pub(super) waiting: u64,
    pub(super) waiting_bytes: u64,
    pub(super) running: u64,
}

/// None if it does not answer.
pub(super) fn ask(endpoint: &str) -> Option<Standing> {
    let context = zmq::Context::new();
    let socket = context.socket(zmq::DEALER).ok()?;
    socket.set_linger(0).ok()?;
    socket.set_rcvtimeo(PATIENCE.as_millis() as i32).ok()?;
    socket.connect(endpoint).ok()?;
    let hello = Hello {
        magic: MAGIC,
        version_min: 1,
        version_max: 1,
        role: ROLE_CLIENT,
        software: "chaos asks",
        nonce: None,
    };
    socket.send(Message::from(hello).encode(), 0).ok()?;
    let until = Instant::now() + PATIENCE;
    while Instant::now() < until {
        let mut frames = socket.recv_multipart(0).ok()?;
        let header = frames.swap_remove(0);
        match decode(&header, frames.len()).ok()? {
            Message::Welcome(welcome) => {
                let status = Status { session: welcome.session, query: "master" };
                socket.send(Message::from(status).encode(), 0).ok()?;
            }
            Message::State(State { state, .. }) => return standing(&state),
            _ => {}
        }
    }
    None
}

fn standing(state: &Value) -> Option<Standing> {
    let number = |name| state.field(name).and_then(Value::as_unsigned);
    Some(Standing {
        workers: number("workers")?,
        clients: number("clients")?,
        waiting: number("jobs_waiting")?,
        waiting_bytes: number("bytes_waiting")?,
        running: number("jobs_running")?,
    })
}
