//! Which program the workers run, and how it is found. Never starts it.

use super::error::SpawnError;
use super::output::{LineSink, WorkerLine, print_named};
use rustix::fs::{Access, access};
use std::env;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

/// Where a worker's standard output and standard error go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum WorkerOutput {
    /// Where those of this process go.
    #[default]
    Inherit,
    /// Nowhere.
    Discard,
    /// Where those of this process go, each line with its worker's slot before it: `worker-3 | …`. A program that looks
    /// whether it writes to a terminal finds a pipe.
    Named,
}

/// The program that worker processes run, with arguments and environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkerCommand {
    program: PathBuf,
    arguments: Vec<OsString>,
    environment: Vec<(OsString, OsString)>,
    folder: Option<PathBuf>,
    output: WorkerOutput,
    lines: Option<LineSink>,
    limits: WorkerLimits,
}

/// What a worker process may use. None of it unless set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct WorkerLimits {
    pub(super) pinned: bool,
    pub(super) nice: Option<i32>,
    pub(super) address_space_bytes_max: Option<u64>,
}

impl WorkerCommand {
    /// A program by path, or by name where `PATH` has it. Its standard input is empty.
    pub fn new(program: impl Into<PathBuf>) -> WorkerCommand {
        WorkerCommand {
            program: program.into(),
            arguments: Vec::new(),
            environment: Vec::new(),
            folder: None,
            output: WorkerOutput::Inherit,
            lines: None,
            limits: WorkerLimits::default(),
        }
    }

    /// Adds an argument.
    pub fn arg(mut self, argument: impl Into<OsString>) -> WorkerCommand {
        self.arguments.push(argument.into());
        self
    }

    /// Adds arguments.
    pub fn args(mut self, arguments: impl IntoIterator<Item = impl Into<OsString>>) -> WorkerCommand {
        self.arguments.extend(arguments.into_iter().map(Into::into));
        self
    }

