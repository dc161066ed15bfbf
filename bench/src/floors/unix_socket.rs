//! Blocking reads and writes on a pair of unix sockets between this process and each worker, one call at a time.

use crate::callers::{Lane, round_trips, throughput};
use crate::conditions::Conditions;
use crate::processes::Child;
use crate::sample::Sample;
use crate::work::Work;
use anyhow::Context;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;

/// A worker process behind one end of a pair of sockets, which is its standard input.
struct Partner {
    stream: UnixStream,
    payload: Vec<u8>,
    expected: Vec<u8>,
    reply: Vec<u8>,
    child: Child,
}

impl Partner {
    fn start(work: Work, conditions: &Conditions) -> anyhow::Result<Partner> {
        let (stream, theirs) = UnixStream::pair()?;
        let payload = work.payload(conditions.payload_bytes);
        let expected = work.reply(&payload);
        let bytes = payload.len().to_string();
        let child = Child::with_input(&["unix-worker", work.name(), &bytes], OwnedFd::from(theirs))?;
        let reply = vec![0; expected.len()];
        Ok(Partner { stream, payload, expected, reply, child })
    }

    fn call(&mut self) -> anyhow::Result<()> {
        self.stream.write_all(&self.payload).context("a worker behind a unix socket is gone")?;
        self.stream.read_exact(&mut self.reply).context("a worker behind a unix socket is gone")?;
        anyhow::ensure!(self.reply == self.expected, "the reply is wrong");
        Ok(())
    }
}

/// One caller, one worker.
pub(crate) fn ping_pong(conditions: &Conditions) -> anyhow::Result<Sample> {
    let mut partner = Partner::start(Work::Echo, conditions)?;
    round_trips(conditions, || partner.call())
}

/// A caller on a thread of its own for each worker.
pub(crate) fn ping_pongs(work: Work, conditions: &Conditions) -> anyhow::Result<Sample> {
    let mut partners = (0..conditions.workers)
        .map(|_| Partner::start(work, conditions))
        .collect::<anyhow::Result<Vec<Partner>>>()?;
    let processes: Vec<u32> = partners.iter().map(|partner| partner.child.pid()).collect();
    throughput(conditions, &processes, partners.iter_mut().map(lane).collect())
}

fn lane(partner: &mut Partner) -> Lane<'_> {
    Box::new(|tally| {
        while !tally.is_over() {
            partner.call()?;
            tally.add(1);
        }
        Ok(None)
    })
}
