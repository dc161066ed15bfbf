//! Bad input: one clear line on standard error, an exit status for its kind, nothing half-started left behind.

use crate::support::{PROGRAM, Ran, Scene, Signal};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;

#[track_caller]
fn one_line(ran: &Ran, status: i32, text: &str) {
    assert_eq!(ran.status, status, "{ran:?}");
    assert_eq!(ran.stderr.lines().count(), 1, "{ran:?}");
    assert!(ran.stderr.starts_with("powerhose: ") && ran.stderr.contains(text), "{text}: {ran:?}");
    assert_eq!(ran.stdout, "", "{ran:?}");
}

#[test]
fn a_mistyped_endpoint_makes_no_folder_at_the_root() {
    let scene = Scene::new();
    let ran = scene.run(&["master", "--endpoint", "ipc:///powerhose-mistyped/deeper/m.ipc"]);
    assert_ne!(ran.status, 0, "{ran:?}");
    assert!(ran.stderr.contains("there is no folder /powerhose-mistyped"), "{ran:?}");
    assert!(!std::path::Path::new("/powerhose-mistyped").exists());
}

#[test]
fn a_wrong_command_line_says_what_is_wrong() {
    let scene = Scene::new();
    for (arguments, text) in [
        (&[][..], "no command given"),
        (&["exekute"], "did you mean `execute`?"),
        (&["run", "--worker", "2", "--", "true"], "did you mean `--workers`?"),
        (&["run", "--workers", "many", "--", "true"], "neither `auto` nor a number"),
        (&["run"], "PROGRAM"),
        (&["execute", "--timeout", "5", "x"], "write 5s or 5ms"),
        (&["execute", "--pool", "no such", "x"], "a-z A-Z 0-9"),
        (&["execute", "--header", "novalue", "x"], "NAME=VALUE"),
        (&["execute", "--endpoint", "here", "x"], "write ipc:///path"),
        (&["check", "--endpoint", "ipc://relative"], "absolute path"),
        (&["master", "--bind", "tcp://127.0.0.1:99999"], "0 to 65535"),
        (&["master", "--heartbeat-interval", "10s", "--silence-max", "1s"], "silence_max"),
        (&["master", "--declare", "a:credits=1"], "credit=N"),
        (&["master", "--log", "=x=", "--drain", "1s"], "a level"),
        (&["master", "--ipc-group", "no-such-group"], "no group"),
        (&["execute", "--curve-file", "missing", "x"], "missing"),
        (&["drain"], "WORKER"),
        (&["check", "--secret-file", "missing"], "missing"),
        (&["top"], "terminal"),
    ] {
        one_line(&scene.run(arguments), 2, text);
    }
    assert_eq!(std::fs::read_dir(scene.folder()).expect("it is there").count(), 0, "nothing is left behind");
}

#[test]
fn a_missing_program_is_named_before_anything_starts() {
    let scene = Scene::new();
    scene.file("plain", "text");
    let fixed = scene.file("interpreter", "#!/no/such/interpreter\n");
    std::fs::set_permissions(&fixed, std::fs::Permissions::from_mode(0o755)).expect("it is ours");
    for (command, status) in [("run", 4), ("work", 78), ("bench", 4)] {
        one_line(&scene.run(&[command, "--", "no-such-program"]), status, "no-such-program");
        one_line(&scene.run(&[command, "--", "./plain"]), status, "not executable");
    }
    assert!(!scene.path("m.ipc").exists() && !scene.path("m.ipc.lock").exists(), "no master was started");
}

#[test]
fn a_port_in_use_and_a_path_that_is_no_socket_are_refused() {
    let scene = Scene::new();
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let endpoint = format!("tcp://{}", listener.local_addr().expect("it is bound"));
    one_line(&scene.run(&["master", "--bind", &endpoint, "--log", "off"]), 5, "in use");
    scene.file("m.ipc", "text");
    one_line(&scene.run(&["master", "--log", "off"]), 5, "no socket");
    one_line(
        &scene.run(&["master", "--bind", "tcp://0.0.0.0:0", "--log", "off"]),
        5,
        "give --worker-secret-file",
    );
}

#[test]
fn a_second_master_is_told_of_the_first() {
    let scene = Scene::new();
    let run = scene.run_workers(1, &[], &["--", "cat"]);
    let second = scene.run(&["run", "--log", "off", "--", "cat"]);
    one_line(&second, 6, &format!("pid {}", run.id()));
    assert_eq!(scene.run(&["execute", "x"]).stdout, "x", "the first does not notice");
}

#[test]
fn an_unreachable_master_is_reported_by_every_tool() {
    let scene = Scene::new();
    let text = "no master answered";
    one_line(&scene.run(&["execute", "--connect-timeout", "100ms", "x"]), 7, text);
    one_line(&scene.run(&["status", "--within", "100ms"]), 7, text);
    one_line(&scene.run(&["work", "--master-silence-max", "100ms", "--log", "off", "--", "cat"]), 7, text);
}

