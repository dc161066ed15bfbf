//! `bench`: is it worth it for this function?

use crate::support::Scene;

#[test]
fn it_prints_both_ways_and_from_which_length_on_it_pays() {
    let scene = Scene::new();
    let program = env!("CARGO_BIN_EXE_powerhose");
    let flags = ["bench", "--workers", "2", "--measure-for", "500ms", "--payload", "-", "--lines"];
    let worker = ["--", program, "--log", "error", "work", "--lines", "--", "cat"];
    let ran = scene.run_with(&[&flags[..], &worker].concat(), b"one\ntwo\n");
    assert_eq!((ran.status, &*ran.stderr), (0, ""), "{ran:?}");
    for text in [
        "called directly, one thread",
        "through a master, one at a time",
        "64 in flight",
        "With 2 workers",
        "event loop",
    ] {
        assert!(ran.stdout.contains(text), "{text}: {}", ran.stdout);
    }
}

#[test]
fn a_worker_that_does_not_start_or_fails_its_jobs_is_reported() {
    let scene = Scene::new();
    let broken = scene.run(&["bench", "--workers", "1", "--", "false"]);
    assert!(broken.status == 9 && broken.stderr.contains("exit status 1"), "{broken:?}");
    let program = env!("CARGO_BIN_EXE_powerhose");
    let failing = scene.run(&[
        "bench",
        "--workers",
        "1",
        "--",
        program,
        "--log",
        "error",
        "work",
        "--",
        "sh",
        "-c",
        "exit 3",
    ]);
    assert!(failing.status == 20 && failing.stderr.contains("exit_3"), "{failing:?}");
}
