//! The program with encrypted endpoints, in a build of libzmq that has them: `scripts/test-curve` makes it.
#![cfg(feature = "curve-tests")]

#[path = "suite/support/mod.rs"]
#[allow(dead_code, unused_imports, reason = "shared with the tests of the commands, which use all of it")]
mod support;

use powerhose_protocol::CurveKey;
use std::fmt::Write;
use support::{Scene, Signal, eventually};

/// Public and secret key, as they stand in files.
fn new_pair() -> (String, String) {
    let pair = zmq::CurveKeyPair::new().expect("this build has CURVE");
    let text = |key| CurveKey::new(key).to_z85();
    (text(pair.public_key), text(pair.secret_key))
}

/// A file with these keys.
fn keys(scene: &Scene, file: &str, keys: &[(&str, &str)]) -> String {
    let mut text = String::from("# made for a test\n");
    keys.iter().for_each(|(name, key)| writeln!(text, "{name} {key}").expect("a string takes all"));
    scene.file(file, &text)
}

#[test]
fn run_encrypts_hands_its_workers_their_keys_and_lets_only_those_on_the_list_in() {
    let scene = Scene::new();
    let [master, worker, client, stranger] = std::array::from_fn(|_| new_pair());
    let server = keys(
        &scene,
        "server.keys",
        &[("public", &master.0), ("secret", &master.1), ("allow", &worker.0), ("allow", &client.0)],
    );
    let peer = |file: &str, (public, secret): &(String, String)| {
        keys(&scene, file, &[("server", &master.0), ("public", public), ("secret", secret)])
    };
    let (worker, client, stranger) =
        (peer("worker.keys", &worker), peer("client.keys", &client), peer("stranger.keys", &stranger));

    // Where other machines reach it: encryption makes --insecure-tcp needless.
    let flags = ["--bind", "tcp://0.0.0.0:0", "--curve-server-file", &server, "--curve-file", &worker];
    let program = env!("CARGO_BIN_EXE_powerhose");
    let work = ["--", program, "work", "--", "wc", "-c"];
    let mut run = scene.start(&[&["run", "--workers", "1"][..], &flags, &work].concat());
    run.logs("worker registered");
    let endpoint = eventually("its endpoint", || {
        let log = run.log();
        let (_, rest) = log.split_once("endpoint=tcp://0.0.0.0:")?;
        Some(format!("tcp://127.0.0.1:{}", rest.split_whitespace().next()?))
    });

    let at = ["--endpoint", &endpoint];
    let ran = scene.run(&[&["execute"][..], &at, &["--curve-file", &client, "hello"]].concat());
    assert_eq!((ran.status, ran.stdout.trim()), (0, "5"), "{ran:?}");
    let ran = scene.run(&[&["check"][..], &at, &["--curve-file", &client, "--workers-min", "1"]].concat());
    assert_eq!(ran.status, 0, "{ran:?}");
    for keys in [&["--curve-file", &stranger][..], &[]] {
        let ran = scene.run(&[&["check"][..], &at, &["--within", "500ms"], keys].concat());
        assert_eq!(ran.status, 1, "no master answers: {ran:?}");
    }
    let version = scene.run(&["--version"]).stdout;
    assert!(version.contains("curve: yes"), "{version}");

    run.signal(Signal::TERM);
    assert_eq!(run.status(), 0, "{}", run.log());
}
