//! Compilers, and what watches programs while they run.

use super::installed::Installed;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// Longer than anything takes, also under valgrind on a loaded machine.
pub(crate) const TIME: Duration = Duration::from_secs(60);

/// How the programs are made, and run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Build {
    Gcc,
    /// With clang, under AddressSanitizer and UndefinedBehaviorSanitizer.
    Sanitized,
    /// Made with gcc.
    Valgrind,
}

/// A program, and what it is started with.
pub(crate) struct Program {
    before: Vec<String>,
    path: PathBuf,
}

impl Build {
    /// All that this machine must have.
    pub(crate) fn all() -> &'static [Build] {
        match cfg!(feature = "tool-tests") {
            true => &[Build::Gcc, Build::Sanitized, Build::Valgrind],
            false => &[Build::Gcc],
        }
    }

    /// Compiles a program of `c/`.
    pub(crate) fn program(self, name: &str) -> Program {
        let installed = Installed::shared();
        let include = format!("-I{}", installed.includes().display());
        let folder = format!("-L{}", installed.libraries().display());
        let found = format!("-Wl,-rpath,{}", installed.libraries().display());
        let flags = [&*include, &*folder, "-lpowerhose", &*found];
        match self {
            Build::Gcc => compile("cc", name, "gcc", &flags),
            Build::Sanitized => {
                let more = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"];
                compile("clang", name, "sanitized", &[&flags[..], &more].concat())
            }
            Build::Valgrind => {
                let program = compile("cc", name, "valgrind", &flags);
                let before = ["valgrind", "-q", "--error-exitcode=99", "--leak-check=full"];
                let rest = ["--errors-for-leak-kinds=definite,indirect", "--trace-children=no"];
                Program {
                    before: [&before[..], &rest].concat().into_iter().map(str::to_owned).collect(),
                    ..program
                }
            }
        }
    }
}

impl Program {
    pub(crate) fn path(&self) -> &str {
        self.path.to_str().expect("a path of the test's own")
    }

    /// With its arguments, to be started.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut words =
            self.before.iter().map(String::as_str).chain([self.path()]).chain(arguments.iter().copied());
        let mut command = Command::new(words.next().expect("at least the program"));
        command.args(words);
        command
    }

    /// Runs it to its end, which must be a good one; gives what it printed.
    #[track_caller]
    pub(crate) fn run(&self, arguments: &[&str]) -> String {
        output(&mut self.command(arguments))
    }
}

/// Compiles `c/NAME.c` with warnings as errors; `way` keeps programs of several tests apart.
pub(crate) fn compile(compiler: &str, name: &str, way: &str, flags: &[&str]) -> Program {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/programs/c");
    // Tests run side by side, each on a thread of its own.
    let thread = std::thread::current().name().unwrap_or("test").replace(':', "-");
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{thread}-{way}"));
    std::fs::create_dir_all(&folder).expect("a folder");
    let path = folder.join(name);
    let mut command = Command::new(compiler);
    command.args(["-std=c11", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-g", "-O1"]);
    command.arg(sources.join(format!("{name}.c"))).arg("-o").arg(&path).args(flags).arg("-pthread");
    output(&mut command);
    Program { before: Vec::new(), path }
}

/// What a command prints, which must end well.
#[track_caller]
pub(crate) fn output(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    assert!(
        output.status.success(),
        "{command:?}: {}\n{}{}",
        output.status,
        text(&output.stdout),
        text(&output.stderr)
    );
    text(&output.stdout)
}
