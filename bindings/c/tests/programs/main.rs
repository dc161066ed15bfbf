//! Programs in C and C++ that use the installed library: what they are promised, with each compiler, under AddressSanitizer and valgrind.
//!
//! The programs are in `c/` and in bindings/cpp; each checks its sentences itself, and ends with a line that says which did not hold.

#[cfg(feature = "tool-tests")]
mod examples;
mod installed;
mod tools;
mod workers;

use installed::Installed;
use powerhose::JobRunner;
use std::path::Path;
use std::process::Command;
use std::time::Duration;
use tools::{Build, Compiler, TIME};
use workers::{Scene, Workers};

#[test]
fn a_client_has_what_it_is_promised() {
    for build in Build::all() {
        let scene = Scene::new();
        let workers = Workers::start(&scene, &build.program("worker"), 1);
        build.program("client").run(&[&scene.endpoint]);
        workers.leave();
    }
}

#[test]
fn many_jobs_at_once_end_one_by_one() {
    for build in Build::all() {
        let scene = Scene::new();
        let workers = Workers::start(&scene, &build.program("worker"), 2);
        build.program("many").run(&[&scene.endpoint]);
        workers.leave();
    }
}

#[test]
fn a_worker_in_a_loop_of_its_own_answers_each_job() {
    for build in Build::all() {
        let scene = Scene::new();
        let workers = Workers::start(&scene, &build.program("puller"), 1);
        let job = |payload: &str| powerhose::Job::new(payload).pool("reverse").timeout(TIME);
        for _ in 0..50 {
            assert_eq!(scene.runner.execute(job("stressed")).expect("it turns it around"), b"desserts");
        }
        let dropped = scene.runner.execute(job("drop")).expect_err("nobody answers it");
        let powerhose::JobErrorKind::Failed { code, .. } = dropped.kind() else { panic!("{dropped}") };
        assert_eq!(code, "dropped");
        assert_eq!(scene.runner.execute(job("live")).expect("it goes on"), b"evil");
        workers.leave();
    }
}

#[test]
fn a_master_lives_in_a_program_of_c() {
    for build in Build::all() {
        let folder = tempfile::tempdir().expect("a folder");
        let endpoint = format!("ipc://{}", folder.path().join("m.ipc").display());
        build.program("masters").run(&[&endpoint]);
    }
}

/// Not under valgrind: the guard above each worker gives back the memory of the process that it was forked from, and valgrind keeps
/// itself in there.
#[test]
fn a_cluster_lives_in_a_program_of_c() {
    for build in Build::all().iter().filter(|build| **build != Build::Valgrind) {
        let worker = Build::Gcc.program("worker");
        build.program("clusters").run(&[worker.path()]);
    }
}

#[test]
fn a_program_in_cpp_has_what_it_is_promised() {
    for build in Build::all() {
        let folder = tempfile::tempdir().expect("a folder");
        let endpoint = format!("ipc://{}", folder.path().join("m.ipc").display());
        build.program("sentences").run(&[&endpoint]);
    }
}

#[test]
fn a_program_finds_the_library_through_pkg_config() {
    let installed = Installed::shared();
    let ask = |what| {
        let mut ask = Command::new("pkg-config");
        tools::output(
            ask.env("PKG_CONFIG_PATH", installed.libraries().join("pkgconfig")).args(["powerhose", what]),
        )
    };
    assert_eq!(ask("--modversion").trim(), env!("CARGO_PKG_VERSION"));
    let flags = ["--cflags", "--libs"].map(ask).join(" ");
    let found = format!("-Wl,-rpath,{}", installed.libraries().display());
    let flags: Vec<&str> = flags.split_whitespace().chain([&*found]).collect();
    assert!(flags.contains(&"-lpowerhose"), "{flags:?}");
    let program = tools::compile(Compiler::System, &tools::source("version"), "pkg-config", &flags);
    assert_eq!(program.run(&[]).trim(), env!("CARGO_PKG_VERSION"));
}

