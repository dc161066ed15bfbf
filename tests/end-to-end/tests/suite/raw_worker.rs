//! What the master says to a worker, and what becomes of what a worker says: seen from the wire, by a worker that does
//! exactly what a test wants.

use crate::support::{EMBEDDED, Peer, RawWorker, Scene, call, done, end, until};
use powerhose::{GoneCause, Job, JobErrorKind, LostCause, Notice, WorkerState};
use powerhose_protocol::{Bye, Execute, Message, Quiet, Replies, WorkerEnd};
use std::thread;
use std::time::Duration;

fn scene() -> Scene {
    EMBEDDED.workers(0).start()
}

#[test]
fn a_job_comes_with_all_that_a_worker_needs_to_know() {
    let scene = scene();
    let worker = RawWorker::register(&scene.endpoint, &["sign"]);
    let job =
        Job::new("payload").pool("sign").header("name", b"\xffvalue").timeout(Duration::from_secs(20)).once();
    let handle = scene.runner.submit(job);
    let given = worker.next_job();
    assert_eq!((Some(given.job), given.attempt, &*given.pool), (handle.id(), 1, "sign"));
    assert_eq!((given.flags, &*given.payload), (1, &b"payload"[..]));
    assert!((15_000..=20_000).contains(&given.remaining_ms), "{}", given.remaining_ms);
    assert_eq!(given.headers, [("name".to_owned(), b"\xffvalue".to_vec())]);
    worker.answer(&[done(given.job, 1)], &[b"reply"]);
    assert_eq!(&*handle.wait().expect("a reply"), b"reply");
}

#[test]
fn a_second_registration_replaces_the_pools() {
    let scene = scene();
    let worker = RawWorker::register(&scene.endpoint, &["sign", "verify"]);
    let before = scene.infos();
    worker.peer.registered(worker.session, &["thumbnail"]);
    let after = scene.infos();
    assert_eq!(
        (after.len(), after[0].id, &after[0].pools[..]),
        (1, before[0].id, &["thumbnail".to_owned()][..])
    );
    let handle = scene.runner.submit(Job::new("").pool("thumbnail"));
    let given = worker.next_job();
    worker.answer(&[done(given.job, 1)], &[b"reply"]);
    assert!(handle.wait().is_ok());
    // The old ones have nobody any longer.
    let brief = Job::new("").pool("sign").timeout(Duration::from_millis(50));
    assert!(scene.runner.execute(brief).expect_err("nobody offers it").is_timeout());
}

#[test]
fn a_second_registration_does_not_touch_the_jobs_that_the_worker_has() {
    let scene = scene();
    let worker = RawWorker::register(&scene.endpoint, &["sign"]);
    let handle = scene.runner.submit(Job::new("").pool("sign"));
    let given = worker.next_job();
    worker.peer.registered(worker.session, &["other"]);
    worker.answer(&[done(given.job, 1)], &[b"reply"]);
    assert_eq!(handle.wait().expect("a reply").attempts(), 1);
}

#[test]
fn a_job_is_answered_once_and_what_comes_later_is_dropped() {
    let scene = scene();
    let worker = RawWorker::register(&scene.endpoint, &["default"]);
    let handle = scene.runner.submit("first");
    let given = worker.next_job();
    // Another attempt of it, the answer, and the answer again.
    worker.answer(&[done(given.job, 2)], &[b"forged"]);
    worker.answer(&[done(given.job, 1)], &[b"reply"]);
    worker.answer(&[done(given.job, 1)], &[b"again"]);
    assert_eq!(&*handle.wait().expect("a reply"), b"reply");
    worker.settle();
    let stats = scene.master.stats().expect("the master is there");
    assert_eq!((stats.done, stats.replies_stray), (1, 2));
}

#[test]
fn when_the_deadline_passes_the_worker_is_told_and_gets_nothing_until_it_answers() {
    let scene = scene();
    let worker = RawWorker::register(&scene.endpoint, &["default"]);
    let handle = scene.runner.submit(Job::new("").timeout(Duration::from_millis(300)));
    let given = worker.next_job();
    assert_eq!(worker.next_cancel(), [(given.job, 1)]);
    assert!(handle.wait().expect_err("nobody answered").is_timeout());
    let next = scene.runner.submit("next");
    scene.wait_for_accepted(2);
    assert_eq!(scene.infos()[0].state, WorkerState::Overdue);
    worker.settle();
    worker.answer(&[done(given.job, 1)], &[b"late"]);
    let given = worker.next_job();
    worker.answer(&[done(given.job, 1)], &[b"in time"]);
    assert_eq!(&*next.wait().expect("a reply"), b"in time");
    assert_eq!(scene.master.stats().expect("the master is there").replies_late, 1);
}

#[test]
fn an_answer_at_the_moment_of_the_deadline_is_either_in_time_or_reaches_nobody() {
    let scene = scene();
    let worker = RawWorker::register(&scene.endpoint, &["default"]);
    // Sockets go to another thread, and stay there.
    let answering = thread::spawn(move || worker.echo_until(b"last"));
    for number in 0..50_u8 {
        let result = scene.runner.execute(Job::new(&[number]).timeout(Duration::from_millis(3)));
        match result {
            Ok(reply) => assert_eq!(reply, [number]),
            Err(error) => assert!(error.is_timeout(), "{error:?}"),
        }
    }
    assert_eq!(scene.runner.execute("last"), Ok(b"last".to_vec()));
    answering.join().expect("it got nothing but jobs, and word that nobody waits for them");
}

