//! Batches: many jobs, their results in order, however long the workers take, wherever the master is.

use crate::support::{Job, Setup, failure, in_a_client_program, in_every_setup, job, until};
use powerhose::JobErrorKind;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;
use std::time::Duration;

in_every_setup!(
    a_batch_ends_with_all_its_replies_in_order,
    a_batch_of_one_job_at_a_time_ends_too,
    a_batch_may_take_longer_than_the_time_of_each_of_its_jobs,
    a_job_of_a_batch_that_fails_leaves_the_others_alone,
    a_batch_is_a_stream_too,
    a_job_of_a_batch_that_fails_or_has_a_time_of_its_own_ends_alone,
    a_batch_that_is_dropped_leaves_nothing_behind,
);

in_a_client_program!(
    a_batch_ends_with_all_its_replies_in_order,
    a_job_of_a_batch_that_fails_leaves_the_others_alone,
);

fn text(reply: &[u8]) -> String {
    String::from_utf8_lossy(reply).into_owned()
}

fn a_batch_ends_with_all_its_replies_in_order(setup: Setup) {
    let scene = setup.workers(2).start();
    let numbers = (0..5000_u32).map(|number| number.to_string().into_bytes());
    let squares = scene.caller.execute_many(&job("square", ""), numbers);
    let squares: Vec<String> = squares.into_iter().map(|result| text(&result.expect("a reply"))).collect();
    assert!(squares.into_iter().eq((0..5000_u32).map(|number| (number * number).to_string())));
    assert!(scene.caller.execute_many(&job("square", ""), std::iter::empty()).is_empty());
}

fn a_batch_of_one_job_at_a_time_ends_too(setup: Setup) {
    let scene = setup.workers(2).start();
    assert_eq!(scene.runner.execute_many(Vec::<Job>::new()).count(), 0);
    let few = scene.runner.execute_many((0..20).map(|_| job("square", "3"))).jobs_max(1);
    assert_eq!(few.filter(Result::is_ok).count(), 20);
}

fn a_batch_may_take_longer_than_the_time_of_each_of_its_jobs(setup: Setup) {
    let scene = setup.workers(1).start();
    let time = Duration::from_millis(1500);
    // One waits for two to three seconds before a worker has it.
    let jobs = (0..12).map(|_| job("sleep", "250").run_timeout(time));
    for result in scene.runner.execute_many(jobs) {
        result.expect("waiting does not count");
    }
    let hangs = scene.runner.execute_many([job("sleep", "60000").run_timeout(time)]).next();
    let error = hangs.expect("a result").expect_err("its time at a worker is over");
    assert_eq!((error.kind(), error.may_have_run()), (&JobErrorKind::TimedOut, true));
}

fn a_job_of_a_batch_that_fails_leaves_the_others_alone(setup: Setup) {
    let scene = setup.workers(2).start();
    let payloads = ["2", "x", "3", "", "4"].map(|payload| payload.as_bytes().to_vec());
    let results = scene.caller.execute_many(&job("square", ""), payloads.into_iter());
    let ended = results.iter().map(|result| match result {
        Ok(square) => text(square),
        Err(error) => failure(error.kind()).0.to_owned(),
    });
    assert_eq!(ended.collect::<Vec<_>>(), ["4", "not_a_number", "9", "not_a_number", "16"]);
}

fn a_batch_is_a_stream_too(setup: Setup) {
    let scene = setup.workers(2).start();
    let mut squares =
        scene.runner.execute_many((0..3000_u32).map(|number| job("square", &number.to_string())));
    let all = block_on(async move {
        let mut all = Vec::new();
        while let Some(square) = squares.next_result().await {
            all.push(text(&square.expect("a reply")));
        }
        all
    });
    assert!(all.into_iter().eq((0..3000_u32).map(|number| (number * number).to_string())));
}

fn a_job_of_a_batch_that_fails_or_has_a_time_of_its_own_ends_alone(setup: Setup) {
    let scene = setup.workers(1).start();
    let gate = scene.gate();
    let jobs = [
        job("square", "2"),
        job("square", "x"),
        gate.job().timeout(Duration::from_millis(300)),
        job("square", "3"),
    ];
    let results: Vec<_> = scene
        .runner
        .execute_many(jobs)
        .map(|result| {
            if matches!(&result, Err(error) if *error.kind() == JobErrorKind::TimedOut) {
                gate.open();
            }
            result.map(|reply| text(&reply)).map_err(|error| error.kind().clone())
        })
        .collect();
    assert_eq!(results[0].as_deref(), Ok("4"));
    assert!(matches!(results[1], Err(JobErrorKind::Failed { .. })), "{results:?}");
    assert_eq!(results[2], Err(JobErrorKind::TimedOut));
    assert_eq!(results[3].as_deref(), Ok("9"));
}

fn a_batch_that_is_dropped_leaves_nothing_behind(setup: Setup) {
    let scene = setup.workers(1).start();
    let gate = scene.gate();
    let batch = scene.runner.batch(100);
    (0..4).for_each(|_| batch.submit(gate.job()));
    gate.wait_begun(1);
    drop(batch);
    gate.open();
    until("the jobs that nobody wants to end", || {
        scene.runner.stats().expect("the master answers").in_flight == 0
    });
    assert_eq!(scene.runner.execute(job("square", "3")).expect("a reply"), b"9");
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// The smallest runtime there is.
fn block_on<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(value) => return value,
            Poll::Pending => std::thread::park(),
        }
    }
}
