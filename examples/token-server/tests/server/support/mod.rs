//! What the tests share: a running server with nodes, and a client.
//!
//! Never ends a process by its name, and never waits without a bound.
#![allow(dead_code, reason = "some of it is for tests with tools only")]

pub(crate) mod issuer;

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use powerhose_token_server::store::admin::NodeChange;
use powerhose_token_server::store::{Store, StoreSettings};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

pub(crate) use self::issuer::Issuer;

/// How long anything may take on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A master secret.
pub(crate) const MASTER: &str = "0123456789abcdef0123456789abcdef";

pub(crate) const NODE: &str = "https://node1.example.net";

/// Where tokens are asked for.
pub(crate) const SYNC: &str = "/1.0/sync/1.5";

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

/// Makes a test of each function for each database; each takes the URL of an empty one.
macro_rules! on_both {
    ($($name:ident),* $(,)?) => {
        mod sqlite {
            $(#[test]
            fn $name() {
                let folder = tempfile::tempdir().unwrap();
                super::$name(&format!("sqlite:{}", folder.path().join("users.db").display()));
            })*
        }

        #[cfg(feature = "tool-tests")]
        mod postgres {
            $(#[test]
            fn $name() {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                super::$name(&runtime.block_on(crate::postgres::new_database()));
            })*
        }
    };
}
pub(crate) use on_both;

/// Does something with the database, beside the server.
pub(crate) fn with_store<T>(url: &str, work: impl AsyncFnOnce(Store) -> T) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async { work(Store::open(url, StoreSettings::default()).await.unwrap()).await })
}

/// Adds a node.
pub(crate) fn add_node(url: &str, node: &str, capacity: i64) {
    with_store(url, async |store| {
        store.add_node("sync-1.5", node, capacity, &NodeChange::default()).await.unwrap()
    });
}

/// A running server, ended with this.
pub(crate) struct Server {
    child: Child,
    log: Arc<Mutex<String>>,
    /// Where clients ask.
    pub(crate) address: String,
    /// Where the operator asks.
    pub(crate) inner: String,
    /// Who its users are known to.
    pub(crate) issuer: Issuer,
    pub(crate) folder: tempfile::TempDir,
}

impl Server {
    /// Starts a server on free ports, with one worker, a node and a database of its own.
    pub(crate) fn start(arguments: &[&str]) -> Server {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("own.db").display());
        Server::start_in(folder, &url, arguments)
    }

    /// The same with a given database.
    pub(crate) fn start_with(database: &str, arguments: &[&str]) -> Server {
        Server::start_in(tempfile::tempdir().unwrap(), database, arguments)
    }

    fn start_in(folder: tempfile::TempDir, database: &str, arguments: &[&str]) -> Server {
        let url = database.to_owned();
        with_store(&url, async |store| {
            let nodes = store.nodes("sync-1.5").await.unwrap();
            if nodes.is_empty() {
                store.add_node("sync-1.5", NODE, 1000, &NodeChange::default()).await.unwrap();
            }
        });
        let issuer = Issuer::new(folder.path());
        let secrets = folder.path().join("secrets");
        fs::write(&secrets, format!("{MASTER}\n")).unwrap();
        let own = ["serve", "--address", "127.0.0.1:0", "--inner-address", "127.0.0.1:0"];
        let mut child = Command::new(env!("CARGO_BIN_EXE_token-server"))
            .args(own)
            .env("TOKEN_SERVER_WORKERS", "1")
            // A fast machine asks for more than the default.
            .env("TOKEN_SERVER_VERIFICATIONS_PER_ADDRESS", "1000000")
            .args(["--database", database, "--log", "warn,powerhose_token_server=debug"])
            .args(["--secrets-file", secrets.to_str().unwrap()])
            .args(issuer.flags())
            .args(arguments)
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let log = kept(BufReader::new(child.stderr.take().unwrap()));
        let mut found = |begin: &str| {
            wait_for("the server to listen", || {
                let log = log.lock().unwrap();
                let line = log.lines().find_map(|line| line.strip_prefix(begin));
                assert!(line.is_some() || child.try_wait().unwrap().is_none(), "the server ended: {log}");
                line.map(str::to_owned)
            })
        };
        let address = found("listening on http://");
        let inner = found("the operator's address is http://");
        Server { child, log, address, inner, issuer, folder }
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// What it wrote to stderr so far.
    pub(crate) fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    pub(crate) fn secrets_file(&self) -> PathBuf {
        self.folder.path().join("secrets")
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Waits for its end.
    pub(crate) fn ended(&mut self) -> ExitStatus {
        wait_for("the server to end", || self.child.try_wait().unwrap())
    }

    /// `GET` with these headers.
    pub(crate) fn get(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        ask(&self.address, "GET", path, headers, "")
    }

    /// A token, with this proof of who asks and these headers beside it.
    pub(crate) fn token(&self, authorization: &str, headers: &[(&str, &str)]) -> Answer {
        self.get(SYNC, &[&[("authorization", authorization)], headers].concat())
    }

    /// What the operator's address says of a token.
    pub(crate) fn told(&self, token: &Value) -> Answer {
        let body = serde_json::json!({"token": token}).to_string();
        ask(&self.inner, "POST", "/tokens/verify", &[], &body)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if self.child.try_wait().is_ok_and(|status| status.is_none()) {
            // A test that panicked comes here too, so nothing is unwrapped; the workers end with their master.
            let _ended = self.child.kill().and_then(|()| self.child.wait());
        }
    }
}

fn kept(lines: BufReader<std::process::ChildStderr>) -> Arc<Mutex<String>> {
    let log = Arc::new(Mutex::new(String::new()));
    let writer = Arc::clone(&log);
    thread::spawn(move || {
        for line in lines.lines().map_while(Result::ok) {
            writer.lock().unwrap().push_str(&(line + "\n"));
        }
    });
    log
}

/// What came back over HTTP.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) text: String,
    headers: ureq::http::HeaderMap,
}