#[test]
fn what_a_worker_gives_back_runs_elsewhere_without_a_charge() {
    let scene = scene();
    let unwilling = RawWorker::register(&scene.endpoint, &["default"]);
    let handle = scene.runner.submit(Job::new("payload").attempts_max(1));
    let given = unwilling.next_job();
    let willing = RawWorker::register(&scene.endpoint, &["default"]);
    unwilling.answer(&[end(given.job, 1, WorkerEnd::Returned)], &[b""]);
    let again = willing.next_job();
    assert_eq!((again.job, again.attempt, &*again.payload), (given.job, 2, &b"payload"[..]));
    willing.answer(&[done(again.job, 2)], &[b"reply"]);
    assert_eq!(handle.wait().expect("a reply").attempts(), 1);
}

#[test]
fn a_worker_that_says_bye_with_a_job_is_not_charged_for_it() {
    let scene = scene();
    let leaving = RawWorker::register(&scene.endpoint, &["default"]);
    let handle = scene.runner.submit(Job::new("").attempts_max(1));
    let given = leaving.next_job();
    let staying = RawWorker::register(&scene.endpoint, &["default"]);
    leaving.peer.say(Bye { session: leaving.session, code: "leaving", text: "" }, &[]);
    let again = staying.next_job();
    assert_eq!((again.job, again.attempt), (given.job, 2));
    staying.answer(&[done(again.job, 2)], &[b"reply"]);
    assert!(handle.wait().is_ok());
}

#[test]
fn a_worker_that_says_hello_again_has_lost_its_jobs() {
    let scene = scene();
    let worker = RawWorker::register(&scene.endpoint, &["default"]);
    let handle = scene.runner.submit(Job::new("").attempts_max(1));
    let given = worker.next_job();
    let session = worker.peer.hello("worker").session;
    assert_ne!(session, worker.session);
    let error = handle.wait().expect_err("it is charged");
    assert_eq!(*error.kind(), JobErrorKind::Lost(LostCause::Worker));
    // The old session is over, also for the reply to a job of it.
    let replies = || Replies { session: worker.session, replies: vec![done(given.job, 1)] };
    worker.peer.say(replies(), &[b"late"]);
    worker.peer.unknown();
    let cause = scene.notice(|notice| match notice {
        Notice::WorkerGone { cause, .. } => Some(cause),
        _ => None,
    });
    assert_eq!(cause, GoneCause::Renewed);
}

#[test]
fn a_worker_that_wants_to_leave_is_quieted_and_gets_no_job_after_that() {
    let scene = scene();
    let worker = RawWorker::register(&scene.endpoint, &["default"]);
    worker.peer.say(Quiet { session: worker.session }, &[]);
    assert!(matches!(worker.peer.receive().message(), Message::Quieted(_)));
    let handle = scene.runner.submit("waits");
    scene.wait_for_accepted(1);
    worker.settle();
    assert_eq!(scene.infos()[0].state, WorkerState::Quiet);
    let other = RawWorker::register(&scene.endpoint, &["default"]);
    let given = other.next_job();
    other.answer(&[done(given.job, 1)], &[b"reply"]);
    assert!(handle.wait().is_ok());
}

#[test]
fn a_worker_that_sends_no_heartbeats_is_gone_when_the_silence_is_over() {
    let scene = EMBEDDED.workers(0).settings(|settings| {
        settings.heartbeat_interval = Duration::from_millis(50);
        settings.silence_max = Duration::from_millis(200);
    });
    let scene = scene.start();
    let worker = RawWorker::register(&scene.endpoint, &["default"]);
    let cause = scene.notice(|notice| match notice {
        Notice::WorkerGone { cause, .. } => Some(cause),
        _ => None,
    });
    assert_eq!(cause, GoneCause::Silent);
    // Its connection lives, so it can be told at its next word.
    worker.peer.say(crate::support::heartbeat(worker.session), &[]);
    worker.peer.unknown();
}

#[test]
fn the_master_beats_and_counts_from_one() {
    let interval = Duration::from_millis(20);
    let scene = EMBEDDED.workers(0).settings(|settings| settings.heartbeat_interval = interval).start();
    let peer = Peer::connect(&scene.endpoint);
    peer.hello("worker");
    let sequences: Vec<u64> = (0..3).map(|_| peer.heartbeat().sequence).collect();
    assert_eq!(sequences, [1, 2, 3]);
}

#[test]
fn a_call_is_not_taken_twice_and_one_that_is_abandoned_has_no_outcome() {
    let scene = scene();
    let worker = RawWorker::register(&scene.endpoint, &["default"]);
    let client = Peer::connect(&scene.endpoint);
    let session = client.hello("client").session;
    client.say(Execute { session, calls: vec![call(1)] }, &[b"one"]);
    let given = worker.next_job();
    client.say(Execute { session, calls: vec![call(1)] }, &[b"again"]);
    let refusal = client.refusal();
    assert_eq!((refusal.kind, refusal.reference, &*refusal.code), (20, Some(1), "duplicate_call"));
    client.say(powerhose_protocol::Abandon { session, calls: vec![1, 99] }, &[]);
    assert_eq!(worker.next_cancel(), [(given.job, 1)]);
    worker.answer(&[end(given.job, 1, WorkerEnd::Cancelled)], &[b""]);
    client.say(Execute { session, calls: vec![call(2)] }, &[b"two"]);
    let given = worker.next_job();
    assert_eq!(&*given.payload, b"two");
    worker.answer(&[done(given.job, 1)], &[b"reply"]);
    match client.receive().message() {
        Message::Outcomes(outcomes) => assert_eq!(outcomes.outcomes[0].call, 2),
        other => panic!("{other:?} instead of OUTCOMES"),
    }
    until("the counts to be told", || scene.master.stats().is_ok_and(|stats| stats.cancelled == 1));
}
