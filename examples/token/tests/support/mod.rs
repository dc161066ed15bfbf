//! What the process tests share: a running service, its children, files for secrets and keys.
//!
//! `TOKEN_SERVICE_PROGRAM` names another service in the place of this crate's, which is then held to the same sentences.
//!
//! Never ends a process by its name, and never waits without a bound.
#![allow(dead_code, reason = "each test program uses its own part")]

use std::env;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

/// How long anything may take on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// A secret as a secret file has it.
pub(crate) const SECRET: &str = "0123456789abcdef0123456789abcdef";

/// Waits until `condition` gives something.
pub(crate) fn wait_for<T>(what: &str, mut condition: impl FnMut() -> Option<T>) -> T {
    let begin = Instant::now();
    loop {
        if let Some(found) = condition() {
            return found;
        }
        assert!(begin.elapsed() < PATIENCE, "waited in vain for {what}");
        thread::sleep(Duration::from_millis(10));
    }
}

/// A key file that lies with the tests.
pub(crate) fn key(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/keys").join(name)
}

/// A file with the content, in a folder that is gone with the guard.
pub(crate) fn file(content: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    fs::write(&path, content).unwrap();
    (folder, path)
}

/// The process ids of a process's children.
pub(crate) fn children(process: u32) -> Vec<u32> {
    let path = format!("/proc/{process}/task");
    let tasks = fs::read_dir(path).into_iter().flatten().flatten();
    let lists = tasks.filter_map(|task| fs::read_to_string(task.path().join("children")).ok());
    lists
        .flat_map(|list| list.split_whitespace().filter_map(|id| id.parse().ok()).collect::<Vec<_>>())
        .collect()
}

/// The process ids of a service's workers, which are children of the guards above them; a service may have others.
pub(crate) fn workers(service: u32) -> Vec<u32> {
    let is_worker = |process: &u32| {
        let command = fs::read(format!("/proc/{process}/cmdline")).unwrap_or_default();
        command.split(|byte| *byte == 0).any(|argument| argument == b"--keyring")
    };
    children(service).into_iter().flat_map(children).filter(is_worker).collect()
}

/// The service under test.
fn service_program() -> Command {
    Command::new(
        env::var_os("TOKEN_SERVICE_PROGRAM").unwrap_or_else(|| env!("CARGO_BIN_EXE_token-service").into()),
    )
}

/// Whether the process still runs; a zombie does not.
pub(crate) fn runs(process: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with('Z'))
}

/// A running service, ended with this.
pub(crate) struct Service {
    child: Child,
    log: Arc<Mutex<String>>,
    pub(crate) address: String,
}

impl Service {
    /// Starts the service on a free port and waits until it listens.
    pub(crate) fn start(arguments: &[&str]) -> Self {
        Self::start_at("127.0.0.1:0", arguments)
    }

    pub(crate) fn start_at(address: &str, arguments: &[&str]) -> Self {
        let mut child = service_program()
            .args(["--address", address, "--workers", "2"])
            .args(arguments)
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let log = Arc::new(Mutex::new(String::new()));
        let kept = Arc::clone(&log);
        thread::spawn(move || {
            for line in stderr.lines().map_while(Result::ok) {
                kept.lock().unwrap().push_str(&(line + "\n"));
            }
        });
        let address = wait_for("the service to listen", || {
            let log = log.lock().unwrap();
            let line = log.lines().find_map(|line| line.strip_prefix("listening on http://"));
            assert!(line.is_some() || child.try_wait().unwrap().is_none(), "the service ended: {log}");
            line.map(str::to_owned)
        });
        Self { child, log, address }
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// What it wrote to stderr so far.
    pub(crate) fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Waits for its end.
    pub(crate) fn ended(&mut self) -> ExitStatus {
        wait_for("the service to end", || self.child.try_wait().unwrap())
    }

    /// Sends a request; `body` is the content type and the body.
    pub(crate) fn ask(&self, method: &str, path: &str, body: Option<(&str, &[u8])>) -> Answer {
        let config = ureq::Agent::config_builder().http_status_as_error(false).timeout_global(Some(PATIENCE));
        let agent = ureq::Agent::new_with_config(config.allow_non_standard_methods(true).build());
        let request =
            ureq::http::Request::builder().method(method).uri(format!("http://{}{path}", self.address));
        let response = match body {
            Some((kind, body)) => agent.run(request.header("content-type", kind).body(body).unwrap()),
            None => agent.run(request.body(()).unwrap()),
        };
        let mut response = response.unwrap();
        let text = response.body_mut().read_to_string().unwrap();
        let header =
            |name: &str| response.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
        Answer {
            status: response.status().as_u16(),
            cache_control: header("cache-control"),
            allow: header("allow"),
            challenge: header("www-authenticate"),
            kind: header("content-type"),
            body: serde_json::from_str(&text).unwrap_or_else(|_| panic!("not JSON: {text}")),
        }
    }

    /// Posts JSON.
    pub(crate) fn post(&self, path: &str, body: &Value) -> Answer {
        self.ask("POST", path, Some(("application/json", body.to_string().as_bytes())))
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        if self.child.try_wait().is_ok_and(|status| status.is_none()) {
            // A test that panicked comes here too, so nothing is unwrapped; the workers end with their
            // master.
            let _ended = self.child.kill().and_then(|()| self.child.wait());
        }
    }
}

/// What came back over HTTP.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) cache_control: Option<String>,
    pub(crate) allow: Option<String>,
    pub(crate) challenge: Option<String>,
    pub(crate) kind: Option<String>,
    pub(crate) body: Value,
}

impl Answer {
    /// The status and the code of an error, whose form is checked.
    pub(crate) fn error(&self) -> (u16, &str) {
        assert_eq!(self.kind.as_deref(), Some("application/json"));
        assert_eq!(self.cache_control.as_deref(), Some("no-store"));
        let error = &self.body["error"];
        assert!(error["text"].as_str().is_some_and(|text| !text.is_empty()), "{:?}", self.body);
        (self.status, error["code"].as_str().unwrap())
    }
}

/// A token for the claims, which must be granted.
pub(crate) fn issued(service: &Service, claims: &Value) -> Value {
    let answer = service.post("/tokens", claims);
    assert_eq!(answer.status, 201, "{:?}", answer.body);
    answer.body
}

/// What a token says, which must be good.
pub(crate) fn verified(service: &Service, token: &Value) -> Value {
    let answer = service.post("/tokens/verify", &json!({"token": token}));
    assert_eq!(answer.status, 200, "{:?}", answer.body);
    answer.body
}

/// What the service writes to stderr when it refuses to start.
pub(crate) fn refusal(arguments: &[&str]) -> String {
    let output = service_program().args(arguments).output().unwrap();
    assert!(!output.status.success());
    String::from_utf8_lossy(&output.stderr).into_owned()
}
