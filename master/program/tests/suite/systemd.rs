//! What systemd is told, as it would hear it.

use crate::support::{Process, Scene, Signal, eventually};
use std::os::unix::net::UnixDatagram;

/// systemd's end.
struct Listener {
    socket: UnixDatagram,
}

impl Listener {
    fn new(scene: &Scene) -> Listener {
        let socket = UnixDatagram::bind(scene.path("notify")).expect("a socket");
        socket.set_read_timeout(Some(crate::support::PATIENCE)).expect("a timeout");
        Listener { socket }
    }

    /// The next message that begins so.
    #[track_caller]
    fn hears(&self, beginning: &str) -> String {
        let mut buffer = [0; 4096];
        loop {
            let read = self.socket.recv(&mut buffer).unwrap_or_else(|error| panic!("{beginning}: {error}"));
            let text = String::from_utf8_lossy(&buffer[..read]).into_owned();
            if let Some(line) = text.lines().find(|line| line.starts_with(beginning)) {
                return line.to_owned();
            }
        }
    }
}

fn start(scene: &Scene, arguments: &[&str]) -> Process {
    let mut command = scene.command(arguments);
    command.env("NOTIFY_SOCKET", scene.path("notify")).env("WATCHDOG_USEC", "300000");
    Process::start(scene.folder(), &mut command)
}

#[test]
fn it_is_ready_when_it_listens_and_says_that_it_lives_until_it_stops() {
    let scene = Scene::new();
    let systemd = Listener::new(&scene);
    let program = env!("CARGO_BIN_EXE_powerhose");
    let mut run = start(&scene, &["run", "--workers", "1", "--", program, "work", "--", "cat"]);
    systemd.hears("READY=1");
    assert!(scene.path("m.ipc").exists(), "it listens when it says that it is ready");
    systemd.hears("WATCHDOG=1");
    eventually("one worker", || systemd.hears("STATUS=").starts_with("STATUS=1 workers").then_some(()));
    run.signal(Signal::TERM);
    systemd.hears("STOPPING=1");
    assert_eq!(run.status(), 0);
}