/// Asks over a connection of its own.
pub(crate) fn ask(address: &str, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
    try_ask(&agent(), address, method, path, headers, body).unwrap()
}

/// What keeps connections to ask again over them.
pub(crate) fn agent() -> ureq::Agent {
    let config = ureq::Agent::config_builder().http_status_as_error(false).timeout_global(Some(PATIENCE));
    ureq::Agent::new_with_config(config.allow_non_standard_methods(true).max_redirects(0).build())
}

/// Asks a server that may be gone.
pub(crate) fn try_ask(
    agent: &ureq::Agent,
    address: &str,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Result<Answer, ureq::Error> {
    let mut request = ureq::http::Request::builder().method(method).uri(format!("http://{address}{path}"));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = match body {
        "" => agent.run(request.body(()).unwrap()),
        body => agent.run(request.body(body).unwrap()),
    };
    let mut response = response?;
    let text = response.body_mut().read_to_string()?;
    Ok(Answer { status: response.status().as_u16(), text, headers: response.headers().clone() })
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("not JSON: {self:?}"))
    }

    /// What every answer carries.
    pub(crate) fn check_common(&self) -> &Answer {
        assert!(self.time() > 1_700_000_000, "{self:?}");
        assert_eq!(self.header("x-content-type-options"), Some("nosniff"), "{self:?}");
        self
    }

    /// The server's time.
    pub(crate) fn time(&self) -> u64 {
        self.header("x-timestamp").and_then(|time| time.parse().ok()).unwrap_or(0)
    }

    /// The body of a 200.
    pub(crate) fn good(&self) -> Value {
        assert_eq!(self.check_common().status, 200, "{self:?}");
        self.json()
    }

    /// Checks a refusal: status, word, location, name, description.
    pub(crate) fn refused(&self, wanted: (u16, &str, &str, &str, &str)) -> &Answer {
        let (status, word, location, name, description) = wanted;
        let body = serde_json::json!({
            "status": word,
            "errors": [{"location": location, "name": name, "description": description}],
        });
        assert_eq!((self.status, self.json()), (status, body));
        assert_eq!(self.header("content-type"), Some("application/json"));
        self.check_common()
    }

    /// Checks a 401 of which the table names the word only.
    pub(crate) fn unauthorized(&self, word: &str) -> &Answer {
        self.refused((401, word, "body", "", "Unauthorized"))
    }
}

/// The process ids of a process's children.
pub(crate) fn children(process: u32) -> Vec<u32> {
    let tasks = fs::read_dir(format!("/proc/{process}/task")).into_iter().flatten().flatten();
    let lists = tasks.filter_map(|task| fs::read_to_string(task.path().join("children")).ok());
    lists
        .flat_map(|list| list.split_whitespace().filter_map(|id| id.parse().ok()).collect::<Vec<_>>())
        .collect()
}