#[test]
fn a_program_links_the_static_library() {
    let installed = Installed::shared();
    let archive = installed.libraries().join("libpowerhose.a");
    let private =
        tools::output(
            Command::new("pkg-config")
                .env("PKG_CONFIG_PATH", installed.libraries().join("pkgconfig"))
                .args(["powerhose", "--static", "--libs-only-l"]),
        );
    let include = format!("-I{}", installed.includes().display());
    let mut flags = vec![include.as_str(), archive.to_str().expect("a path of the test's own")];
    flags.extend(private.split_whitespace().filter(|flag| *flag != "-lpowerhose"));
    let needed =
        |program: &tools::Program| tools::output(Command::new("objdump").args(["-p", program.path()]));
    let program = tools::compile(Compiler::System, &tools::source("version"), "static", &flags);
    assert_eq!(program.run(&[]).trim(), env!("CARGO_PKG_VERSION"));
    assert!(!needed(&program).contains("libpowerhose"));
    flags.push("-static");
    let program = tools::compile(Compiler::System, &tools::source("version"), "wholly-static", &flags);
    assert_eq!(program.run(&[]).trim(), env!("CARGO_PKG_VERSION"));
    assert!(!needed(&program).contains("NEEDED"));
}

#[test]
fn the_shared_library_shows_what_the_header_declares_and_nothing_else() {
    let installed = Installed::shared();
    let library = installed.libraries().join("libpowerhose.so");
    let shown = tools::output(Command::new("nm").args(["-D", "--defined-only"]).arg(&library));
    let mut shown: Vec<&str> = shown.lines().filter_map(|line| line.split(" T ").nth(1)).collect();
    let header = std::fs::read_to_string(installed.includes().join("powerhose.h")).expect("it is installed");
    let mut declared: Vec<String> = header
        .lines()
        .filter(|line| !line.starts_with([' ', '/', '#']) && !line.starts_with("typedef"))
        .filter_map(|line| line.split_once('(')?.0.rsplit([' ', '*']).next().map(str::to_owned))
        .map(|name| name + "@@POWERHOSE_0")
        .collect();
    shown.sort_unstable();
    declared.sort_unstable();
    assert!(shown.len() > 100, "{shown:?}");
    assert_eq!(shown, declared);
    let about = tools::output(Command::new("objdump").arg("-p").arg(&library));
    assert!(about.contains("SONAME               libpowerhose.so.0\n"), "{about}");
}

#[test]
fn the_programs_on_the_pages_compile_and_work() {
    let folder = tempfile::tempdir().expect("a folder");
    for (page, language, pool, operand, reply) in
        [("C.md", "c", "square", "12", "144"), ("CPP.md", "cpp", "reverse", "stressed", "desserts")]
    {
        let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs").join(page);
        let page = std::fs::read_to_string(page).expect("it is there");
        let begin = format!("```{language}\n#include");
        let begin = page.find(&begin).expect("its worker is a whole program") + 4 + language.len();
        let end = begin + page[begin..].find("```").expect("a block ends");
        let source = folder.path().join(format!("worker.{language}"));
        std::fs::write(&source, &page[begin..end]).expect("the folder is ours");
        let program = Build::Gcc.compiled(&source);
        let scene = Scene::new();
        let workers = Workers::start(&scene, &program, 1);
        let job = powerhose::Job::new(operand).pool(pool).timeout(TIME);
        assert_eq!(scene.runner.execute(job).expect("it answers"), reply.as_bytes());
        workers.leave();
    }
}

#[test]
fn a_worker_of_c_survives_the_restart_of_its_master() {
    let mut scene = Scene::new();
    let workers = Workers::start(&scene, &Build::Gcc.program("worker"), 1);
    scene.runner.close(Duration::from_secs(5)).expect("nothing runs");
    scene.runner = JobRunner::bind(&*scene.endpoint).expect("the path is free again");
    scene.runner.wait_for_workers(1, TIME).expect("it registers again");
    let job = powerhose::Job::new("echo again").pool("commands").timeout(TIME);
    assert_eq!(scene.runner.execute(job).expect("it answers"), b"again");
    workers.leave();
}
