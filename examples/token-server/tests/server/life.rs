//! Clocks, secrets, signals and deaths.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::Command;
use std::thread;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;

use crate::support::issuer::now;
use crate::support::{MASTER, PATIENCE, SYNC, Server, children, wait_for};

#[test]
fn a_client_whose_clock_is_off_succeeds_when_it_corrects_itself_by_the_servers_time() {
    let server = Server::start(&[]);
    for off in [-3_600_000, 3_600_000] {
        let ask = |clock: i64| {
            let certificate = json!({"iat": now() - 10_000});
            let assertion = json!({"iat": clock, "exp": clock + 300_000});
            server.token(&server.issuer.assertion_with("abc", &certificate, &assertion), &[])
        };
        let answer = ask(now() + off);
        answer.unauthorized("invalid-timestamp");
        // Its clock is read now, and not before: the request's own time would set it ahead of the server's.
        let correction = i64::try_from(answer.time()).unwrap() * 1000 - (now() + off);
        ask(now() + off + correction).good();
    }
}

#[test]
fn a_worker_that_is_killed_in_the_middle_of_a_verification_is_not_noticed() {
    let server = Server::start(&["--workers", "2"]);
    let stop = std::sync::atomic::AtomicBool::new(false);
    thread::scope(|scope| {
        let callers: Vec<_> = (0..8)
            .map(|number| {
                let (server, stop) = (&server, &stop);
                scope.spawn(move || {
                    let assertion = server.issuer.assertion(&format!("user{number}"), &json!({}));
                    let mut answers = 0;
                    while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                        server.token(&assertion, &[]).good();
                        answers += 1;
                    }
                    answers
                })
            })
            .collect();
        // Until one had a job, which each has most of the time.
        for kills in 0..100 {
            if kills >= 5 && server.log().contains("gone with a job") {
                break;
            }
            let before = children(server.id());
            let victim = Pid::from_raw(i32::try_from(before[0]).unwrap()).unwrap();
            kill_process(victim, Signal::KILL).unwrap();
            wait_for("a new worker", || {
                let now = children(server.id());
                (now.len() == 2 && !now.contains(&before[0])).then_some(())
            });
        }
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
        for caller in callers {
            assert!(caller.join().unwrap() > 0);
        }
    });
    assert!(server.log().contains("gone with a job"), "no worker had a job: {}", server.log());
}

#[test]
fn a_server_whose_workers_do_not_answer_says_when_to_come_back() {
    let server = Server::start(&["--timeout", "1"]);
    let assertion = server.issuer.assertion("abc", &json!({}));
    // The worker, and what watches over it.
    let workers = children(server.id());
    let all: Vec<u32> = workers.iter().flat_map(|worker| children(*worker)).chain(workers.clone()).collect();
    let tell = |signal| {
        for process in &all {
            kill_process(Pid::from_raw(i32::try_from(*process).unwrap()).unwrap(), signal).unwrap();
        }
    };
    tell(Signal::STOP);
    let answer = server.token(&assertion, &[]);
    answer.refused((503, "error", "body", "", "Resource is not available"));
    assert_eq!(answer.header("retry-after"), Some("1"));
    assert_eq!(server.get("/__lbheartbeat__", &[]).status, 200);
    tell(Signal::CONT);
    wait_for("the worker to go on", || (server.token(&assertion, &[]).status == 200).then_some(()));
}

#[test]
fn a_server_that_would_believe_nobody_ends_before_it_starts_workers() {
    let folder = tempfile::tempdir().unwrap();
    let database = format!("sqlite:{}", folder.path().join("own.db").display());
    let mut serve = Command::new(env!("CARGO_BIN_EXE_token-server"));
    let said = serve.args(["serve", "--address", "127.0.0.1:0", "--database", &database]).output().unwrap();
    let text = String::from_utf8(said.stderr).unwrap();
    assert!(!said.status.success() && text.starts_with("Error: nobody would be believed"), "{text}");
    assert!(!folder.path().join("own.db").exists());
}

#[test]
fn secrets_rotate_at_sighup_without_a_gap() {
    let server = Server::start(&["--workers", "2"]);
    let token = || server.token(&server.issuer.assertion("abc", &json!({})), &[]).good();
    let rotated = |content: &str, count: usize| {
        fs::write(server.secrets_file(), content).unwrap();
        server.signal(Signal::HUP);
        let said = |line: &str| server.log().matches(line).count();
        wait_for("the secrets to be read", || {
            (said("secrets are read anew") + said("secrets cannot be read anew") == count).then_some(())
        });
    };
    let other = MASTER.replace('0', "9");
    let old = token();
    rotated(&format!("{MASTER}\n{other}\n"), 1);
    let new = token();
    assert_eq!(server.told(&old["id"]).good()["secret"], old["key"]);
    assert_eq!(server.told(&new["id"]).good()["secret"], new["key"]);
    rotated(&other, 2);
    assert_eq!(server.told(&old["id"]).status, 401);
    assert_eq!(server.told(&new["id"]).good()["secret"], new["key"]);
    rotated("slip", 3);
    assert_eq!(server.told(&token()["id"]).status, 200, "the old ones stay");
}

#[test]
fn sigterm_answers_open_requests_and_ends_with_the_workers() {
    let mut server = Server::start(&[]);
    let workers = children(server.id());
    let mut stream = TcpStream::connect(&server.address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    // A verification of its own takes a body, which shows when the request is being handled.
    let head = "POST /tokens/verify HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\nexpect: 100-continue\r\n\r\n";
    stream.write_all(head.as_bytes()).unwrap();
    let mut interim = [0; 25];
    stream.read_exact(&mut interim).unwrap();
    assert_eq!(&interim, b"HTTP/1.1 100 Continue\r\n\r\n");
    // An idle connection must not hold the end up.
    let _idle = TcpStream::connect(&server.address).unwrap();
    server.signal(Signal::TERM);
    wait_for("the listener to close", || TcpStream::connect(&server.address).is_err().then_some(()));
    stream.write_all(b"{}").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 400 Bad Request"), "{answer}");
    assert!(server.ended().success());
    for worker in workers {
        wait_for("the worker to end", || (!fs::exists(format!("/proc/{worker}")).unwrap()).then_some(()));
    }
}

#[test]
fn nothing_secret_and_nobodys_address_is_logged_or_visible() {
    let server = Server::start(&[]);
    let assertion = server.issuer.assertion("abcuser", &json!({"fxa-generation": 1}));
    let token = server.token(&assertion, &[("x-client-state", "aabbccddee")]).good();
    server.token(&format!("{assertion}x"), &[]);
    server.told(&token["id"]);
    server.get(SYNC, &[("authorization", "Bearer sesame")]);
    let mut visible = server.log();
    for process in children(server.id()).into_iter().chain([server.id()]) {
        for name in ["cmdline", "environ"] {
            let bytes = fs::read(format!("/proc/{process}/{name}")).unwrap();
            visible.push_str(&String::from_utf8_lossy(&bytes));
        }
    }
    let (token, key) = (token["id"].as_str().unwrap(), token["key"].as_str().unwrap());
    for hidden in [MASTER, token, key, "sesame", "abcuser", "aabbccddee", &assertion[10..60]] {
        assert!(!visible.contains(hidden), "{hidden} in {visible}");
    }
}
