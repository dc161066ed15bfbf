//! The languages in which the workers of a run are written: Rust, and those for which the command line names a program. Those share
//! the workers' places in turn.

use clap::Args;
use std::fmt;
use std::path::PathBuf;

/// A language.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Language {
    #[default]
    Rust,
    Python,
    Cpp,
}

/// What runs the workers that are not in Rust.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct ForeignWorkers {
    /// A Python that has the package: a share of the workers are tests/chaos/workers/worker.py.
    #[arg(long, value_name = "PYTHON")]
    pub(crate) python_worker: Option<PathBuf>,
    /// A program made of tests/chaos/workers/worker.cpp: a share of the workers are it.
    #[arg(long, value_name = "PROGRAM")]
    pub(crate) cpp_worker: Option<PathBuf>,
}

impl Language {
    /// As a number that the workers in other languages know as theirs.
    pub(crate) fn to_code(self) -> u64 {
        match self {
            Language::Rust => 0,
            Language::Python => 1,
            Language::Cpp => 2,
        }
    }

    pub(crate) fn from_code(code: u64) -> Option<Language> {
        [Language::Rust, Language::Python, Language::Cpp]
            .into_iter()
            .find(|language| language.to_code() == code)
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Language::Rust => "Rust",
            Language::Python => "Python",
            Language::Cpp => "C++",
        })
    }
}

impl ForeignWorkers {
    /// The languages of a run's workers.
    pub(crate) fn languages(&self) -> Vec<Language> {
        let python = self.python_worker.is_some().then_some(Language::Python);
        let cpp = self.cpp_worker.is_some().then_some(Language::Cpp);
        [Some(Language::Rust), python, cpp].into_iter().flatten().collect()
    }

    /// Whether every worker is in Rust.
    pub(crate) fn is_empty(&self) -> bool {
        self.languages() == [Language::Rust]
    }

    /// As arguments for a process that this one starts.
    pub(crate) fn arguments(&self) -> Vec<String> {
        let programs = [("--python-worker", &self.python_worker), ("--cpp-worker", &self.cpp_worker)];
        let given = programs.into_iter().filter_map(|(name, program)| Some((name, program.as_ref()?)));
        given.flat_map(|(name, program)| [name.to_owned(), program.display().to_string()]).collect()
    }
}
