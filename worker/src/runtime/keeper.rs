//! The keeper: a thread that minds the socket while a handler runs, or while a loop that pulls jobs does other things. It
//! sends due heartbeats, reads what comes, and sees for the watchdog whether the handler hangs. While a job is waited for it
//! touches nothing.
//!
//! It looks every 50 ms, and every millisecond where jobs wait behind the one that runs: if that takes long, they go back to
//! the master, and to another worker.

use super::io::Io;
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

/// Between two looks: the longest that a CANCEL, a signal or a due heartbeat waits for a running handler.
const TICK: Duration = Duration::from_millis(50);
/// Between two looks while jobs wait here behind others.
const SHORT_TICK: Duration = Duration::from_millis(1);
/// Short ticks without such jobs before the keeper is slow again: a second, for as long as handlers run.
const SHORT_TICKS_IDLE: u32 = 1000;
/// A tick in which none runs counts as so many: then it is slow after as long as a slow tick takes.
const IDLE_TICKS: u32 = 20;

/// What the job thread tells the keeper without waking it for each job.
#[derive(Default)]
pub(super) struct Pace {
    /// A handler runs, or nobody looks at the socket: the keeper may take it.
    running: AtomicBool,
    /// Handlers that have begun.
    begun: AtomicU64,
    /// A handler began while other jobs waited behind its own, since the keeper last looked.
    stocked: AtomicBool,
    /// The keeper looks every millisecond.
    hurries: AtomicBool,
}

impl Pace {
    /// A handler begins. Wakes the keeper only if it must look more often from now on.
    pub(super) fn begin(&self, has_stock: bool, keeper: &Thread) {
        if has_stock {
            self.stocked.store(true, Ordering::SeqCst);
            if !self.hurries.load(Ordering::SeqCst) {
                keeper.unpark();
            }
        }
        self.begun.fetch_add(1, Ordering::Relaxed);
        self.running.store(true, Ordering::Release);
    }

    /// The keeper saw jobs wait behind the running one, which had come since that began.
    fn saw_stock(&self) {
        self.stocked.store(true, Ordering::SeqCst);
        self.hurries.store(true, Ordering::SeqCst);
    }

    /// Nobody looks at the socket, though no handler runs.
    pub(super) fn stand_in(&self) {
        self.running.store(true, Ordering::Release);
    }

    /// The handler has ended, or somebody looks at the socket again.
    pub(super) fn end(&self) {
        self.running.store(false, Ordering::Release);
    }

    fn runs(&self) -> bool {
        self.running.load(Ordering::Acquire)
    }
}

/// When the keeper looks.
#[derive(Default)]
struct Ticks {
    /// Ticks in a row without jobs behind others, those in which no handler ran counted [`IDLE_TICKS`] times.
    idle: u32,
    /// Handlers that had begun by the last tick.
    begun: u64,
    looked_at: Option<Instant>,
}

impl Ticks {
    fn next(&self, pace: &Pace) -> Duration {
        if pace.hurries.load(Ordering::Relaxed) { SHORT_TICK } else { TICK }
    }

    /// A tick has passed, or somebody woke the keeper. Whether to look at the socket: every 50 ms, and while it hurries at
    /// every tick in which no new job began.
    fn is_look(&mut self, now: Instant, pace: &Pace) -> bool {
        let begun = pace.begun.load(Ordering::Relaxed);
        let same = std::mem::replace(&mut self.begun, begun) == begun;
        let hurried = pace.hurries.load(Ordering::SeqCst);
        self.adapt(pace, if same && !pace.runs() { IDLE_TICKS } else { 1 });
        let long_ago = self.looked_at.is_none_or(|at| now.saturating_duration_since(at) >= TICK);
        let look = pace.runs() && (long_ago || hurried && same);
        if look {
            self.looked_at = Some(now);
        }
        look
    }

    fn adapt(&mut self, pace: &Pace, ticks: u32) {
        if pace.stocked.swap(false, Ordering::SeqCst) {
            self.idle = 0;
            pace.hurries.store(true, Ordering::SeqCst);
        } else if self.idle < SHORT_TICKS_IDLE {
            self.idle += ticks;
        } else {
            pace.hurries.store(false, Ordering::SeqCst);
            // Who said it in between may have seen the keeper hurry, and not woken it.
            if pace.stocked.load(Ordering::SeqCst) {
                pace.hurries.store(true, Ordering::SeqCst);
            }
        }
    }
}

/// What the engine and the keeper share.
pub(super) struct Shared {
    io: Mutex<Io>,
    /// When the keeper may take `io`, and how often it looks.
    pub(super) pace: Pace,
    /// What a loop that pulls its jobs sleeps on, once it has asked for it. Before, it is told nothing.
    pub(super) descriptor: OnceLock<OwnedFd>,
    /// The keeper is no longer needed.
    pub(super) ended: AtomicBool,
}

