//! How the program ends: an exit status for each kind of error. OPERATIONS.md lists them; a test compares.

use std::fmt;
use std::process::ExitCode;

/// An exit status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// All went well.
    Fine,
    /// `check`: no master, or too few workers. Orders: without full effect in time.
    No,
    /// A flag, an argument or an environment variable is wrong.
    Usage,
    /// The configuration file is wrong.
    Configuration,
    /// A program is missing or cannot be executed.
    Program,
    /// `work`: its program is missing or cannot be executed; `run` does not start it again.
    NoProgram,
    /// The master cannot listen there.
    Bind,
    /// A master is already running there.
    AlreadyRunning,
    /// No master answers.
    Unreachable,
    /// The master does not want us, or cannot prove itself.
    Refused,
    /// The workers keep failing to start, and were given up.
    GivenUp,
    /// Jobs were lost because the time for draining was over, or the end was to be at once.
    JobsLost,
    /// A file, a pipe, memory: the system refused something.
    System,
    /// The master broke: a bug.
    Broken,
    /// The socket's file or folder was removed while the master ran, and the endpoint was not had back, or is another's.
    EndpointLost,
    /// `execute`: the handler gave an error.
    JobFailed,
    /// `execute`: the deadline passed.
    JobTimedOut,
    /// `execute`: lost with its worker or its master.
    JobLost,
    /// `execute`: refused because there is too much to do, or no worker; may be tried again.
    JobOverload,
    /// `execute`: refused for what it is.
    JobRejected,
    /// `execute`: interrupted before its end.
    JobCancelled,
}

impl Exit {
    /// Its number and what it means.
    pub(crate) fn status(self) -> u8 {
        match self {
            Exit::Fine => 0,
            Exit::No => 1,
            Exit::Usage => 2,
            Exit::Configuration => 3,
            Exit::Program => 4,
            Exit::Bind => 5,
            Exit::AlreadyRunning => 6,
            Exit::Unreachable => 7,
            Exit::Refused => 8,
            Exit::GivenUp => 9,
            Exit::JobsLost => 10,
            Exit::System => 11,
            Exit::Broken => 12,
            Exit::EndpointLost => 13,
            Exit::JobFailed => 20,
            Exit::JobTimedOut => 21,
            Exit::JobLost => 22,
            Exit::JobOverload => 23,
            Exit::JobRejected => 24,
            Exit::JobCancelled => 25,
            Exit::NoProgram => 78,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit.status())
    }
}

/// Why the program ends without having done what it was asked for: one line for people, a status for programs.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) exit: Exit,
    text: String,
}

impl Failure {
    pub(crate) fn new(exit: Exit, text: impl fmt::Display) -> Failure {
        Failure { exit, text: text.to_string() }
    }

    /// The system refused to do this.
    pub(crate) fn system(action: &str, error: impl fmt::Display) -> Failure {
        Failure::new(Exit::System, format_args!("cannot {action}: {error}"))
    }
}

impl fmt::Display for Failure {
    /// One line, whatever the text came from.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut lines = self.text.lines().map(str::trim).filter(|line| !line.is_empty());
        f.write_str(lines.next().unwrap_or("failed"))?;
        lines.try_for_each(|line| write!(f, "; {line}"))
    }
}

/// What a command comes to.
pub(crate) type Outcome = Result<Exit, Failure>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_is_one_line() {
        let failure = Failure::new(Exit::System, "first\n\n  second\nthird\n");
        assert_eq!(failure.to_string(), "first; second; third");
    }
}
