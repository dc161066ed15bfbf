//! How late a thread wakes that only sleeps, one on each core: what the machine makes late is not the master's fault.

use hdrhistogram::Histogram;
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

const NAP: Duration = Duration::from_millis(2);
const SLICE: Duration = Duration::from_millis(50);
/// A histogram of microseconds up to this; no pause is longer.
const MICROSECONDS_MAX: u64 = 3_600_000_000;

/// Sleeping threads, and how late they woke when.
#[derive(Clone)]
pub(crate) struct Canary(Arc<Mutex<Record>>);

struct Record {
    began: Instant,
    /// The worst of each slice of time, in microseconds.
    worst_us: Vec<u32>,
    all: Histogram<u64>,
}

impl Canary {
    pub(crate) fn start() -> Canary {
        let all = Histogram::new_with_max(MICROSECONDS_MAX, 2).expect("these bounds are valid");
        let record = Record { began: Instant::now(), worst_us: Vec::new(), all };
        let canary = Canary(Arc::new(Mutex::new(record)));
        for core in cores() {
            let canary = canary.clone();
            thread::spawn(move || canary.sing(core));
        }
        canary
    }

    /// Never returns. Stays on its core: a virtual machine's cores stand still one by one.
    fn sing(&self, core: usize) {
        let mut only = CpuSet::new();
        only.set(core);
        // Where that is not allowed it sings where it may.
        let _ = sched_setaffinity(None, &only);
        loop {
            let due = Instant::now() + NAP;
            thread::sleep(NAP);
            let woke = Instant::now();
            self.lock().note(due, woke);
        }
    }

    /// The longest that one of them overslept around this time.
    pub(crate) fn worst(&self, from: Instant, to: Instant) -> Duration {
        let record = self.lock();
        let (first, last) = (record.slice(from).saturating_sub(1), record.slice(to) + 1);
        let last = last.min(record.worst_us.len());
        let slices = record.worst_us.get(first..last).unwrap_or_default();
        Duration::from_micros(slices.iter().max().copied().unwrap_or(0).into())
    }

    /// The median, the 99th percentile and the most, in microseconds.
    pub(crate) fn summary_us(&self) -> [u64; 3] {
        let record = self.lock();
        [record.all.value_at_quantile(0.5), record.all.value_at_quantile(0.99), record.all.max()]
    }

    fn lock(&self) -> MutexGuard<'_, Record> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The cores that this process may use.
fn cores() -> Vec<usize> {
    let Ok(allowed) = sched_getaffinity(None) else { return vec![0] };
    (0..CpuSet::MAX_CPU).filter(|core| allowed.is_set(*core)).collect()
}

impl Record {
    fn note(&mut self, due: Instant, woke: Instant) {
        let late_us = woke.saturating_duration_since(due).as_micros();
        let late_us = u32::try_from(late_us).unwrap_or(u32::MAX);
        self.all.saturating_record(late_us.into());
        let (first, last) = (self.slice(due), self.slice(woke));
        if self.worst_us.len() <= last {
            self.worst_us.resize(last + 1, 0);
        }
        for slice in &mut self.worst_us[first..=last] {
            *slice = late_us.max(*slice);
        }
    }

    fn slice(&self, at: Instant) -> usize {
        let slices = at.saturating_duration_since(self.began).as_millis() / SLICE.as_millis();
        usize::try_from(slices).unwrap_or(usize::MAX)
    }
}
