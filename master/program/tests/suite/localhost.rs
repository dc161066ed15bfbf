//! `tcp://localhost`: bound and reached over both loopback addresses, whichever the system names first, over both wires.

use crate::support::{Process, Ran, Scene, eventually, run};
use std::process::Command;

/// What `/etc/hosts` may make of the name. None: as it is on this machine.
const HOSTS: [Option<&str>; 4] = [
    None,
    Some("::1 localhost\n127.0.0.1 localhost\n"),
    Some("::1 localhost\n"),
    Some("127.0.0.1 localhost\n"),
];

/// The command, in a place of its own whose names are these.
fn among(scene: &Scene, hosts: Option<&str>, command: Command) -> Command {
    let Some(hosts) = hosts else { return command };
    let file = scene.file("hosts", hosts);
    let mut inside = Command::new("unshare");
    inside.args(["-m", "sh", "-c", &format!("mount --bind {file} /etc/hosts && exec \"$@\""), "sh"]);
    inside.arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => inside.env(name, value),
            None => inside.env_remove(name),
        };
    }
    inside
}

fn port(master: &Process) -> String {
    eventually("where it listens", || {
        let log = master.log();
        let (_, rest) = log.split_once("listens endpoint=tcp://localhost:")?;
        Some(rest.lines().next()?.to_owned())
    })
}

#[test]
fn localhost_is_bound_and_reached_over_both_loopback_addresses() {
    // Only root may change what a name means, for himself alone.
    let changes = if rustix::process::geteuid().is_root() { &HOSTS[..] } else { &HOSTS[..1] };
    for (hosts, wire) in changes.iter().flat_map(|hosts| ["zmtp", "libzmq"].map(|wire| (*hosts, wire))) {
        let scene = Scene::new();
        let command = |arguments: &[&str]| {
            let mut command = scene.command(arguments);
            command.env("POWERHOSE_WIRE", wire);
            among(&scene, hosts, command)
        };
        let master = Process::start(scene.folder(), &mut command(&["master", "--bind", "tcp://localhost:0"]));
        let port = port(&master);
        for host in ["localhost", "127.0.0.1", "[::1]"] {
            let check: Ran =
                run(&mut command(&["check", "--endpoint", &format!("tcp://{host}:{port}")]), b"");
            assert_eq!(check.status, 0, "{host} over {wire}, {hosts:?}: {check:?}");
        }
    }
}
