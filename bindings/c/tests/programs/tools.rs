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

    /// Compiles a program: `NAME.c` of `c/`, or `NAME.cpp` of bindings/cpp.
    pub(crate) fn program(self, name: &str) -> Program {
        let installed = Installed::shared();
        let include = format!("-I{}", installed.includes().display());
        let folder = format!("-L{}", installed.libraries().display());
        let found = format!("-Wl,-rpath,{}", installed.libraries().display());
        let flags = [&*include, &*folder, "-lpowerhose", &*found];
        match self {
            Build::Gcc => compile(Compiler::System, name, "gcc", &flags),
            Build::Sanitized => {
                let more = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"];
                compile(Compiler::Clang, name, "sanitized", &[&flags[..], &more].concat())
            }
            Build::Valgrind => {
                let program = compile(Compiler::System, name, "valgrind", &flags);
                let known = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/programs/valgrind.supp");
                let mut before = vec![format!("--suppressions={}", known.display())];
                let options = ["-q", "--error-exitcode=99", "--leak-check=full", "--trace-children=no"];
                let leaks = "--errors-for-leak-kinds=definite,indirect";
                before.splice(
                    ..0,
                    ["valgrind"].iter().chain(&options).chain([&leaks]).map(ToString::to_string),
                );
                Program { before, ..program }
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

    /// A program that is built already.
    #[cfg(feature = "tool-tests")]
    pub(crate) fn at(path: PathBuf) -> Program {
        Program { before: Vec::new(), path }
    }

    /// Runs it to its end, which must be a good one; gives what it printed.
    #[track_caller]
    pub(crate) fn run(&self, arguments: &[&str]) -> String {
        output(&mut self.command(arguments))
    }
}

/// Which compilers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Compiler {
    /// `cc` and `c++`: gcc, where nothing else is the system's.
    System,
    Clang,
}

impl Compiler {
    /// For this source, with the language's version and all warnings.
    fn command(self, source: &Path) -> Command {
        let is_cpp = source.extension().is_some_and(|extension| extension == "cpp");
        let mut command = Command::new(match (self, is_cpp) {
            (Compiler::System, false) => "cc",
            (Compiler::System, true) => "c++",
            (Compiler::Clang, false) => "clang",
            (Compiler::Clang, true) => "clang++",
        });
        command.arg(if is_cpp { "-std=c++17" } else { "-std=c11" });
        command.args(["-D_GNU_SOURCE", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-g", "-O1", "-pthread"]);
        command.arg(source);
        command
    }
}

/// Compiles a program with warnings as errors; `way` keeps the programs of several tests apart.
pub(crate) fn compile(compiler: Compiler, name: &str, way: &str, flags: &[&str]) -> Program {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    let in_c = own.join("tests/programs/c").join(format!("{name}.c"));
    let in_cpp = own.join("../cpp/tests").join(format!("{name}.cpp"));
    let source = if in_c.exists() { in_c } else { in_cpp };
    // Tests run side by side, each on a thread of its own.
    let thread = std::thread::current().name().unwrap_or("test").replace(':', "-");
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{thread}-{way}"));
    std::fs::create_dir_all(&folder).expect("a folder");
    let path = folder.join(name);
    output(compiler.command(&source).arg("-o").arg(&path).args(flags));
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
