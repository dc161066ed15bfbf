//! Where a master listens: what cannot be is an error at once that names what is wrong, and nothing half-begun is left.

use crate::support::{EMBEDDED, OutsideMaster, is_running, numbered};
use powerhose::{BindError, EndpointError, JobRunner, Settings};
use std::fs::{self, Permissions};
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

fn folder() -> TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

fn endpoint(path: &Path) -> String {
    format!("ipc://{}", path.display())
}

/// What is there, by name.
fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").file_name());
    let mut names: Vec<String> = entries.map(|name| name.to_string_lossy().into_owned()).collect();
    names.sort_unstable();
    names
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).expect("it is there").permissions().mode() & 0o777
}

#[test]
fn a_second_master_in_the_same_process_is_refused_and_the_first_goes_on() {
    let scene = EMBEDDED.workers(1).start();
    let error = JobRunner::bind(&scene.endpoint).expect_err("one listens there");
    let BindError::AlreadyRunning { endpoint, pid } = &error else { panic!("{error:?}") };
    assert_eq!((endpoint, *pid), (&scene.endpoint, Some(std::process::id())));
    assert_eq!(scene.runner.execute("next"), Ok(b"next".to_vec()));
    assert_eq!(scene.client().execute("next"), Ok(b"next".to_vec()));
}

#[test]
fn a_second_master_in_another_process_is_refused_naming_the_first() {
    let outside = OutsideMaster::start(&[]);
    let _worker = outside.worker(&[]);
    let error = JobRunner::bind(&outside.endpoint).expect_err("one listens there");
    let BindError::AlreadyRunning { pid, .. } = &error else { panic!("{error:?}") };
    assert_eq!(*pid, Some(outside.master.id()));
    let text = format!("a master is already running on {} (pid {})", outside.endpoint, outside.master.id());
    assert_eq!(error.to_string(), text);
    // Nobody has taken its path away.
    let runner = outside.client();
    outside.wait_for_workers(&runner, 1);
    assert_eq!(runner.execute("next"), Ok(b"next".to_vec()));
}

#[test]
fn a_master_that_listens_on_tcp_is_recognised_too() {
    let first = JobRunner::bind("tcp://127.0.0.1:0").expect("any port");
    // As it is written, with the port that the system chose.
    let endpoint = first.endpoints()[0].to_string();
    assert!(endpoint.starts_with("tcp://127.0.0.1:") && !endpoint.ends_with(":0"), "{endpoint}");
    let error = JobRunner::bind(&endpoint).expect_err("one listens there");
    let BindError::AlreadyRunning { pid, .. } = &error else { panic!("{error:?}") };
    assert_eq!(*pid, Some(std::process::id()));
}

#[test]
fn a_port_that_another_program_has_is_named_so() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("any port");
    let endpoint = format!("tcp://{}", listener.local_addr().expect("it is bound"));
    let error = JobRunner::bind(&endpoint).expect_err("it is in use");
    assert!(matches!(error, BindError::AddressInUse { .. }), "{error:?}");
    assert_eq!(error.to_string(), format!("{endpoint} is in use by another program"));
}

#[test]
fn the_socket_of_a_killed_master_is_taken_over_at_once() {
    let mut outside = OutsideMaster::start(&[]);
    let path = PathBuf::from(outside.endpoint.trim_start_matches("ipc://"));
    outside.master.kill();
    assert!(!is_running(outside.master.id()));
    assert!(fs::metadata(&path).expect("it was killed").file_type().is_socket());
    let runner = JobRunner::bind(&outside.endpoint).expect("nobody listens there any longer");
    assert_eq!(outside.client().workers().expect("it answers"), []);
    drop(runner);
}

#[test]
fn a_path_that_is_too_long_for_a_socket_is_refused_and_one_that_just_fits_is_not() {
    let folder = folder();
    let of_length = |bytes: usize| {
        let parent = folder.path().display().to_string();
        format!("{parent}/{}", "x".repeat(bytes - parent.len() - 1))
    };
    let error = JobRunner::bind(format!("ipc://{}", of_length(108))).expect_err("one byte too many");
    let BindError::Endpoint(EndpointError::PathTooLong { bytes: 108, .. }) = &error else {
        panic!("{error:?}")
    };
    assert!(error.to_string().ends_with("has 108 bytes, a unix socket's path can have 107"), "{error}");
    let fits = format!("ipc://{}", of_length(107));
    let runner = JobRunner::bind(&fits).expect("it fits");
    assert_eq!(runner.endpoints()[0].to_string(), fits);
    assert!(JobRunner::connect(&fits).is_ok());
}

#[test]
fn what_is_no_endpoint_is_refused_naming_what_would_be_one() {
    for text in ["", "/run/x.ipc", "ipc://relative", "inproc://x", "tcp://127.0.0.1", "tcp://127.0.0.1:70000"]
    {
        let error = JobRunner::bind(text).expect_err(text);
        assert!(matches!(error, BindError::Endpoint(_)), "{error:?}");
        assert!(error.to_string().contains("write "), "{error}");
    }
    let nowhere = JobRunner::builder().bind().expect_err("nowhere to listen");
    assert!(matches!(nowhere, BindError::NoEndpoint), "{nowhere:?}");
}

