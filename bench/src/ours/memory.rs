//! What a master holds in memory: by itself, for each waiting job, and for each registered worker; and what libzmq alone
//! holds for a connection.

use crate::conditions::Conditions;
use crate::figure::Figure;
use crate::floors::zmq::endpoint;
use crate::processes::{Child, resident_bytes, socket_endpoint};
use crate::sample::Sample;
use anyhow::Context;
use powerhose::JobHandle;
use powerhose_protocol::{
    Hello, MAGIC, Message, NamedValues, PoolOffer, ROLE_WORKER, Register, VERSION_MAX, VERSION_MIN, decode,
};

/// As many as may wait by default.
const JOBS: usize = 100_000;
/// Enough to see one among the pages of a process, and within the sockets of one context.
const WORKERS: usize = 500;
const ANSWER_WITHIN_MS: i32 = 10_000;

/// The master alone, and what each waiting job of 64 bytes adds: payload, timer, slot. The caller's handle is not
/// counted, nor the place it keeps it in.
pub(crate) fn waiting_job(_: &Conditions) -> anyhow::Result<Sample> {
    let mut holder = Child::start(&["holder", &socket_endpoint()?])?;
    holder.answer()?;
    let idle = resident_bytes(holder.pid())?;
    holder.tell(&JOBS.to_string())?;
    holder.answer()?;
    let handles = (JOBS * size_of::<JobHandle>()) as f64;
    let job = (resident_bytes(holder.pid())? - idle - handles) / JOBS as f64;
    Ok(Sample::default().with(Figure::ResidentIdle, idle).with(Figure::BytesPerJob, job))
}

/// What each registered worker adds to a master, its connection included.
pub(crate) fn worker_registration(_: &Conditions) -> anyhow::Result<Sample> {
    let endpoint = socket_endpoint()?;
    let mut holder = Child::start(&["holder", &endpoint])?;
    holder.answer()?;
    weigh(&holder, &endpoint, register)
}

/// What each connection adds to a ROUTER that has exchanged as many messages on it.
pub(crate) fn libzmq_connection(_: &Conditions) -> anyhow::Result<Sample> {
    let endpoint = endpoint();
    let mut router = Child::start(&["zmq-router", &endpoint])?;
    router.answer()?;
    weigh(&router, &endpoint, |socket| {
        for _ in 0..2 {
            socket.send(&hello()[..], 0)?;
            socket.recv_bytes(0)?;
        }
        Ok(())
    })
}

fn weigh(
    process: &Child,
    endpoint: &str,
    introduce: impl Fn(&zmq::Socket) -> anyhow::Result<()>,
) -> anyhow::Result<Sample> {
    let context = zmq::Context::new();
    let before = resident_bytes(process.pid())?;
    let connect = || {
        let socket = context.socket(zmq::DEALER)?;
        socket.set_linger(0)?;
        socket.set_rcvtimeo(ANSWER_WITHIN_MS)?;
        socket.connect(endpoint)?;
        introduce(&socket)?;
        Ok(socket)
    };
    let sockets = (0..WORKERS).map(|_| connect()).collect::<anyhow::Result<Vec<zmq::Socket>>>()?;
    let added = resident_bytes(process.pid())? - before;
    drop(sockets);
    Ok(Sample::default().with(Figure::BytesPerWorker, added / WORKERS as f64))
}

/// Says HELLO and REGISTER, as a worker does.
fn register(socket: &zmq::Socket) -> anyhow::Result<()> {
    socket.send(&hello()[..], 0)?;
    let welcome = socket.recv_bytes(0)?;
    let session = decode(&welcome, 0)?.session().context("the master did not open a session")?;
    let register = Register {
        session,
        pools: vec![PoolOffer { pool: "default", credit_max: 64 }],
        pid: u64::from(std::process::id()),
        host: "host",
        instance: "00112233445566778899aabbccddeeff",
        attentive: true,
        labels: NamedValues::default(),
    };
    socket.send(&Message::from(register).encode()[..], 0)?;
    loop {
        let answer = socket.recv_bytes(0).context("the master does not register a worker")?;
        match decode(&answer, 0)? {
            Message::Registered(_) => return Ok(()),
            Message::Heartbeat(_) => {}
            other => anyhow::bail!("the master answered REGISTER with {:?}", other.kind()),
        }
    }
}

fn hello() -> Vec<u8> {
    let hello = Hello {
        magic: MAGIC,
        version_min: VERSION_MIN,
        version_max: VERSION_MAX,
        role: ROLE_WORKER,
        software: "powerhose-bench",
        nonce: None,
    };
    Message::from(hello).encode()
}
