//! Processor time, to the nanosecond.

use std::time::Duration;

pub(crate) fn of_this_thread() -> Duration {
    read(libc::CLOCK_THREAD_CPUTIME_ID)
}

pub(crate) fn of_this_process() -> Duration {
    read(libc::CLOCK_PROCESS_CPUTIME_ID)
}

/// Nothing for a process that has ended.
pub(crate) fn of_process(id: u32) -> Duration {
    let mut clock = 0;
    // SAFETY: it writes the clock, and fails where there is no such process.
    match unsafe { libc::clock_getcpuclockid(id as libc::pid_t, &mut clock) } {
        0 => read(clock),
        _ => Duration::ZERO,
    }
}

fn read(clock: libc::clockid_t) -> Duration {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: there is room for the time.
    unsafe { libc::clock_gettime(clock, &mut time) };
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}
