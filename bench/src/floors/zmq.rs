//! libzmq alone: a ROUTER here, a DEALER in each worker process, ipc or TCP between them. No balancer chooses a worker: messages go
//! round in turn.

use crate::callers::{Lane, Tally, round_trips, throughput};
use crate::conditions::Conditions;
use crate::processes::Child;
use crate::sample::Sample;
use crate::work::Work;
use anyhow::Context;
use std::sync::atomic::{AtomicU64, Ordering};

/// A worker that does not answer for so long is gone.
const ANSWER_WITHIN_MS: i32 = 10_000;

/// What lies between the processes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Between {
    Ipc,
    /// On the loopback device.
    Tcp,
}

/// The ROUTER and its worker processes.
struct Echoes {
    router: zmq::Socket,
    identities: Vec<zmq::Message>,
    children: Vec<Child>,
    payload: Vec<u8>,
    expected: Vec<u8>,
    // Dropped after its socket.
    _context: zmq::Context,
}

impl Echoes {
    fn start(
        between: Between,
        work: Work,
        workers: usize,
        conditions: &Conditions,
    ) -> anyhow::Result<Echoes> {
        let context = zmq::Context::new();
        let router = context.socket(zmq::ROUTER)?;
        router.set_linger(0)?;
        router.set_rcvtimeo(ANSWER_WITHIN_MS)?;
        let endpoint = match between {
            Between::Ipc => endpoint(),
            Between::Tcp => "tcp://127.0.0.1:*".to_owned(),
        };
        router.bind(&endpoint).context("cannot bind the floor's ROUTER")?;
        let endpoint = router.get_last_endpoint()?.unwrap_or(endpoint);
        let children = (0..workers)
            .map(|_| Child::start(&["zmq-worker", &endpoint, work.name()]))
            .collect::<anyhow::Result<Vec<Child>>>()?;
        let identities = children
            .iter()
            .map(|_| {
                let identity = router.recv_msg(0).context("a worker of the floor did not come")?;
                router.recv_msg(0)?;
                Ok(identity)
            })
            .collect::<anyhow::Result<Vec<zmq::Message>>>()?;
        let payload = work.payload(conditions.payload_bytes);
        let expected = work.reply(&payload);
        Ok(Echoes { router, identities, children, payload, expected, _context: context })
    }

    fn pids(&self) -> Vec<u32> {
        self.children.iter().map(Child::pid).collect()
    }

    fn send(&self, worker: usize, payload: impl zmq::Sendable) -> zmq::Result<()> {
        self.router.send(&self.identities[worker][..], zmq::SNDMORE)?;
        self.router.send(payload, 0)
    }

    fn receive(&self) -> anyhow::Result<zmq::Message> {
        self.router.recv_msg(0).context("a worker of the floor does not answer")?;
        let reply = self.router.recv_msg(0)?;
        anyhow::ensure!(reply[..] == self.expected[..], "the reply is wrong");
        Ok(reply)
    }

    fn keep_in_flight(&self, in_flight: usize, tally: &Tally) -> anyhow::Result<()> {
        let mut workers = (0..self.identities.len()).cycle();
        for worker in workers.by_ref().take(in_flight) {
            self.send(worker, &self.payload)?;
        }
        for worker in workers {
            let reply = self.receive()?;
            tally.add(1);
            if tally.is_over() {
                break;
            }
            // An echo goes out again as it came in: nothing is copied, as with the fastest program one could write.
            if reply.len() == self.payload.len() {
                self.send(worker, reply)?;
            } else {
                self.send(worker, &self.payload)?;
            }
        }
        Ok(())
    }
}

/// One caller, one worker.
pub(crate) fn ping_pong(between: Between, conditions: &Conditions) -> anyhow::Result<Sample> {
    let echoes = Echoes::start(between, Work::Echo, 1, conditions)?;
    let processes = echoes.pids();
    round_trips(conditions, &processes, || {
        echoes.send(0, &echoes.payload)?;
        echoes.receive().map(drop)
    })
}

/// This many messages in flight over all workers.
pub(crate) fn pipelined(
    between: Between,
    work: Work,
    in_flight: usize,
    conditions: &Conditions,
) -> anyhow::Result<Sample> {
    let echoes = Echoes::start(between, work, conditions.workers, conditions)?;
    let processes = echoes.pids();
    let lane: Lane<'_> = Box::new(move |tally| echoes.keep_in_flight(in_flight, tally).map(|()| None));
    throughput(conditions, &processes, vec![lane])
}

/// An address that no other socket has. It has no file, so nothing is left of it when the process is killed.
pub(crate) fn endpoint() -> String {
    static LAST: AtomicU64 = AtomicU64::new(0);
    let number = LAST.fetch_add(1, Ordering::Relaxed);
    format!("ipc://@powerhose-bench-{}-{number}", std::process::id())
}
