//! What a caller does that hands its job in itself, while the loop's own thread sleeps.

use super::stage::Stage;
use crate::runner::engine::turns::{Lead, Led, Turns};
use powerhose_protocol::{Message, decode};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// More than a master takes by default.
const TOO_LARGE: usize = (64 << 20) + 1;

#[test]
fn a_job_that_is_handed_in_goes_to_its_worker_before_the_loop_turns() {
    let mut stage = Stage::new();
    let worker = stage.worker();
    let network = stage.network.clone();
    let (runner, event_loop) = stage.take_apart();
    let turns = Turns::new(event_loop, runner.link().wakeup(), Duration::ZERO).expect("a descriptor is left");
    network.sent();
    let handle = runner.submit("payload");
    assert_eq!(turns.hand_in(), Led::Yes);
    let sent = network.sent();
    let is_jobs = |header: &[u8]| matches!(decode(header, 1), Ok(Message::Jobs(_)));
    assert!(sent.iter().any(|(to, header, _)| *to == worker.route && is_jobs(header)), "{}", sent.len());
    drop((handle, turns));
}

#[test]
fn whoever_hands_in_calls_nobody_back_and_wakes_the_loop_that_does() {
    let stage = Stage::new();
    let (runner, event_loop) = stage.take_apart();
    let wakeup = runner.link().wakeup();
    let turns = Turns::new(event_loop, wakeup.clone(), Duration::ZERO).expect("a descriptor is left");
    let called = Arc::new(AtomicBool::new(false));
    let noted = called.clone();
    let _canceller = runner.submit(vec![0; TOO_LARGE]).on_end(move |_| noted.store(true, Ordering::Relaxed));
    assert_eq!(turns.hand_in(), Led::Yes);
    assert!(!called.load(Ordering::Relaxed), "its caller may hold what a callback waits for");
    assert_eq!(wakeup.writes(), 1);
    drop(turns);
    assert!(called.load(Ordering::Relaxed), "nobody waits on where the loop ends");
}

#[test]
fn many_jobs_in_a_row_gather_for_the_loop() {
    let mut stage = Stage::with_credit(64);
    stage.worker();
    let (runner, event_loop) = stage.take_apart();
    let turns = Turns::new(event_loop, runner.link().wakeup(), Duration::ZERO).expect("a descriptor is left");
    let mut handles = Vec::new();
    // The time stands still: they come at once.
    let handed_in = (0..1000).take_while(|_| {
        handles.push(runner.submit("payload"));
        turns.hand_in() == Led::Yes
    });
    assert!((1..1000).contains(&handed_in.count()));
    drop((handles, turns));
}
