//! How workers are started and what is told of their deaths.

use super::*;
use std::path::Path;

#[test]
fn a_worker_gets_its_arguments_its_environment_and_an_empty_input() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let command = shell("read nothing || echo \"$1 $POWERHOSE_ENDPOINT\" > told; exec sleep 1000")
        .args(["shell", "first"])
        .env("POWERHOSE_ENDPOINT", "ipc:///somewhere")
        .current_dir(folder.path());
    let (supervisor, events) = start(command, workers(1));
    let scene = Scene { supervisor, events, folder };
    assert_eq!(scene.line("told"), "first ipc:///somewhere");
}

#[test]
fn a_worker_leads_its_own_process_group_and_inherits_no_descriptor() {
    // A descriptor without CLOEXEC, as libzmq opens them; its number is one that no shell opens.
    let file = std::fs::File::open("/dev/null").expect("it is there");
    let leak = rustix::io::fcntl_dupfd_cloexec(&file, 700).expect("descriptors are left");
    rustix::io::fcntl_setfd(&leak, rustix::io::FdFlags::empty()).expect("it is open");
    let scene = Scene::new("ls /proc/$$/fd | tr '\\n' ' ' > fds; echo >> fds; exec sleep 1000", workers(1));
    let pid = scene.spawned();
    let group = rustix::process::getpgid(Some(Pid::from_raw(pid as i32).expect("not 0"))).expect("it lives");
    assert_eq!(group.as_raw_pid() as u32, pid);
    let number = std::os::fd::AsRawFd::as_raw_fd(&leak).to_string();
    let inherited = scene.line("fds");
    assert!(inherited.starts_with("0 1 2"), "{inherited}");
    assert!(!inherited.split(' ').any(|fd| fd == number), "{number} in {inherited}");
}

#[test]
fn exit_status_and_signal_are_reported() {
    let scene = Scene::new("exit 3", workers(1));
    let pid = scene.spawned();
    assert_eq!(scene.exited(pid), WorkerExit::Status(3));
    let scene = Scene::new("kill -SEGV $$; exec sleep 1000", workers(1));
    let pid = scene.spawned();
    assert_eq!(scene.exited(pid), WorkerExit::Signal(11));
}

#[test]
fn a_killed_worker_is_reported_and_replaced() {
    let scene = Scene::new("exec sleep 1000", workers(1));
    let pid = scene.spawned();
    assert_eq!(scene.supervisor.pids(), [pid]);
    scene.supervisor.registered(pid);
    kill(pid);
    match scene.next() {
        SupervisorEvent::Exited { slot: 0, exit: Some(WorkerExit::Signal(9)), registered, asked, .. } => {
            assert!(registered && !asked);
        }
        other => panic!("{other:?}"),
    }
    let successor = scene.spawned();
    assert_ne!(successor, pid);
    assert!(lives(successor));
    assert_eq!(scene.supervisor.pids(), [successor]);
}

#[test]
fn a_death_is_reported_within_ten_milliseconds() {
    let scene =
        Scene::new("exec sleep 1000", SupervisorSettings { stable_after: Duration::ZERO, ..workers(1) });
    let took = |pid| {
        scene.supervisor.registered(pid);
        let killed = Instant::now();
        kill(pid);
        scene.exited(pid);
        killed.elapsed()
    };
    // One of many: a machine with other work to do delays any single one.
    assert!((0..100).any(|_| took(scene.spawned()) < Duration::from_millis(10)));
}

#[test]
fn a_worker_behind_a_wrapper_registers_with_its_own_process_id() {
    let settings = SupervisorSettings { stable_after: Duration::ZERO, start_failures_max: 1, ..workers(1) };
    let scene = Scene::new("sleep 1000 & echo $! > worker; wait", settings);
    let wrapper = scene.spawned();
    let worker = number(&scene.line("worker"));
    scene.supervisor.registered(worker);
    kill(wrapper);
    assert_eq!(scene.exited(wrapper), WorkerExit::Signal(9));
    eventually(|| (!lives(worker)).then_some(()));
    scene.spawned();
}

