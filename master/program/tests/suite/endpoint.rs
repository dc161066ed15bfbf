//! What happens to a master whose socket, lock file or folder goes while it runs: it gets them back, or it ends and says why.
//! There are never two masters that both believe in one endpoint.

use crate::support::{Process, Ran, Scene, Signal, eventually, is_running, signal};
use std::fs;
use std::os::unix::net::UnixListener;
use std::path::PathBuf;

const AGAIN: &str = "the master listens at its endpoint again";

/// A master with a worker, whose socket is in a folder of its own.
struct Lost {
    run: Process,
    folder: PathBuf,
    scene: Scene,
}

impl Lost {
    fn new() -> Lost {
        Lost::with(&[])
    }

    fn with(flags: &[&str]) -> Lost {
        let scene = Scene::new();
        let folder = scene.path("runtime");
        let run = start(&scene, flags);
        let lost = Lost { run, folder, scene };
        eventually("a worker", || lost.finds_a_worker().then_some(()));
        lost
    }

    fn socket(&self) -> PathBuf {
        self.folder.join("m.ipc")
    }

    fn lock_file(&self) -> PathBuf {
        self.folder.join("m.ipc.lock")
    }

    fn at_endpoint(&self, arguments: &[&str]) -> Ran {
        self.scene.run(&[&["--endpoint", &endpoint(&self.scene)], arguments].concat())
    }

    fn finds_a_worker(&self) -> bool {
        let check = self.at_endpoint(&["check"]);
        check.stdout.starts_with(&format!("pid {},", self.run.id()))
            && check.stdout.trim_end().ends_with("workers 1")
    }

    /// The process of its worker.
    #[track_caller]
    fn worker(&self) -> u32 {
        let status = self.at_endpoint(&["status", "--json"]).stdout;
        let status: serde_json::Value = serde_json::from_str(&status).expect("it is JSON");
        status["workers"][0]["pid"].as_u64().expect("a process id") as u32
    }

    /// Waits until it has said so often that it listens again.
    #[track_caller]
    fn is_back(&self, times: usize) {
        eventually("its endpoint back", || (self.run.log().matches(AGAIN).count() >= times).then_some(()));
        assert!(self.finds_a_worker(), "its worker is still there, and so is its master");
        let second = self.at_endpoint(&["run", "--workers", "1", "--", "true"]);
        assert_eq!(second.status, 6, "{second:?}");
        assert!(second.stderr.contains(&format!("(pid {})", self.run.id())), "{second:?}");
    }
}

fn endpoint(scene: &Scene) -> String {
    format!("ipc://{}", scene.path("runtime").join("m.ipc").display())
}

fn start(scene: &Scene, flags: &[&str]) -> Process {
    let (endpoint, program) = (endpoint(scene), env!("CARGO_BIN_EXE_powerhose"));
    let run = ["--endpoint", &endpoint, "run", "--workers", "1"];
    scene.start(&[&run, flags, &["--", program, "work", "--", "cat"]].concat())
}

#[test]
fn a_socket_a_lock_file_or_a_folder_that_goes_is_had_back_under_the_lock() {
    let lost = Lost::new();
    fs::remove_file(lost.socket()).expect("it is there");
    lost.is_back(1);
    assert!(lost.run.log().contains("its socket's file is gone"), "{}", lost.run.log());
    fs::remove_file(lost.lock_file()).expect("it is there");
    lost.is_back(2);
    fs::remove_file(lost.socket()).and_then(|()| fs::remove_file(lost.lock_file())).expect("they are there");
    lost.is_back(3);
    fs::remove_dir_all(&lost.folder).expect("it is there");
    lost.is_back(4);
    fs::rename(&lost.folder, lost.scene.path("elsewhere")).expect("it is there");
    lost.is_back(5);
    // A job goes through, and at the end nothing is left behind but the lock file.
    assert_eq!(lost.at_endpoint(&["execute", "job"]).stdout, "job");
    lost.run.signal(Signal::TERM);
    let Lost { mut run, folder, .. } = lost;
    assert_eq!(run.status(), 0);
    assert_eq!(fs::read_dir(folder).expect("a folder").count(), 1);
}

#[test]
fn what_took_its_place_is_moved_aside_and_not_destroyed() {
    let lost = Lost::new();
    let displaced = || {
        let names = fs::read_dir(&lost.folder).expect("a folder").flatten().map(|entry| entry.path());
        names.filter(|path| path.to_string_lossy().contains(".displaced-")).collect::<Vec<_>>()
    };
    let put = |make: &dyn Fn(&PathBuf)| {
        let made = lost.scene.path("made");
        make(&made);
        fs::rename(&made, lost.socket()).expect("it takes the socket's place at once");
    };
    put(&|path| fs::write(path, "precious").expect("a file"));
    lost.is_back(1);
    assert_eq!(displaced().len(), 1);
    assert_eq!(fs::read(&displaced()[0]).expect("it is there"), b"precious");
    // A program that listens keeps its socket, by another name.
    let held = std::cell::RefCell::new(None);
    put(&|path| drop(held.replace(Some(UnixListener::bind(path).expect("a path of its own")))));
    lost.is_back(2);
    assert_eq!(displaced().len(), 2);
    // One on which nobody listens is good for nothing.
    put(&|path| drop(UnixListener::bind(path).expect("a path of its own")));
    lost.is_back(3);
    assert_eq!(displaced().len(), 2);
}

