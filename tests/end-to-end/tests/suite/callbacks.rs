//! Callers who are called back when their jobs end, wherever the master is.

use crate::support::{PATIENCE, Setup, in_every_setup, job};
use crossbeam_channel::{Receiver, Sender};
use powerhose::{JobError, JobErrorKind, Reply};
use std::collections::BTreeMap;
use std::time::Duration;

in_every_setup!(
    a_thousand_jobs_call_back_once_each_and_those_whose_handle_was_dropped_never,
    a_cancelled_job_calls_back_and_its_worker_goes_on,
    a_callback_submits_the_next_job,
    a_callback_that_panics_harms_nobody,
    callbacks_keep_their_runner_running,
);

type Ended = (u32, Result<Reply, JobError>);

fn channel() -> (Sender<Ended>, Receiver<Ended>) {
    crossbeam_channel::unbounded()
}

fn next(ended: &Receiver<Ended>) -> Ended {
    ended.recv_timeout(PATIENCE).expect("it calls back")
}

fn a_thousand_jobs_call_back_once_each_and_those_whose_handle_was_dropped_never(setup: Setup) {
    let scene = setup.workers(2).start();
    let (sender, ended) = channel();
    for number in 0..1000 {
        let handle = scene.runner.submit(job("square", &number.to_string()));
        if number % 4 == 3 {
            drop(handle);
            continue;
        }
        let sender = sender.clone();
        drop(handle.on_end(move |result| drop(sender.send((number, result)))));
    }
    // Its end is the end of the last callback.
    drop(sender);
    let mut squares = BTreeMap::new();
    while let Ok((number, result)) = ended.recv_timeout(PATIENCE) {
        let square = String::from_utf8_lossy(&result.expect("a reply")).into_owned();
        assert_eq!(squares.insert(number, square), None);
    }
    let expected = (0..1000_u32).filter(|number| number % 4 != 3);
    assert_eq!(squares, expected.map(|number| (number, (number * number).to_string())).collect());
}

fn a_cancelled_job_calls_back_and_its_worker_goes_on(setup: Setup) {
    let scene = setup.workers(1).start();
    let gate = scene.gate();
    let (sender, ended) = channel();
    let canceller = scene.runner.submit(gate.job()).on_end(move |result| drop(sender.send((0, result))));
    gate.wait_begun(1);
    canceller.cancel();
    let error = ended.try_recv().expect("it has called back").1.expect_err("it was cancelled");
    assert_eq!(error.kind(), &JobErrorKind::Cancelled);
    gate.open();
    assert_eq!(scene.runner.execute(job("square", "3")).expect("a reply"), b"9");
}

fn a_callback_submits_the_next_job(setup: Setup) {
    let scene = setup.workers(1).start();
    let (sender, ended) = channel();
    let runner = scene.runner.clone();
    scene.runner.submit(job("square", "2")).on_end(move |result| {
        let square = String::from_utf8_lossy(&result.expect("a reply")).into_owned();
        runner.submit(job("square", &square)).on_end(move |result| drop(sender.send((1, result))));
    });
    assert_eq!(&next(&ended).1.expect("a reply")[..], b"16");
}

fn a_callback_that_panics_harms_nobody(setup: Setup) {
    let scene = setup.workers(1).start();
    let (sender, ended) = channel();
    scene.runner.submit(job("square", "2")).on_end(|_| panic!("on purpose"));
    scene.runner.submit(job("square", "3")).on_end(move |result| drop(sender.send((0, result))));
    assert_eq!(&next(&ended).1.expect("a reply")[..], b"9");
    assert_eq!(scene.runner.execute(job("square", "4")).expect("a reply"), b"16");
}

fn callbacks_keep_their_runner_running(setup: Setup) {
    let scene = setup.workers(1).start();
    let (sender, ended) = channel();
    let own = scene.client();
    let gate = scene.gate();
    own.submit(gate.job()).on_end(move |result| drop(sender.send((0, result))));
    drop(own);
    gate.wait_begun(1);
    assert_eq!(ended.recv_timeout(Duration::ZERO).ok(), None);
    gate.open();
    assert!(next(&ended).1.is_ok());
}
