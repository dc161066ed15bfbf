//! The real service as a process: how it starts and ends, what it hides, how it outlives its workers.
//!
//! Nothing is replaced by a double, and nothing waits without a bound.

mod support;

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;

use crate::support::{
    PATIENCE, SECRET, Service, file, issued, key, refusal, runs, verified, wait_for, workers,
};

#[test]
fn secrets_rotate_over_restarts() {
    let other = SECRET.replace('0', "9");
    let (_first_folder, first) = file(SECRET);
    let (_second_folder, second) = file(&format!("# new first\n{other}\n\n{SECRET}\n"));
    let (_third_folder, third) = file(&other);
    let issued = issued(&Service::start(&["--secret-file", first.to_str().unwrap()]), &json!({"uid": 5}));
    let rotated = Service::start(&["--secret-file", second.to_str().unwrap()]);
    assert_eq!(verified(&rotated, &issued["token"])["secret"], issued["secret"]);
    let done = Service::start(&["--secret-file", third.to_str().unwrap()]);
    let answer = done.post("/tokens/verify", &json!({"token": issued["token"]}));
    assert_eq!(answer.error(), (401, "tampered"));
}

#[test]
fn a_bad_secret_file_is_named_and_not_shown() {
    let (_folder, path) = file("# comment\nsesame-open");
    let path = path.to_str().unwrap();
    let text = refusal(&["--address", "127.0.0.1:0", "--secret-file", path]);
    assert!(text.contains(path) && text.contains("line 2") && text.contains("at least 32"), "{text}");
    assert!(!text.contains("sesame"));
    let text = refusal(&["--address", "127.0.0.1:0", "--key", "/nonexistent"]);
    assert!(text.contains("cannot read /nonexistent"), "{text}");
}

#[test]
fn a_key_that_is_too_small_is_told_before_a_worker_starts() {
    let small = key("rsa-1024.pem");
    let text = refusal(&["--address", "127.0.0.1:0", "--key", small.to_str().unwrap()]);
    assert!(text.contains("rsa-1024.pem") && text.contains("1024 bits, at least 2048"), "{text}");
}

#[test]
fn secrets_and_tokens_are_neither_logged_nor_visible() {
    let (_folder, secrets) = file(SECRET);
    let service = Service::start(&["--secret-file", secrets.to_str().unwrap()]);
    let issued = issued(&service, &json!({"uid": 5}));
    verified(&service, &issued["token"]);
    service.post("/tokens/verify", &json!({"token": "A".repeat(50)}));
    let mut visible = service.log();
    let mut processes = workers(service.id());
    assert_eq!(processes.len(), 2);
    processes.push(service.id());
    for process in processes {
        for name in ["cmdline", "environ"] {
            let bytes = fs::read(format!("/proc/{process}/{name}")).unwrap();
            visible.push_str(&String::from_utf8_lossy(&bytes));
        }
    }
    let encoded_secret = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY";
    let token = issued["token"].as_str().unwrap();
    for hidden in [SECRET, encoded_secret, token, issued["secret"].as_str().unwrap(), "AAAAAAAA"] {
        assert!(!visible.contains(hidden));
    }
}

#[test]
fn sigterm_and_sigint_end_it_with_its_workers() {
    for signal in [Signal::TERM, Signal::INT] {
        let mut service = Service::start(&[]);
        let workers = workers(service.id());
        assert_eq!(workers.len(), 2);
        // An idle connection must not hold the end up.
        let _idle = TcpStream::connect(&service.address).unwrap();
        assert_eq!(service.ask("GET", "/healthz", None).status, 200);
        service.signal(signal);
        assert!(service.ended().success());
        for worker in workers {
            wait_for("the worker to end", || (!runs(worker)).then_some(()));
        }
    }
}

#[test]
fn a_request_under_way_is_answered_before_the_end() {
    let mut service = Service::start(&[]);
    let mut stream = TcpStream::connect(&service.address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let head = "POST /tokens HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\
                expect: 100-continue\r\n\r\n";
    stream.write_all(head.as_bytes()).unwrap();
    // The service asks for the body only when the request is being handled.
    let mut interim = [0; 25];
    stream.read_exact(&mut interim).unwrap();
    assert_eq!(&interim, b"HTTP/1.1 100 Continue\r\n\r\n");
    service.signal(Signal::TERM);
    wait_for("the listener to close", || TcpStream::connect(&service.address).is_err().then_some(()));
    stream.write_all(b"{}").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 201 Created"), "{answer}");
    assert!(service.ended().success());
}

#[test]
fn an_address_in_use_is_found_out_at_once() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let text = refusal(&["--address", &address]);
    assert!(text.contains(&format!("cannot listen on {address}")), "{text}");
}

#[test]
fn a_worker_that_dies_is_replaced_and_knows_the_secret() {
    let service = Service::start(&[]);
    let token = &issued(&service, &json!({"uid": 5}))["token"];
    let before = workers(service.id());
    for worker in &before {
        let worker = Pid::from_raw(i32::try_from(*worker).unwrap()).unwrap();
        kill_process(worker, Signal::KILL).unwrap();
    }
    wait_for("new workers", || {
        let now = workers(service.id());
        (now.len() == 2 && now.iter().all(|id| !before.contains(id))).then_some(())
    });
    wait_for("the old token to verify", || {
        let answer = service.post("/tokens/verify", &json!({"token": token}));
        if answer.status != 200 {
            // While the workers are being replaced only these are allowed.
            assert!([502, 503, 504].contains(&answer.status), "{:?}", answer.body);
            thread::sleep(Duration::from_millis(20));
            return None;
        }
        assert_eq!(answer.body["claims"]["uid"], 5);
        Some(())
    });
}