#[test]
fn a_master_whose_endpoint_another_took_ends_with_a_status_of_its_own() {
    let mut lost = Lost::new();
    lost.run.signal(Signal::STOP);
    fs::remove_dir_all(&lost.folder).expect("it is there");
    let second = start(&lost.scene, &[]);
    second.logs("worker registered");
    let check = lost.at_endpoint(&["check"]);
    assert!(check.stdout.starts_with(&format!("pid {},", second.id())), "{check:?}");
    assert!(
        check.stderr.contains(&format!("the master with pid {} has lost this endpoint", lost.run.id())),
        "{check:?}"
    );
    lost.run.signal(Signal::CONT);
    assert_eq!(lost.run.status(), 13);
    assert!(lost.run.log().contains(&format!("(pid {})", second.id())), "{}", lost.run.log());
    let check = lost.at_endpoint(&["check"]);
    assert_eq!((check.status, check.stderr.as_str()), (0, ""), "{check:?}");
    assert!(check.stdout.starts_with(&format!("pid {},", second.id())), "{check:?}");
    assert_eq!(lost.at_endpoint(&["execute", "job"]).stdout, "job");
}

#[test]
fn purge_ends_all_masters_that_believe_in_the_endpoint() {
    let mut lost = Lost::new();
    lost.run.signal(Signal::STOP);
    fs::remove_dir_all(&lost.folder).expect("it is there");
    let mut second = start(&lost.scene, &[]);
    second.logs("worker registered");
    let purged = lost.at_endpoint(&["purge", "--within", "2s"]);
    assert_eq!(purged.status, 0, "{purged:?}");
    let first = format!("ending the master with pid {}, whose lock file was removed", lost.run.id());
    assert!(purged.stdout.contains(&first), "{purged:?}");
    assert!(purged.stdout.contains(&format!("ending the master with pid {}\n", second.id())), "{purged:?}");
    assert_eq!(second.status(), 0, "it ended in good order");
    eventually("the first, which was stopped, to be killed", || lost.run.has_ended().then_some(()));
}

#[test]
fn without_a_second_master_purge_and_check_tell_of_one_that_lost_its_folder() {
    let mut lost = Lost::new();
    lost.run.signal(Signal::STOP);
    fs::remove_dir_all(&lost.folder).expect("it is there");
    let check = lost.at_endpoint(&["check", "--within", "100ms"]);
    assert_eq!(check.status, 1, "{check:?}");
    assert!(
        check.stderr.contains(&format!("the master with pid {} has lost this endpoint", lost.run.id())),
        "{check:?}"
    );
    let purged = lost.at_endpoint(&["purge", "--within", "100ms"]);
    assert!(purged.stdout.contains("whose lock file was removed"), "{purged:?}");
    assert!(purged.stdout.trim_end().ends_with("nothing left behind"), "{purged:?}");
    eventually("its end", || lost.run.has_ended().then_some(()));
}

#[test]
fn while_the_endpoint_is_lost_no_worker_is_replaced_and_afterwards_all_are() {
    let lost = Lost::new();
    let before = lost.worker();
    // Where the folder was, something stands that is none.
    fs::rename(&lost.folder, lost.scene.path("elsewhere")).expect("it is there");
    fs::write(&lost.folder, "").expect("a file");
    lost.run.logs("the endpoint cannot be had back yet");
    lost.run.signal(Signal::HUP);
    lost.run.logs("workers are replaced once the master has its endpoint back");
    assert!(is_running(before));
    fs::remove_file(&lost.folder).expect("it is there");
    lost.run.logs("replacing the workers");
    eventually("another worker", || (lost.finds_a_worker() && lost.worker() != before).then_some(()));
    assert!(lost.run.log().contains(AGAIN));
}

#[test]
fn a_worker_that_dies_while_the_endpoint_is_lost_comes_back_with_it() {
    let lost = Lost::with(&["--worker-start", "4s", "--start-failures-max", "1"]);
    let worker = lost.worker();
    fs::rename(&lost.folder, lost.scene.path("elsewhere")).expect("it is there");
    fs::write(&lost.folder, "").expect("a file");
    lost.run.logs("the endpoint cannot be had back yet");
    signal(worker, Signal::KILL);
    lost.run.logs("worker program keeps failing to start; not started again");
    fs::remove_file(&lost.folder).expect("it is there");
    eventually("its worker", || lost.finds_a_worker().then_some(()));
}
