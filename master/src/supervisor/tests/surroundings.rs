//! What workers get from their supervisor: a reader of what they print, a core, a place in the queue, bounds.

use super::*;
use std::sync::{Arc, Mutex};

#[test]
fn what_workers_print_is_handed_over_line_by_line_before_the_end_is_told() {
    let lines: Arc<Mutex<Vec<(usize, String, String)>>> = Arc::default();
    let sink = lines.clone();
    let command = shell("echo out; printf 'to ' >&2; printf 'err' >&2; exit 3").forward(move |line| {
        let text = String::from_utf8_lossy(line.line).into_owned();
        sink.lock().expect("no test panics in it").push((line.slot, line.stream.to_string(), text));
    });
    let (supervisor, events) = start(command, SupervisorSettings { start_failures_max: 1, ..workers(1) });
    let given_up = events.iter().any(|event| matches!(event, SupervisorEvent::GivenUp { .. }));
    assert!(given_up);
    supervisor.stop_all(BOUND);
    assert!(supervisor.wait_finished(BOUND));
    let mut lines = lines.lock().expect("no test panics in it").clone();
    lines.sort();
    let line = |stream: &str, text: &str| (0, stream.to_owned(), text.to_owned());
    assert_eq!(lines, [line("stderr", "to err"), line("stdout", "out")]);
}

#[test]
fn a_pinned_worker_has_one_core() {
    let scene =
        scene("grep Cpus_allowed_list /proc/self/status > line; exec sleep 1000", WorkerCommand::pinned);
    let allowed = scene.line("line");
    let core = allowed.rsplit('\t').next().expect("a split has a last part");
    assert!(core.parse::<usize>().is_ok(), "{allowed}");
}

#[test]
fn a_nice_worker_is_nice() {
    let scene = scene("nice > line; exec sleep 1000", |command| command.nice(7));
    assert_eq!(scene.line("line"), "7");
}

#[test]
fn a_workers_address_space_is_bounded() {
    let bytes = 256 << 20;
    let scene = scene("ulimit -v > line; exec sleep 1000", |command| command.address_space_bytes_max(bytes));
    assert_eq!(number(&scene.line("line")), u32::try_from(bytes >> 10).expect("few KiB"));
}

/// It is in a process group of its own, which a terminal with `stty tostop` takes for one in the background.
#[test]
fn a_worker_that_writes_to_the_terminal_is_not_stopped_by_it() {
    let scene = scene("grep SigIgn /proc/self/status > line; exec sleep 1000", |command| command);
    let line = scene.line("line");
    let ignored = line.rsplit('\t').next().and_then(|mask| u64::from_str_radix(mask, 16).ok());
    let ignores = |signal: i32| ignored.expect("a mask") & 1 << (signal - 1) != 0;
    assert!(ignores(libc::SIGTTOU) && ignores(libc::SIGTTIN), "{line}");
    assert!(!ignores(libc::SIGCHLD) && !ignores(libc::SIGTERM), "{line}");
}

fn scene(script: &str, change: impl FnOnce(WorkerCommand) -> WorkerCommand) -> Scene {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (supervisor, events) = start(change(shell(script).current_dir(folder.path())), workers(1));
    Scene { supervisor, events, folder }
}