impl Shared {
    pub(super) fn new(io: Io) -> Shared {
        let descriptor = OnceLock::new();
        Shared { io: Mutex::new(io), pace: Pace::default(), descriptor, ended: false.into() }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Io> {
        // No handler runs under the lock, so only a broken invariant of this crate can poison it.
        self.io.lock().expect("the other thread did not panic")
    }

    /// Wakes the loop that sleeps on the descriptor, if there is one, for what the link does not tell because it was read
    /// already.
    pub(super) fn tell_if_ready(&self, io: &Io) {
        if self.descriptor.get().is_some() && io.has_news() {
            io.tell();
        }
    }
}

/// Until the job thread has ended.
pub(super) fn keep(shared: &Shared) {
    let mut ticks = Ticks::default();
    while !shared.ended.load(Ordering::Acquire) {
        thread::park_timeout(ticks.next(&shared.pace));
        if !ticks.is_look(Instant::now(), &shared.pace) {
            continue;
        }
        let mut io = shared.lock();
        // The handler may have ended while this thread waited for the lock.
        if !shared.pace.runs() {
            continue;
        }
        let now = Instant::now();
        io.looked_away();
        io.turn(now);
        io.look(now);
        io.act(now);
        if io.machine.has_stock() {
            shared.pace.saw_stock();
        }
        shared.tell_if_ready(&io);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Bench {
        pace: Pace,
        ticks: Ticks,
        now: Instant,
    }

    impl Bench {
        fn new() -> Bench {
            Bench { pace: Pace::default(), ticks: Ticks::default(), now: Instant::now() }
        }

        fn begin(&self, has_stock: bool) {
            self.pace.begin(has_stock, &thread::current());
        }

        /// One whose keeper hurries, because a handler began while other jobs waited.
        fn hurried() -> Bench {
            let mut bench = Bench::new();
            bench.begin(true);
            bench.tick();
            bench
        }

        /// How many short ticks pass before a slow one.
        fn short_ticks(&mut self) -> u32 {
            (0..10_000u32).take_while(|_| self.tick().0 == SHORT_TICK).count() as u32
        }

        /// The next tick passes. How long it was, and whether it is a look.
        fn tick(&mut self) -> (Duration, bool) {
            let tick = self.ticks.next(&self.pace);
            self.now += tick;
            (tick, self.ticks.is_look(self.now, &self.pace))
        }
    }

    #[test]
    fn without_a_stock_it_looks_every_slow_tick_while_a_handler_runs() {
        let mut bench = Bench::new();
        assert_eq!(bench.tick(), (TICK, false));
        bench.begin(false);
        assert_eq!([bench.tick(), bench.tick()], [(TICK, true); 2]);
        bench.pace.end();
        assert_eq!(bench.tick(), (TICK, false));
    }

    #[test]
    fn with_a_stock_it_looks_at_every_short_tick_in_which_no_job_began() {
        let mut bench = Bench::hurried();
        assert_eq!([bench.tick(), bench.tick()], [(SHORT_TICK, true); 2]);
        bench.pace.end();
        bench.begin(true);
        assert_eq!([bench.tick(), bench.tick()], [(SHORT_TICK, false), (SHORT_TICK, true)]);
    }

    #[test]
    fn it_wakes_as_often_as_before_once_there_is_no_stock_any_more() {
        let mut bench = Bench::hurried();
        bench.begin(false);
        assert_eq!(bench.short_ticks(), SHORT_TICKS_IDLE + 1);
        assert_eq!(bench.tick(), (TICK, true));
    }

    #[test]
    fn it_wakes_as_often_as_before_soon_after_the_last_job() {
        let mut bench = Bench::hurried();
        bench.pace.end();
        assert_eq!(bench.short_ticks(), SHORT_TICKS_IDLE / IDLE_TICKS + 1);
    }

    #[test]
    fn a_stock_that_came_while_a_handler_ran_makes_it_hurry() {
        let mut bench = Bench::new();
        bench.begin(false);
        assert_eq!(bench.tick(), (TICK, true));
        bench.pace.saw_stock();
        assert_eq!([bench.tick(), bench.tick()], [(SHORT_TICK, true); 2]);
    }

    #[test]
    fn a_busy_worker_with_short_jobs_is_looked_after_every_slow_tick() {
        let mut bench = Bench::hurried();
        let looks = (0..500).filter(|_| {
            bench.begin(true);
            bench.tick().1
        });
        assert_eq!(looks.count(), 10);
    }
}
