//! The examples in C and C++, built with CMake and run.

use super::installed::Installed;
use super::tools::{self, Program, TIME};
use super::workers::{Scene, Workers};
use powerhose::{Job, JobErrorKind};
use std::path::{Path, PathBuf};
use std::process::Command;

#[test]
fn the_squares_are_built_with_cmake_and_squared_in_both_languages() {
    for language in ["c", "cpp"] {
        let built = build(language);
        let scene = Scene::new();
        let workers = Workers::start(&scene, &Program::at(built.join("square_worker")), 2);
        let client = Program::at(built.join("square_client"));
        let printed = tools::output(client.command(&["100"]).env("POWERHOSE_ENDPOINT", &scene.endpoint));
        let lines: Vec<&str> = printed.lines().collect();
        assert_eq!(lines.len(), 100, "{printed}");
        assert!(lines[99].starts_with("100² = 10000 (worker "), "{printed}");
        for (number, code) in [("x", "not_a_number"), ("", "not_a_number"), ("9999999999", "too_large")] {
            let error = scene.runner.execute(Job::new(number).pool("square").timeout(TIME));
            let error = error.expect_err("it has no square");
            assert!(matches!(error.kind(), JobErrorKind::Failed { code: its, .. } if its == code), "{error}");
        }
        workers.leave();
    }
}

/// Builds the examples in a language; gives the folder of their programs.
fn build(language: &str) -> PathBuf {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples").join(language);
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("examples-{language}"));
    let prefix = Installed::shared().libraries().join("..");
    let path = format!("-DCMAKE_PREFIX_PATH={}", prefix.display());
    tools::output(Command::new("cmake").arg("-S").arg(source).arg("-B").arg(&folder).arg(path));
    tools::output(Command::new("cmake").arg("--build").arg(&folder));
    folder
}
