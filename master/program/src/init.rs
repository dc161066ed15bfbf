//! The first process of a container adopts every orphan in it, and must reap them. This process does nothing else: it
//! starts the program once more, passes signals on to it, reaps every process that ends, and ends as the program ends.

use crate::exit::{Exit, Failure};
use crate::print;
use rustix::process::{Pid, WaitOptions, getpid, kill_process, wait};
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTTIN, SIGTTOU, SIGUSR1, SIGUSR2};
use signal_hook::iterator::SignalsInfo;
use signal_hook::iterator::exfiltrator::WithRawSiginfo;
use std::ffi::OsString;
use std::io;
use std::process::{Command, ExitCode};
use std::thread;

const PASSED_ON: [i32; 8] = [SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGTTIN, SIGTTOU, SIGUSR1, SIGUSR2];
/// What a shell adds to the number of the signal that ended a program.
const SIGNALLED: i32 = 128;

/// Whether we are such a process.
pub(crate) fn is_needed() -> bool {
    getpid().as_raw_pid() == 1
}

/// Runs the program as a child of ours.
pub(crate) fn run(arguments: &[OsString]) -> ExitCode {
    match reap_until_end(arguments) {
        Ok(status) => ExitCode::from(u8::try_from(status).unwrap_or(u8::MAX)),
        Err(error) => {
            print::complaint(Failure::system("start as the first process", error));
            Exit::System.into()
        }
    }
}

fn reap_until_end(arguments: &[OsString]) -> io::Result<i32> {
    // Caught before the child is there: a signal that comes in between waits in the iterator.
    let mut signals = SignalsInfo::<WithRawSiginfo>::new(PASSED_ON)?;
    let child = Command::new(std::env::current_exe()?).args(arguments.iter().skip(1)).spawn()?;
    let child =
        i32::try_from(child.id()).ok().and_then(Pid::from_raw).expect("a child's process id is positive");
    thread::Builder::new().name("signals".to_owned()).spawn(move || {
        for signal in signals.forever().filter(is_for_the_program) {
            if let Some(signal) = rustix::process::Signal::from_named_raw(signal.si_signo) {
                // It may have ended just now.
                let _ = kill_process(child, signal);
            }
        }
    })?;
    loop {
        match wait(WaitOptions::empty()) {
            Ok(Some((pid, status))) if pid == child => {
                let signalled = status.terminating_signal().map(|signal| SIGNALLED + signal);
                if let Some(ended) = status.exit_status().or(signalled) {
                    return Ok(ended);
                }
            }
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// The terminal stops a whole group, which the program is in; passed on, its signal would be an order of a process.
fn is_for_the_program(signal: &libc::siginfo_t) -> bool {
    let of_the_system = signal.si_code > 0;
    !(of_the_system && [SIGTTIN, SIGTTOU].contains(&signal.si_signo))
}
