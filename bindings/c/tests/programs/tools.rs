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
        self.compiled(&source(name))
    }

    /// Compiles a source.
    pub(crate) fn compiled(self, source: &Path) -> Program {
        let installed = Installed::shared();
        let include = format!("-I{}", installed.includes().display());
        let folder = format!("-L{}", installed.libraries().display());
        let found = format!("-Wl,-rpath,{}", installed.libraries().display());
        let flags = [&*include, &*folder, "-lpowerhose", &*found];
        match self {
            Build::Gcc => compile(Compiler::System, source, "gcc", &flags),
            Build::Sanitized => {
                let more = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"];
                compile(Compiler::Clang, source, "sanitized", &[&flags[..], &more].concat())
            }
            Build::Valgrind => {
                let program = compile(Compiler::System, source, "valgrind", &flags);
                Program { before: valgrind(), ..program }
            }
        }
    }
}

/// What a program is started with that valgrind watches.
fn valgrind() -> Vec<String> {
    let known = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/programs/valgrind.supp");
    let known = format!("--suppressions={}", known.display());
    let leaks = "--errors-for-leak-kinds=definite,indirect";
    let words =
        ["valgrind", "-q", "--error-exitcode=99", "--leak-check=full", leaks, "--trace-children=no", &known];
    words.map(str::to_owned).to_vec()
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

/// The source of a program of this name, in C or in C++.
pub(crate) fn source(name: &str) -> PathBuf {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    let in_c = own.join("tests/programs/c").join(format!("{name}.c"));
    if in_c.exists() { in_c } else { own.join("../cpp/tests").join(format!("{name}.cpp")) }
}

/// Compiles a program with warnings as errors; `way` keeps the programs of several tests apart.
pub(crate) fn compile(compiler: Compiler, source: &Path, way: &str, flags: &[&str]) -> Program {
    // Tests run side by side, each on a thread of its own.
    let thread = std::thread::current().name().unwrap_or("test").replace(':', "-");
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{thread}-{way}"));
    std::fs::create_dir_all(&folder).expect("a folder");
    let path = folder.join(source.file_name().expect("it has a name")).with_extension("");
    output(compiler.command(source).arg("-o").arg(&path).args(flags));
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
