//! Shared memory alone: two rings between this process and each worker, and a byte over a socket where the other side sleeps.
//! One thread calls. No balancer chooses a worker: each has its share of what is in flight.

mod memory;
mod ring;

use crate::callers::{Lane, Tally, round_trips, throughput};
use crate::conditions::Conditions;
use crate::processes::Child;
use crate::sample::Sample;
use crate::work::Work;
use anyhow::Context;
use memory::Memory;
use ring::{Form, Reader, Reads, Writer};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::thread;
use std::time::Duration;

const GONE: &str = "a worker behind shared memory is gone";

/// A worker process behind two rings and a socket, which is its standard input.
struct Partner {
    jobs: Writer,
    replies: Reader,
    stream: UnixStream,
    in_flight: usize,
    child: Child,
    _memory: OwnedFd,
}

impl Partner {
    fn start(work: Work, form: Form) -> anyhow::Result<Partner> {
        let (memory, file, path) = Memory::create(form.bytes())?;
        let (stream, theirs) = UnixStream::pair()?;
        stream.set_nonblocking(true)?;
        let (job_bytes, reply_bytes) = (form.job_bytes.to_string(), form.reply_bytes.to_string());
        let path = path.to_str().context("a path of numbers is UTF-8")?;
        let role = ["ring-worker", work.name(), path, &job_bytes, &reply_bytes];
        let child = Child::with_input(&role, OwnedFd::from(theirs))?;
        let (jobs, replies) = form.caller(memory);
        Ok(Partner { jobs, replies, stream, in_flight: 0, child, _memory: file })
    }
}

/// The caller.
struct Caller {
    partners: Vec<Partner>,
    payload: Vec<u8>,
    expected: Vec<u8>,
}

impl Caller {
    fn start(work: Work, workers: usize, conditions: &Conditions) -> anyhow::Result<Caller> {
        let payload = work.payload(conditions.payload_bytes);
        let expected = work.reply(&payload);
        let form = Form { job_bytes: payload.len(), reply_bytes: expected.len() };
        let partners =
            (0..workers).map(|_| Partner::start(work, form)).collect::<anyhow::Result<Vec<Partner>>>()?;
        Ok(Caller { partners, payload, expected })
    }

    fn pids(&self) -> Vec<u32> {
        self.partners.iter().map(|partner| partner.child.pid()).collect()
    }

    /// Gives each worker as many jobs as it may have. Those that sleep are woken once.
    fn give(&mut self, each: usize) -> anyhow::Result<()> {
        for partner in &mut self.partners {
            let mut reads = Reads::ByItself;
            while partner.in_flight < each {
                if partner.jobs.write(&self.payload) == Reads::OnceWoken {
                    reads = Reads::OnceWoken;
                }
                partner.in_flight += 1;
            }
            if reads == Reads::OnceWoken {
                partner.stream.write_all(&[0]).context(GONE)?;
            }
        }
        Ok(())
    }

    /// How many replies there were.
    fn take(&mut self) -> anyhow::Result<u64> {
        let mut taken = 0;
        for partner in &mut self.partners {
            while let Some(reply) = partner.replies.next() {
                anyhow::ensure!(reply == self.expected, "the reply is wrong");
                partner.in_flight -= 1;
                taken += 1;
            }
        }
        Ok(taken)
    }

    /// Until there may be a reply.
    fn sleep(&self) -> anyhow::Result<()> {
        self.partners.iter().for_each(|partner| partner.replies.announce_sleep());
        if !self.partners.iter().any(|partner| partner.replies.has_more()) {
            let mut sockets: Vec<PollFd<'_>> =
                self.partners.iter().map(|partner| PollFd::new(&partner.stream, PollFlags::IN)).collect();
            match poll(&mut sockets, None) {
                Err(error) if error != Errno::INTR => return Err(error.into()),
                _ => {}
            }
            for (partner, socket) in self.partners.iter().zip(&sockets) {
                if !socket.revents().is_empty() {
                    let mut stream = &partner.stream;
                    anyhow::ensure!(stream.read(&mut [0; 64])? > 0, GONE);
                }
            }
        }
        self.partners.iter().for_each(|partner| partner.replies.awake());
        Ok(())
    }

    fn keep_in_flight(&mut self, in_flight: usize, rest: Duration, tally: &Tally) -> anyhow::Result<()> {
        let each = (in_flight / self.partners.len()).clamp(1, ring::RECORDS);
        while !tally.is_over() {
            self.give(each)?;
            if !rest.is_zero() {
                thread::sleep(rest);
            }
            match self.take()? {
                0 => self.sleep()?,
                taken => tally.add(taken),
            }
        }
        Ok(())
    }
}

/// One caller, one worker.
pub(crate) fn ping_pong(conditions: &Conditions) -> anyhow::Result<Sample> {
    let mut caller = Caller::start(Work::Echo, 1, conditions)?;
    let processes = caller.pids();
    round_trips(conditions, &processes, || {
        caller.give(1)?;
        while caller.take()? == 0 {
            caller.sleep()?;
        }
        Ok(())
    })
}

/// This many in flight over all workers. The caller rests for so long before each look at the replies: what the workers have
/// must last for longer.
pub(crate) fn pipelined(
    work: Work,
    in_flight: usize,
    rest: Duration,
    conditions: &Conditions,
) -> anyhow::Result<Sample> {
    let mut caller = Caller::start(work, conditions.workers, conditions)?;
    let processes = caller.pids();
    let lane: Lane<'_> = Box::new(move |tally| caller.keep_in_flight(in_flight, rest, tally).map(|()| None));
    throughput(conditions, &processes, vec![lane])
}

/// What the worker is: it answers one job after the other until its standard input ends.
pub(crate) fn answer(
    path: &Path,
    job_bytes: usize,
    reply_bytes: usize,
    mut run: impl FnMut(&[u8], &mut dyn FnMut(&[u8])),
) -> anyhow::Result<()> {
    let form = Form { job_bytes, reply_bytes };
    let (mut replies, mut jobs) = form.worker(Memory::open(path, form.bytes())?);
    let mut stream = UnixStream::from(std::os::fd::AsFd::as_fd(&std::io::stdin()).try_clone_to_owned()?);
    loop {
        while let Some(job) = jobs.next() {
            let mut reads = Reads::ByItself;
            run(job, &mut |reply| reads = replies.write(reply));
            if reads == Reads::OnceWoken && stream.write_all(&[0]).is_err() {
                return Ok(());
            }
        }
        jobs.announce_sleep();
        if !jobs.has_more() && !matches!(stream.read(&mut [0; 64]), Ok(1..)) {
            return Ok(());
        }
        jobs.awake();
    }
}
