//! A start with sudo: it locks the user out of nothing that is his own, and where it does, the error says what to do.
//!
//! Only root can try it: for others these tests have nothing to do.

use crate::support::{Ran, Scene, Signal, run};
use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::Path;

/// A user without rights.
const USER: u32 = 65534;

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// A folder of the scene with this owner and mode.
fn folder(scene: &Scene, owner: u32, mode: u32) -> std::path::PathBuf {
    fs::set_permissions(scene.folder(), Permissions::from_mode(0o755)).expect("it is ours");
    let folder = scene.path("runtime");
    fs::create_dir(&folder).expect("a folder");
    fs::set_permissions(&folder, Permissions::from_mode(mode)).expect("it is ours");
    chown(&folder, Some(owner), Some(owner)).expect("we are root");
    folder
}

/// As root, to its end in good order.
fn root_was_there(scene: &Scene, endpoint: &str) {
    let mut master = scene.start(&["--endpoint", endpoint, "master"]);
    master.logs("the master listens");
    master.signal(Signal::TERM);
    assert_eq!(master.status(), 0);
}

/// As the user: a run whose program ends at once tells whether it could listen.
fn as_user(scene: &Scene, endpoint: &str) -> Ran {
    let mut command = scene.command(&[
        "--endpoint",
        endpoint,
        "run",
        "--workers",
        "1",
        "--start-failures-max",
        "1",
        "--",
        "false",
    ]);
    run(command.uid(USER).gid(USER).current_dir("/"), b"")
}

fn endpoint(socket: &Path) -> String {
    format!("ipc://{}", socket.display())
}

#[test]
fn what_root_makes_in_a_users_own_folder_is_the_users() {
    if !is_root() {
        return;
    }
    let scene = Scene::new();
    let folder = folder(&scene, USER, 0o700);
    for socket in [folder.join("m.ipc"), folder.join("deep").join("deeper").join("m.ipc")] {
        root_was_there(&scene, &endpoint(&socket));
        assert_eq!(fs::metadata(socket.with_extension("ipc.lock")).expect("it stays").uid(), USER);
        let run = as_user(&scene, &endpoint(&socket));
        assert_eq!(run.status, 9, "it listens, and only its program fails: {run:?}");
    }
}

#[test]
fn elsewhere_the_error_names_file_and_owner_and_says_what_to_do() {
    if !is_root() {
        return;
    }
    let scene = Scene::new();
    let shared = folder(&scene, 0, 0o1777);
    let lock = |socket: &Path| socket.with_extension("ipc.lock").display().to_string();
    for (socket, named) in [
        (shared.join("m.ipc"), lock(&shared.join("m.ipc"))),
        // A folder that root made lets nobody look for the file.
        (shared.join("deep").join("m.ipc"), shared.join("deep").display().to_string()),
    ] {
        root_was_there(&scene, &endpoint(&socket));
        assert_eq!(fs::metadata(lock(&socket)).expect("it stays").uid(), 0);
        let run = as_user(&scene, &endpoint(&socket));
        assert_eq!(run.status, 5, "{run:?}");
        assert!(run.stderr.contains(&format!("{named} belongs to root (uid 0)")), "{run:?}");
        assert!(run.stderr.contains(&format!("remove {named} as that user")), "{run:?}");
    }
}

#[test]
fn a_socket_of_another_user_that_was_left_behind_is_named_so() {
    if !is_root() {
        return;
    }
    let scene = Scene::new();
    let folder = folder(&scene, USER, 0o700);
    let socket = folder.join("m.ipc");
    let mut master = scene.start(&["--endpoint", &endpoint(&socket), "master"]);
    master.logs("the master listens");
    let run = as_user(&scene, &endpoint(&socket));
    assert_eq!(run.status, 6, "{run:?}");
    master.kill();
    let run = as_user(&scene, &endpoint(&socket));
    assert_eq!(run.status, 5, "{run:?}");
    assert!(
        run.stderr.contains(&format!("{} belongs to root (uid 0): remove it", socket.display())),
        "{run:?}"
    );
}
