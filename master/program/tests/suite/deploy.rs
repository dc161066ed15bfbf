//! The samples of deploy/, run as far as they can be. The feature `python-tests` says that their tools are there:
//! systemd-analyze, and beside the interpreter that POWERHOSE_TEST_PYTHON names circusd and supervisord.
#![cfg(feature = "python-tests")]

use crate::support::{Process, Scene, Signal, eventually, is_running};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const PROGRAM: &str = env!("CARGO_BIN_EXE_powerhose");

fn samples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy")
}

/// A sample with our program and the scene's folder in the places of those of a real machine.
fn sample(scene: &Scene, name: &str) -> String {
    let text = fs::read_to_string(samples().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
    text.replace("/usr/local/bin/powerhose", PROGRAM)
        .replace("/run/powerhose", &scene.folder().display().to_string())
}

fn python_tool(name: &str) -> PathBuf {
    let python = std::env::var_os("POWERHOSE_TEST_PYTHON").expect("scripts/test sets it");
    Path::new(&python).with_file_name(name)
}

/// A job goes through the sample's master and workers; when the supervisor ends, so do they.
#[track_caller]
fn serves_and_ends(scene: &Scene, supervisor: &mut Process) {
    let endpoint = format!("ipc://{}", scene.path("master.ipc").display());
    eventually("two workers", || {
        let ran = scene.run(&["check", "--endpoint", &endpoint, "--workers-min", "2"]);
        (ran.status == 0).then_some(())
    });
    let ran = scene.run(&["execute", "--endpoint", &endpoint, "hello"]);
    assert_eq!((ran.status, ran.stdout.trim()), (0, "5"), "{ran:?}");
    let status = scene.run(&["status", "--json", "--endpoint", &endpoint]).stdout;
    let status: serde_json::Value = serde_json::from_str(&status).expect("it is JSON");
    let mut pids = vec![status["master"]["pid"].clone()];
    pids.extend(status["workers"].as_array().expect("a list").iter().map(|worker| worker["pid"].clone()));
    supervisor.signal(Signal::TERM);
    assert_eq!(supervisor.status(), 0);
    for pid in pids {
        let pid = pid.as_u64().expect("a process id");
        eventually("its end", || (!is_running(pid as u32)).then_some(()));
    }
}

#[test]
fn systemd_accepts_every_unit() {
    let scene = Scene::new();
    let mut units = Vec::new();
    for entry in fs::read_dir(samples().join("systemd")).expect("a folder").flatten() {
        let name = entry.file_name().into_string().expect("ASCII");
        if name.ends_with(".service") || name.ends_with(".target") {
            let text = fs::read_to_string(entry.path())
                .expect("a unit")
                .replace("/usr/local/bin/powerhose", PROGRAM);
            units.push(scene.file(&name, &text));
        }
    }
    assert_eq!(units.len(), 4);
    let output = Command::new("systemd-analyze")
        .args(["verify", "--man=no"])
        .args(&units)
        .output()
        .expect("systemd-analyze is there");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let complaints: Vec<&str> = said.lines().filter(|line| line.contains("powerhose")).collect();
    assert!(output.status.success() && complaints.is_empty(), "{said}");
}

#[test]
fn supervisord_runs_its_sample() {
    let scene = Scene::new();
    let folder = scene.folder().display().to_string();
    let head = format!(
        "[supervisord]\nnodaemon=true\nchildlogdir={folder}\npidfile={folder}/supervisord.pid\nlogfile={folder}/supervisord.log\n"
    );
    let file = scene.file("supervisord.conf", &(head + &sample(&scene, "supervisord/powerhose.conf")));
    let mut command = Command::new(python_tool("supervisord"));
    let mut supervisor =
        Process::start(scene.folder(), command.args(["-n", "-c", &file]).current_dir(&folder));
    serves_and_ends(&scene, &mut supervisor);
}

#[test]
fn circus_runs_its_sample() {
    let scene = Scene::new();
    let file = scene.file("circus.ini", &sample(&scene, "circus/powerhose.ini"));
    let mut command = Command::new(python_tool("circusd"));
    let mut supervisor = Process::start(scene.folder(), command.arg(&file).current_dir(scene.folder()));
    serves_and_ends(&scene, &mut supervisor);
}

#[test]
fn the_run_files_for_daemontools_run() {
    let scene = Scene::new();
    let start = |name: &str| {
        let file = scene.file(&name.replace('/', "-"), &sample(&scene, name));
        Process::start(scene.folder(), Command::new("sh").arg(file).current_dir(scene.folder()))
    };
    let (mut master, mut worker) = (start("daemontools/master/run"), start("daemontools/worker/run"));
    let endpoint = format!("ipc://{}", scene.path("master.ipc").display());
    eventually("a worker", || {
        (scene.run(&["check", "--endpoint", &endpoint, "--workers-min", "1"]).status == 0).then_some(())
    });
    assert_eq!(scene.run(&["execute", "--endpoint", &endpoint, "hello"]).stdout.trim(), "5");
    for process in [&mut worker, &mut master] {
        process.signal(Signal::TERM);
        assert_eq!(process.status(), 0);
        assert!(process.output().contains("INFO"), "it logs where daemontools reads");
    }
}
