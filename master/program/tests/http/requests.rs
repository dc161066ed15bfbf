//! Requests that are wrong, hostile or too many: each gets a clear answer, and nobody else notices.

use crate::scene::{PATIENCE, Scene};
use crate::support;
use std::io::{Read, Write};
use std::net::TcpStream;

/// Connections at once; the program's own bound.
const CONNECTIONS_MAX: usize = 64;

/// Sends these bytes and reads until the other side closes.
fn send(scene: &Scene, bytes: &str) -> String {
    let mut stream = connect(scene);
    // It may be refused before all was read.
    let _ = stream.write_all(bytes.as_bytes());
    read(stream)
}

fn connect(scene: &Scene) -> TcpStream {
    let stream = TcpStream::connect(&scene.address).expect("it listens");
    stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    stream
}

fn read(mut stream: TcpStream) -> String {
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

fn request(scene: &Scene, line: &str, host: &str) -> String {
    send(scene, &format!("{line} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"))
}

fn begins(answer: &str, status: &str) {
    assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{status} was expected: {answer}");
}

#[test]
fn what_is_not_there_is_answered_with_what_is() {
    let scene = Scene::new();
    let answer = scene.get("/metric");
    assert_eq!(answer.status, 404);
    assert!(answer.body.contains("/metrics"), "{}", answer.body);
}

#[test]
fn nothing_can_be_changed() {
    let scene = Scene::new();
    for method in ["POST", "PUT", "DELETE", "OPTIONS"] {
        let answer = request(&scene, &format!("{method} /status.json"), "localhost");
        begins(&answer, "405");
        assert!(answer.contains("allow: GET"), "{answer}");
    }
}

#[test]
fn a_wrong_query_is_told_the_right_one() {
    let scene = Scene::new();
    for query in ["?after=x", "?before=1", "?after=-1", "?after=1&after=2"] {
        let answer = scene.get(&format!("/status.json{query}"));
        assert_eq!(answer.status, 400, "{query}");
        assert!(answer.body.contains("after=N"), "{}", answer.body);
    }
}

#[test]
fn other_names_are_not_answered_to() {
    let scene = Scene::with(&["--http-host", "master.internal"]);
    begins(&request(&scene, "GET /metrics", "evil.example"), "421");
    begins(&request(&scene, "GET /", "localhost.evil.example:80"), "421");
    begins(&request(&scene, "GET /metrics", "master.internal"), "200");
    begins(&request(&scene, "GET /metrics", "localhost:1"), "200");
    begins(&send(&scene, "GET /metrics HTTP/1.1\r\nConnection: close\r\n\r\n"), "400");
}

#[test]
fn bytes_that_are_no_request_harm_nobody() {
    let scene = Scene::new();
    begins(&send(&scene, "\0\u{1}\u{2}\r\n\r\n"), "400");
    begins(&send(&scene, "GET / HTTP/9\r\n\r\n"), "400");
    let long = format!("GET / HTTP/1.1\r\nHost: localhost\r\nX: {}\r\n\r\n", "x".repeat(100_000));
    begins(&send(&scene, &long), "431");
    let body = format!(
        "GET /healthz HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\nConnection: close\r\n\r\n{}",
        "x".repeat(100)
    );
    begins(&send(&scene, &body), "200");
    assert_eq!(scene.get("/healthz").status, 200);
}

#[test]
fn connections_beyond_the_bound_are_told_so_and_the_master_goes_on() {
    let mut scene = Scene::new();
    scene.worker("sign");
    let idle: Vec<TcpStream> = (0..CONNECTIONS_MAX).map(|_| connect(&scene)).collect();
    let answer = support::eventually("a refusal", || {
        // The last of them may not have been accepted yet.
        let answer = request(&scene, "GET /healthz", "localhost");
        answer.contains("too many connections").then_some(answer)
    });
    begins(&answer, "503");
    scene.done("sign");
    drop(idle);
    support::eventually("room for another", || {
        request(&scene, "GET /healthz", "localhost").starts_with("HTTP/1.1 200").then_some(())
    });
}

#[test]
fn every_answer_keeps_browsers_from_doing_more_than_showing_it() {
    let scene = Scene::new();
    for path in ["/", "/status.json", "/metrics", "/nothing"] {
        let headers = scene.get(path).headers;
        let header = |name| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        assert_eq!(header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(header("cache-control"), "no-store", "{path}");
        let policy = header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{path}: {policy}");
    }
}

#[test]
fn addresses_that_others_reach_are_refused_unless_that_is_said() {
    let files = support::Scene::new();
    let ran = files.run(&["master", "--http", "0.0.0.0:0"]);
    assert_eq!(ran.status, 2, "{}", ran.stderr);
    assert!(ran.stderr.contains("--http-public"), "{}", ran.stderr);
    let public = files.start(&["master", "--http", "0.0.0.0:0", "--http-public"]);
    public.logs("over HTTP");
}

#[test]
fn what_cannot_be_listened_on_ends_the_program_with_one_line() {
    let scene = Scene::new();
    let files = support::Scene::new();
    let last = |text: &str| text.lines().last().unwrap_or_default().to_owned();
    let taken = files.run(&["master", "--http", &scene.address]);
    assert_eq!(taken.status, 5, "{}", taken.stderr);
    assert!(last(&taken.stderr).contains("in use by another process"), "{}", taken.stderr);
    let wrong = files.run(&["master", "--http", "9464"]);
    assert_eq!(wrong.status, 2, "{}", wrong.stderr);
    assert!(last(&wrong.stderr).contains("127.0.0.1:9464"), "{}", wrong.stderr);
    let alone = files.run(&["master", "--http-public"]);
    assert_eq!(alone.status, 2, "{}", alone.stderr);
    let elsewhere = files.run(&["run", "--connect", &files.endpoint(), "--http", "127.0.0.1:0", "--", "cat"]);
    assert_eq!(elsewhere.status, 2, "{}", elsewhere.stderr);
}