    /// Sets a variable on top of this process's environment, which workers inherit.
    pub fn env(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> WorkerCommand {
        self.environment.push((name.into(), value.into()));
        self
    }

    /// The folder in which workers start. Default: this process's own. A relative program is still looked up from
    /// there.
    pub fn current_dir(mut self, folder: impl Into<PathBuf>) -> WorkerCommand {
        self.folder = Some(folder.into());
        self
    }

    /// Where output goes.
    pub fn output(mut self, output: WorkerOutput) -> WorkerCommand {
        self.output = output;
        self
    }

    /// Hands over what workers print, line by line, instead of letting it go where [`output`](WorkerCommand::output)
    /// says. The sink is called from a thread for each stream; while it blocks, the worker that prints waits.
    pub fn forward(mut self, sink: impl Fn(WorkerLine<'_>) + Send + Sync + 'static) -> WorkerCommand {
        self.lines = Some(LineSink::new(sink));
        self
    }

    /// Keeps each worker on one of the cores that this process may use, by its slot; with more workers than cores, some
    /// share one. Linux only.
    pub fn pinned(mut self) -> WorkerCommand {
        self.limits.pinned = true;
        self
    }

    /// How willingly workers leave a core to others: 0 as everybody, up to 19. Below 0 needs a privilege.
    pub fn nice(mut self, nice: i32) -> WorkerCommand {
        self.limits.nice = Some(nice);
        self
    }

    /// The most address space that a worker may have (RLIMIT_AS): what asks for more gets no memory, and most programs
    /// end. It counts what is mapped, which is more than what is used.
    pub fn address_space_bytes_max(mut self, bytes: u64) -> WorkerCommand {
        self.limits.address_space_bytes_max = Some(bytes);
        self
    }

    /// Who reads what workers print, if anybody does.
    pub(super) fn lines(&self) -> Option<LineSink> {
        let named = || (self.output == WorkerOutput::Named).then(|| LineSink::new(print_named));
        self.lines.clone().or_else(named)
    }

    pub(super) fn limits(&self) -> WorkerLimits {
        self.limits
    }

    /// The program as given, or once resolved its absolute path.
    pub fn program(&self) -> &Path {
        &self.program
    }

    /// The same command with the program's absolute path, which was there and executable a moment ago. Symbolic links
    /// stay: a link that is turned to a new release is what a replacement picks up.
    ///
    /// # Errors
    /// It is not there, or cannot be executed.
    pub fn resolve(mut self) -> Result<WorkerCommand, SpawnError> {
        self.program = match needs_search(&self.program) {
            true => search(&self.program)?,
            false => check(&self.program)?,
        };
        Ok(self)
    }

    /// What to execute. Only good after [`WorkerCommand::resolve`].
    pub(super) fn process(&self) -> Command {
        let mut process = Command::new(&self.program);
        process.args(&self.arguments).stdin(Stdio::null());
        process.envs(self.environment.iter().map(|(name, value)| (name, value)));
        if let Some(folder) = &self.folder {
            process.current_dir(folder);
        }
        match self.output {
            _ if self.lines.is_some() => process.stdout(Stdio::piped()).stderr(Stdio::piped()),
            WorkerOutput::Named => process.stdout(Stdio::piped()).stderr(Stdio::piped()),
            WorkerOutput::Inherit => process.stdout(Stdio::inherit()).stderr(Stdio::inherit()),
            WorkerOutput::Discard => process.stdout(Stdio::null()).stderr(Stdio::null()),
        };
        process
    }

    /// What a failed start means. Executing says "not found" also for a missing interpreter; so look at the file again.
    pub(super) fn explain(&self, error: io::Error) -> SpawnError {
        match check(&self.program) {
            Ok(_) => refused(&self.program, error),
            Err(reason) => reason,
        }
    }
}

/// As in a shell: a name without a slash is looked for in `PATH`.
fn needs_search(program: &Path) -> bool {
    !program.as_os_str().as_encoded_bytes().contains(&b'/')
}

fn search(name: &Path) -> Result<PathBuf, SpawnError> {
    let not_found = SpawnError::NotFound { program: name.to_owned() };
    if name.as_os_str().is_empty() {
        return Err(not_found);
    }
    let folders = env::var_os("PATH").unwrap_or_default();
    let mut best = not_found;
    for folder in env::split_paths(&folders) {
        // An empty entry means the current folder.
        let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { &folder };
        match check(&folder.join(name)) {
            Ok(path) => return Ok(path),
            Err(SpawnError::NotFound { .. }) => {}
            Err(nearer) => best = nearer,
        }
    }
    Err(best)
}

/// The absolute path of a file that can be executed.
fn check(program: &Path) -> Result<PathBuf, SpawnError> {
    let metadata = match program.metadata() {
        Ok(metadata) => metadata,
        Err(error) => return Err(unreadable(program, error)),
    };
    if !metadata.is_file() || access(program, Access::EXEC_OK).is_err() {
        return Err(SpawnError::NotExecutable { program: program.to_owned() });
    }
    std::path::absolute(program).map_err(|error| refused(program, error))
}

fn unreadable(program: &Path, error: io::Error) -> SpawnError {
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => {
            SpawnError::NotFound { program: program.to_owned() }
        }
        _ => refused(program, error),
    }
}

fn refused(program: &Path, error: io::Error) -> SpawnError {
    SpawnError::Io { program: program.to_owned(), source: Arc::new(error) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_without_a_slash_is_found_through_path() {
        let command = WorkerCommand::new("sh").resolve().expect("every unix has a shell");
        assert!(command.program().is_absolute());
        assert!(command.program().ends_with("sh"));
    }

    #[test]
    fn a_missing_program_is_named() {
        for program in ["powerhose-no-such-program", "/no/such/folder/program", "/dev/null/program", ""] {
            let error = WorkerCommand::new(program).resolve().expect_err("it is not there");
            assert!(matches!(&error, SpawnError::NotFound { program: named } if named == Path::new(program)));
            assert_eq!(error.to_string(), format!("worker program `{program}` not found"));
        }
    }

    #[test]
    fn a_folder_and_a_plain_file_are_not_executable() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let file = folder.path().join("plain");
        std::fs::write(&file, "text").expect("the folder is writable");
        for program in [folder.path(), &file] {
            let error = WorkerCommand::new(program).resolve().expect_err("neither can be executed");
            assert!(matches!(error, SpawnError::NotExecutable { .. }), "{error:?}");
        }
    }

    #[test]
    fn a_relative_program_becomes_absolute_and_links_stay() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let link = folder.path().join("current");
        std::os::unix::fs::symlink("/bin/sh", &link).expect("the folder is writable");
        assert_eq!(WorkerCommand::new(&link).resolve().expect("it leads to a shell").program(), link);
    }
}