#[test]
fn a_wrong_configuration_file_is_reported_with_its_place() {
    let scene = Scene::new();
    for (text, place, complaint) in [
        ("workers = 2\nworker-jobs-maxx = 3\n", "2:1", "did you mean `worker-jobs-max`?"),
        ("[rum]\nworkers = 2\n", "1:2", "did you mean `run`?"),
        ("[run]\nworkres = 2\n", "2:1", "did you mean `workers`?"),
        ("[run]\n\n  workers = \"many\"\n", "3:13", "neither `auto` nor a number"),
        ("timeout = 5\n", "1:11", "write 5s or 5ms"),
        ("pin = \"yes\"\n", "1:7", "true or false"),
        ("[run]\nendpoint = \"ipc:///x\"\n", "2:1", "above the tables"),
        ("workers = 2\nworkers = 3\n", "2:1", ""),
        ("workers == 2\n", "1:", ""),
        ("config = \"x\"\n", "1:1", "cannot name another"),
        ("endpoint = [\"ipc:///x\"]\n", "1:12", "wanted here"),
    ] {
        let path = scene.file("powerhose.toml", text);
        let ran = scene.run(&["check", "--config", &path]);
        one_line(&ran, 3, complaint);
        assert!(ran.stderr.contains(&format!("{path}:{place}")), "{place}: {ran:?}");
    }
    one_line(&scene.run(&["check", "--config", "missing.toml"]), 3, "missing.toml");
}

#[test]
fn a_flag_goes_over_the_environment_over_the_file_over_the_default() {
    let scene = Scene::new();
    let _run = scene.run_workers(1, &[], &["--", "cat"]);
    // With one worker, the exit status tells which `workers-min` counted.
    let file = scene.file("powerhose.toml", "[check]\nworkers-min = 2\n");
    let status = |arguments: &[&str], variable: Option<&str>| {
        let mut command = scene.command(&[&["check"], arguments].concat());
        if let Some(value) = variable {
            command.env("POWERHOSE_WORKERS_MIN", value);
        }
        crate::support::run(&mut command, b"").status
    };
    assert_eq!(status(&[], None), 0, "the default is 0");
    assert_eq!(status(&["--config", &file], None), 1, "the file says 2");
    assert_eq!(status(&["--config", &file], Some("1")), 0, "the environment says 1");
    assert_eq!(status(&["--config", &file, "--workers-min", "3"], Some("1")), 1, "the flag says 3");
    let common = scene.file("common.toml", "workers-min = 2\n[check]\nworkers-min = 1\n");
    assert_eq!(status(&["--config", &common], None), 0, "the command's table goes over the top");
}

#[test]
fn a_list_can_stand_in_the_environment() {
    let scene = Scene::new();
    let secrets = [scene.file("old.secret", &"o".repeat(40)), scene.file("new.secret", &"n".repeat(40))];
    let mut command = scene.command(&["master"]);
    command.env("POWERHOSE_CLIENT_SECRET_FILE", secrets.join(","));
    command.env("POWERHOSE_DECLARE", "sign:soft=50ms,overruns=3 thumbnail");
    let master = crate::support::Process::start(scene.folder(), &mut command);
    master.logs("the master listens");
    for secret in &secrets {
        let ran = scene.run(&["status", "--secret-file", secret]);
        assert!(
            ran.status == 0 && ran.stdout.contains("sign ") && ran.stdout.contains("thumbnail "),
            "{ran:?}"
        );
    }
}

#[test]
fn a_whole_service_can_stand_in_a_file() {
    let scene = Scene::new();
    let program = env!("CARGO_BIN_EXE_powerhose");
    let text = format!(
        "endpoint = \"{}\"\ntimeout = \"7s\"\n\n[run]\nworkers = 1\npin = true\ndeclare = [\"a\", \"b:credit=2\"]\n\
         program = [\"{program}\", \"work\", \"--\", \"cat\"]\n",
        scene.endpoint()
    );
    let file = scene.file("powerhose.toml", &text);
    let mut command = scene.command(&["run", "--config", &file]);
    command.env_remove("POWERHOSE_ENDPOINT");
    let mut run = crate::support::Process::start(scene.folder(), &mut command);
    scene.workers_are(1);
    assert_eq!(scene.run(&["execute", "x"]).stdout, "x");
    let status = scene.run(&["status"]).stdout;
    assert!(status.lines().any(|line| line.starts_with("b ")), "{status}");
    run.signal(Signal::TERM);
    assert_eq!(run.status(), 0);
}

#[test]
fn a_program_that_can_not_be_executed_is_tried_once_and_named() {
    let scene = Scene::new();
    scene.file("plain", "text");
    for (program, text) in [("/no/such", "`/no/such` not found"), ("./plain", "is not executable")] {
        for flags in [&[][..], &["--lines"]] {
            let work =
                [&["--workers", "8", "--worker-starts-max", "1", "--", PROGRAM, "work"], flags].concat();
            let ran = scene.run(&[&["run"], &work[..], &["--", program]].concat());
            assert_eq!(ran.status, 9, "{ran:?}");
            assert!(ran.stderr.contains(text) && ran.stderr.contains("no start can succeed"), "{ran:?}");
            assert_eq!(ran.stderr.matches("worker process started").count(), 1, "{ran:?}");
        }
    }
    let ran = scene.run(&["run", "--workers", "1", "--", "sh", "-c", "exec /no/such"]);
    assert_eq!(ran.stderr.matches("worker process started").count(), 1, "also through a shell: {ran:?}");
}
