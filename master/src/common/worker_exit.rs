//! How a worker's process ended.

use std::fmt;

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WorkerExit {
    /// It exited with this status, 0 to 255.
    Status(i32),
    /// This signal ended it.
    Signal(i32),
}

impl WorkerExit {
    /// Whether this says that another start would end alike: 78 is a wrong configuration, also in `powerhose work` for a
    /// program that cannot be executed; a shell ends with 126 and 127 for such a program.
    pub fn is_final(self) -> bool {
        matches!(self, WorkerExit::Status(78 | 126 | 127))
    }
}

impl fmt::Display for WorkerExit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            WorkerExit::Status(status) => write!(f, "exit status {status}"),
            WorkerExit::Signal(signal) => match signal_name(*signal) {
                Some(name) => write!(f, "killed by signal {signal} ({name})"),
                None => write!(f, "killed by signal {signal}"),
            },
        }
    }
}

impl From<std::process::ExitStatus> for WorkerExit {
    fn from(status: std::process::ExitStatus) -> WorkerExit {
        use std::os::unix::process::ExitStatusExt;
        match status.signal() {
            Some(signal) => WorkerExit::Signal(signal),
            None => WorkerExit::Status(status.code().unwrap_or(0)),
        }
    }
}

/// The signals whose numbers are the same on every Unix.
fn signal_name(signal: i32) -> Option<&'static str> {
    Some(match signal {
        1 => "SIGHUP",
        2 => "SIGINT",
        3 => "SIGQUIT",
        4 => "SIGILL",
        6 => "SIGABRT",
        8 => "SIGFPE",
        9 => "SIGKILL",
        11 => "SIGSEGV",
        13 => "SIGPIPE",
        14 => "SIGALRM",
        15 => "SIGTERM",
        _ => return None,
    })
}