#[test]
fn a_worker_that_does_not_register_is_killed() {
    let readiness = Readiness::Registers { within: Duration::from_millis(50) };
    let settings = SupervisorSettings { readiness, start_failures_max: 1, ..workers(1) };
    let scene = Scene::new("exec sleep 1000", settings);
    let pid = scene.spawned();
    assert!(matches!(scene.next(), SupervisorEvent::NotRegistered { pid: late, .. } if late == pid));
    assert_eq!(scene.exited(pid), WorkerExit::Signal(9));
    assert!(matches!(
        scene.next(),
        SupervisorEvent::GivenUp { slot: 0, failure: StartFailure::NotRegistered { .. }, failures: 1 }
    ));
}

#[test]
fn a_program_that_is_no_worker_is_told_how_to_become_one() {
    let failure = StartFailure::Exited(Some(WorkerExit::Status(0))).to_string();
    assert!(failure.ends_with("powerhose work -- PROGRAM"), "{failure}");
}

#[test]
fn a_program_that_fails_at_start_is_given_up() {
    let settings = SupervisorSettings { backoff_min: Duration::from_millis(1), ..workers(1) };
    let scene = Scene::new("echo start >> starts; exit 7", settings);
    for _ in 0..5 {
        let pid = scene.spawned();
        assert_eq!(scene.exited(pid), WorkerExit::Status(7));
    }
    match scene.next() {
        SupervisorEvent::GivenUp { slot: 0, failure, failures: 5 } => {
            assert_eq!(failure.to_string(), "it ended before it registered: exit status 7");
        }
        other => panic!("{other:?}"),
    }
    scene.supervisor.stop_all(BOUND);
    assert!(scene.supervisor.wait_finished(BOUND));
    let starts = std::fs::read_to_string(scene.folder.path().join("starts")).expect("it was started");
    assert_eq!(starts.lines().count(), 5);
}

#[test]
fn a_program_that_disappears_is_named_and_one_that_comes_back_is_started() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let link = folder.path().join("current");
    std::os::unix::fs::symlink("/bin/sleep", &link).expect("the folder is writable");
    let settings = SupervisorSettings { start_failures_max: 1, ..workers(1) };
    let (supervisor, events) = start(WorkerCommand::new(&link).arg("1000"), settings);
    let scene = Scene { supervisor, events, folder };
    let pid = scene.spawned();
    std::fs::remove_file(&link).expect("it is there");
    scene.supervisor.registered(pid);
    kill(pid);
    scene.exited(pid);
    match scene.next() {
        SupervisorEvent::SpawnFailed { slot: 0, error: SpawnError::NotFound { program } } => {
            assert_eq!(program, link);
        }
        other => panic!("{other:?}"),
    }
    assert!(matches!(scene.next(), SupervisorEvent::GivenUp { slot: 0, .. }));
    std::os::unix::fs::symlink("/bin/sleep", &link).expect("the folder is writable");
    scene.supervisor.replace_all();
    let pid = scene.spawned();
    scene.supervisor.registered(pid);
    assert!(matches!(scene.next(), SupervisorEvent::Replaced));
}

#[test]
fn a_program_that_is_not_there_is_an_error_at_once() {
    let command = WorkerCommand::new("/no/such/worker");
    let error = Supervisor::start(command, workers(1), Box::new(|_| {})).expect_err("it is not there");
    assert!(matches!(error, SpawnError::NotFound { program } if program == Path::new("/no/such/worker")));
}

#[test]
fn a_missing_interpreter_is_not_taken_for_a_missing_program() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().expect("a temporary folder");
    let script = folder.path().join("script");
    std::fs::write(&script, "#!/no/such/interpreter\n").expect("the folder is writable");
    std::fs::set_permissions(&script, PermissionsExt::from_mode(0o755)).expect("it is ours");
    let (supervisor, events) = start(WorkerCommand::new(&script), workers(1));
    let scene = Scene { supervisor, events, folder };
    assert!(matches!(scene.next(), SupervisorEvent::SpawnFailed { error: SpawnError::Io { .. }, .. }));
}

#[test]
fn a_worker_costs_no_thread() {
    let scene = Scene::new("exec sleep 60", workers(8));
    for _ in 0..8 {
        scene.spawned();
    }
    let threads = std::fs::read_dir("/proc/self/task").expect("the system tells of threads");
    let names =
        threads.flatten().filter_map(|thread| std::fs::read_to_string(thread.path().join("comm")).ok());
    let pids = scene.supervisor.pids();
    let waits = |name: &String| pids.iter().any(|pid| name.trim_end() == format!("wait-{pid}"));
    assert_eq!(names.filter(waits).collect::<Vec<_>>(), Vec::<String>::new());
}
