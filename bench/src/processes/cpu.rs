//! How much of the processors processes have used, to the nanosecond: the ticks of `/proc/*/stat` are too coarse to see
//! an idle master.

use std::io;
use std::time::Duration;

/// What this process and its children have used since some moment.
pub(crate) struct CpuClock {
    processes: Vec<u32>,
    begin: Duration,
}

impl CpuClock {
    /// Begins to count: this process, and those with these ids, all their threads included.
    pub(crate) fn start(children: &[u32]) -> io::Result<CpuClock> {
        let mut processes = children.to_vec();
        processes.push(std::process::id());
        Ok(CpuClock { begin: total(&processes)?, processes })
    }

    pub(crate) fn elapsed(&self) -> io::Result<Duration> {
        Ok(total(&self.processes)?.saturating_sub(self.begin))
    }
}

fn total(processes: &[u32]) -> io::Result<Duration> {
    processes.iter().map(|pid| cpu_time(*pid)).sum()
}

/// What a process has used since its start.
///
/// # Errors
/// There is no such process.
pub(crate) fn cpu_time(pid: u32) -> io::Result<Duration> {
    let mut clock: libc::clockid_t = 0;
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: both calls write to the places they are given, which live until after the calls, and keep nothing.
    let (found, read) = unsafe {
        let found = libc::clock_getcpuclockid(pid as libc::pid_t, &mut clock);
        (found, if found == 0 { libc::clock_gettime(clock, &mut time) } else { 0 })
    };
    match (found, read) {
        (0, 0) => Ok(Duration::new(time.tv_sec as u64, time.tv_nsec as u32)),
        (0, _) => Err(io::Error::last_os_error()),
        (error, _) => Err(io::Error::from_raw_os_error(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::work;

    #[test]
    fn a_process_that_computes_uses_time() {
        let clock = CpuClock::start(&[]).expect("this process is there");
        work::spin(&work::spin_payload(Duration::from_millis(2)));
        assert!(clock.elapsed().expect("this process is there") >= Duration::from_millis(2));
    }

    #[test]
    fn a_process_that_is_not_there_is_an_error() {
        // Linux numbers processes up to 2^22.
        assert!(cpu_time(1 << 23).is_err());
    }
}
