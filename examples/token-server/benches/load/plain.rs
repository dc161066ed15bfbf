//! The same work on plain threads, with nothing around it.

use std::thread;
use std::time::{Duration, Instant};

use super::account;

/// What threads have done.
pub(crate) struct Done {
    pub(crate) a_second: f64,
    /// Microseconds on a core for each.
    pub(crate) microseconds: f64,
}

/// Does it again and again on so many threads.
pub(crate) fn repeat(work: impl Fn() + Sync, threads: usize, during: Duration) -> Done {
    let begin = Instant::now();
    let worked = || {
        let mut count = 0_u64;
        while begin.elapsed() < during {
            work();
            count += 1;
        }
        (count, account::of_this_thread())
    };
    let done: Vec<(u64, u64)> = thread::scope(|scope| {
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(worked)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let (count, nanoseconds) = done.iter().fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
    Done {
        a_second: count as f64 / begin.elapsed().as_secs_f64(),
        microseconds: nanoseconds as f64 / 1e3 / count.max(1) as f64,
    }
}
