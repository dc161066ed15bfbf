//! A master that has no file left to open: it says so, goes on with the peers that it has, uses no core up, and lets others in as
//! soon as there are files again.

use crate::support::{Process, Scene, eventually, run};
use rustix::process::{Pid, Resource, Rlimit, getrlimit, prlimit};
use std::fs;
use std::net::TcpStream;
use std::time::{Duration, Instant};

const WARNING: &str = "a peer that connects cannot be accepted";
/// How long it is watched.
const WHILE: Duration = Duration::from_secs(3);
/// What the kernel counts a process's time in.
const TICKS_PER_SECOND: u64 = 100;

fn open_files(process: u32) -> u64 {
    fs::read_dir(format!("/proc/{process}/fd")).expect("it runs").count() as u64
}

fn limit(process: u32, files: u64) {
    let pid = i32::try_from(process).ok().and_then(Pid::from_raw).expect("a process id");
    // What is taken from the greatest limit could not be given back.
    let limit = Rlimit { current: Some(files), maximum: getrlimit(Resource::Nofile).maximum };
    prlimit(Some(pid), Resource::Nofile, limit).expect("it is ours");
}

/// Processor time that it has used.
fn ticks(process: u32) -> u64 {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).expect("it runs");
    let (_, fields) = stat.rsplit_once(") ").expect("its name is in brackets");
    fields.split(' ').skip(11).take(2).map(|field| field.parse::<u64>().expect("a number")).sum()
}

fn address(master: &Process) -> String {
    eventually("where it listens", || {
        let log = master.log();
        let (_, rest) = log.split_once("listens endpoint=tcp://")?;
        Some(rest.lines().next()?.to_owned())
    })
}

fn without_files_a_master_says_so_and_rests(wire: &str) {
    let scene = Scene::new();
    let command = |arguments: &[&str]| {
        let mut command = scene.command(arguments);
        command.env("POWERHOSE_WIRE", wire);
        command
    };
    let master = Process::start(scene.folder(), &mut command(&["master", "--bind", "tcp://127.0.0.1:0"]));
    let address = address(&master);
    let endpoint = format!("tcp://{address}");
    let at_endpoint = |rest: &[&str]| run(&mut command(&[&["--endpoint", &endpoint], rest].concat()), b"");
    let worker =
        Process::start(scene.folder(), &mut command(&["--endpoint", &endpoint, "work", "--", "cat"]));
    worker.logs("registered");
    assert_eq!(at_endpoint(&["check"]).status, 0);
    limit(master.id(), open_files(master.id()));
    // They connect to the system; the master cannot accept them all.
    let peers: Vec<_> =
        (0..20).map(|_| TcpStream::connect(&address).expect("the system lets it wait")).collect();
    master.logs(WARNING);
    let (before, until) = (ticks(master.id()), Instant::now() + WHILE);
    eventually("the time to pass", || (Instant::now() >= until).then_some(()));
    let used = ticks(master.id()) - before;
    assert!(used < WHILE.as_secs() * TICKS_PER_SECOND / 10, "{used} ticks over {wire}");
    assert!(master.log().matches(WARNING).count() <= 2, "{}", master.log());
    limit(master.id(), 1000);
    eventually("room for an operator", || {
        (at_endpoint(&["check"]).stdout.trim_end().ends_with("workers 1")).then_some(())
    });
    assert_eq!(at_endpoint(&["execute", "job"]).stdout, "job");
    drop(peers);
}

#[test]
fn without_files_our_own_wire_says_so_and_rests() {
    without_files_a_master_says_so_and_rests("zmtp");
}

#[test]
fn without_files_libzmq_says_so_and_rests() {
    without_files_a_master_says_so_and_rests("libzmq");
}
