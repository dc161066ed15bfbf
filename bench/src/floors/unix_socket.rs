//! Blocking reads and writes on a pair of unix sockets between this process and each worker, one call at a time.

use crate::callers::{Lane, Schedule, round_trips, throughput};
use crate::conditions::Conditions;
use crate::processes::Child;
use crate::sample::Sample;
use crate::work::Work;
use anyhow::Context;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::thread::set_current_timer_slack;
use std::io::{Read, Write};
use std::num::NonZero;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::time::Instant;

/// So many unanswered small echoes fit into a socket, whatever the system's defaults. What is due beyond them, because the
/// workers do not keep up, is called later.
const IN_FLIGHT_MAX: u64 = 100;
const GONE: &str = "a worker behind a unix socket is gone";

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
        self.send()?;
        self.receive()
    }

    fn send(&mut self) -> anyhow::Result<()> {
        self.stream.write_all(&self.payload).context(GONE)
    }

    fn receive(&mut self) -> anyhow::Result<()> {
        self.stream.read_exact(&mut self.reply).context(GONE)?;
        anyhow::ensure!(self.reply == self.expected, "the reply is wrong");
        Ok(())
    }
}

/// One caller, one worker.
pub(crate) fn ping_pong(conditions: &Conditions) -> anyhow::Result<Sample> {
    let mut partner = Partner::start(Work::Echo, conditions)?;
    let processes = [partner.child.pid()];
    round_trips(conditions, &processes, || partner.call())
}

/// A caller on a thread of its own for each worker, one call at a time.
pub(crate) fn ping_pongs(work: Work, conditions: &Conditions) -> anyhow::Result<Sample> {
    pipelined(work, conditions.workers, conditions)
}

/// The same with this many calls in flight over all workers, at least one a worker. They have to fit into the sockets.
pub(crate) fn pipelined(work: Work, in_flight: usize, conditions: &Conditions) -> anyhow::Result<Sample> {
    let mut partners = partners(work, conditions)?;
    let processes = pids(&partners);
    let each = (in_flight / conditions.workers).max(1);
    let lanes = partners.iter_mut().map(|partner| lane(partner, each)).collect();
    throughput(conditions, &processes, lanes)
}

/// Calls of a small echo at a fixed rate from one thread, each worker in its turn.
pub(crate) fn at_fixed_rate(conditions: &Conditions) -> anyhow::Result<Sample> {
    let mut partners = partners(Work::Echo, conditions)?;
    let processes = pids(&partners);
    let partners = &mut partners;
    let lane: Lane<'_> = Box::new(move |tally| {
        set_current_timer_slack(NonZero::new(1))?;
        let schedule = Schedule::new(Instant::now(), conditions.rate);
        let (mut calls, mut replies) = (0, 0);
        while !tally.is_over() {
            while calls - replies < IN_FLIGHT_MAX && schedule.due(calls) <= Instant::now() {
                let partner = calls as usize % partners.len();
                partners[partner].send()?;
                calls += 1;
            }
            for partner in readable(partners, schedule.due(calls))? {
                partners[partner].receive()?;
                replies += 1;
                tally.add(1);
            }
        }
        Ok(None)
    });
    throughput(conditions, &processes, vec![lane])
}

/// Those from whom there is something to read, at the latest at this instant.
fn readable(partners: &[Partner], until: Instant) -> anyhow::Result<Vec<usize>> {
    let left = until.saturating_duration_since(Instant::now());
    let mut sockets: Vec<PollFd<'_>> =
        partners.iter().map(|partner| PollFd::new(&partner.stream, PollFlags::IN)).collect();
    match poll(&mut sockets, Some(&Timespec::try_from(left)?)) {
        Err(Errno::INTR) => Ok(Vec::new()),
        found => {
            found?;
            let is_ready = |socket: &PollFd<'_>| !socket.revents().is_empty();
            Ok(sockets
                .iter()
                .enumerate()
                .filter(|(_, socket)| is_ready(socket))
                .map(|(place, _)| place)
                .collect())
        }
    }
}

fn partners(work: Work, conditions: &Conditions) -> anyhow::Result<Vec<Partner>> {
    (0..conditions.workers).map(|_| Partner::start(work, conditions)).collect()
}

fn pids(partners: &[Partner]) -> Vec<u32> {
    partners.iter().map(|partner| partner.child.pid()).collect()
}

fn lane(partner: &mut Partner, in_flight: usize) -> Lane<'_> {
    Box::new(move |tally| {
        for _ in 1..in_flight {
            partner.send()?;
        }
        while !tally.is_over() {
            partner.call()?;
            tally.add(1);
        }
        Ok(None)
    })
}