#[test]
fn settings_out_of_their_bounds_are_refused_and_nothing_is_bound() {
    let folder = folder();
    let path = folder.path().join("master.ipc");
    let mut settings = Settings::default();
    settings.silence_max = settings.heartbeat_interval;
    let error =
        JobRunner::builder().endpoint(endpoint(&path)).settings(settings).bind().expect_err("too short");
    assert!(matches!(error, BindError::BadSetting { .. }), "{error:?}");
    assert!(error.to_string().contains("silence_max is longer than heartbeat_interval"), "{error}");
    assert_eq!(names(folder.path()), [""; 0]);
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let folder = folder();
    let file = folder.path().join("file");
    fs::write(&file, "text").expect("a file");
    let error = JobRunner::bind(endpoint(&file.join("master.ipc"))).expect_err("a file is in the way");
    assert!(matches!(error, BindError::Io { action: "its directory", .. }), "{error:?}");
    assert!(error.to_string().contains(&file.display().to_string()), "{error}");
    assert_eq!(names(folder.path()), ["file"]);
}

#[test]
fn what_is_not_ours_is_not_removed() {
    let folder = folder();
    let file = folder.path().join("precious");
    fs::write(&file, "text").expect("a file");
    let error = JobRunner::bind(endpoint(&file)).expect_err("a file is in the way");
    assert!(matches!(&error, BindError::NotASocket { path } if *path == file), "{error:?}");
    assert_eq!(fs::read(&file).expect("it is there"), b"text");
}

#[test]
fn the_socket_is_this_users_alone_and_so_is_the_folder_made_for_it() {
    let folder = folder();
    let path = folder.path().join("deep").join("deeper").join("master.ipc");
    let runner = JobRunner::bind(endpoint(&path)).expect("its folder is made");
    assert_eq!(mode(&path), 0o600);
    assert_eq!(mode(path.parent().expect("it has one")), 0o700);
    assert_eq!(mode(&folder.path().join("deep")), 0o700);
    assert_eq!(mode(&path.with_extension("ipc.lock")), 0o600);
    drop(runner);
}

#[test]
fn a_folder_that_is_there_is_left_as_it_is() {
    let folder = folder();
    fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).expect("it is ours");
    let _runner = JobRunner::bind(endpoint(&folder.path().join("master.ipc"))).expect("nobody listens there");
    assert_eq!(mode(folder.path()), 0o755);
}

#[test]
fn at_the_end_the_socket_is_gone_and_the_lock_file_is_not() {
    let folder = folder();
    let path = folder.path().join("master.ipc");
    for _ in 0..3 {
        let runner = JobRunner::bind(endpoint(&path)).expect("nobody listens there");
        assert_eq!(names(folder.path()), ["master.ipc", "master.ipc.lock"]);
        drop(runner);
        assert_eq!(names(folder.path()), ["master.ipc.lock"]);
    }
}

#[test]
fn several_endpoints_serve_as_one_and_all_of_them_or_none_are_bound() {
    let folder = folder();
    let paths = ["one", "two"].map(|name| endpoint(&folder.path().join(name)));
    let builder = || paths.iter().fold(JobRunner::builder(), |builder, endpoint| builder.endpoint(endpoint));
    let runner = builder().endpoint("tcp://127.0.0.1:0").bind().expect("nobody listens there");
    for endpoint in runner.endpoints() {
        assert_eq!(crate::support::connect(&endpoint.to_string()).workers(), Ok(Vec::new()));
    }
    drop(runner);
    let file = folder.path().join("in-the-way");
    fs::write(&file, "").expect("a file");
    assert!(builder().endpoint(endpoint(&file)).bind().is_err());
    assert!(builder().bind().is_ok(), "the failed one has left the others");
}

#[test]
fn what_listens_at_a_path_without_a_lock_is_not_pushed_aside() {
    let folder = folder();
    let path = numbered(folder.path(), "foreign");
    let listener = UnixListener::bind(&path).expect("a path of its own");
    let error = JobRunner::bind(endpoint(&path)).expect_err("somebody listens there");
    assert!(matches!(error, BindError::AddressInUse { .. } | BindError::AlreadyRunning { .. }), "{error:?}");
    // It still does, at that very path.
    std::os::unix::net::UnixStream::connect(&path).expect("it listens");
    assert!(listener.accept().is_ok());
}

#[test]
fn addresses_that_other_machines_reach_are_refused_unless_they_are_allowed() {
    for address in ["tcp://0.0.0.0:0", "tcp://[::]:0", "tcp://*:0"] {
        let error = JobRunner::bind(address).expect_err(address);
        assert!(matches!(error, BindError::Insecure { .. }), "{address}: {error:?}");
        assert!(error.to_string().contains("can be reached from other machines"), "{error}");
    }
    let allowed =
        JobRunner::builder().endpoint("tcp://0.0.0.0:0").insecure_tcp().bind().expect("it is allowed");
    let port = allowed.endpoints()[0].to_string().rsplit_once(':').expect("a port").1.to_owned();
    assert!(JobRunner::connect(format!("tcp://127.0.0.1:{port}")).is_ok());
}
