//! A handle is a future for any runtime or none, and can be waited for by blocking, for as long as one likes.

use crate::support::{Job, PATIENCE, Setup, in_a_client_program, in_every_setup, job, until};
use powerhose::WorkerState;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::Duration;

in_every_setup!(
    a_handle_is_awaited_under_tokio,
    many_tasks_await_their_jobs_at_once,
    a_handle_is_awaited_without_any_runtime,
    a_handle_can_be_polled_in_one_task_and_awaited_in_another,
    wait_timeout_gives_nothing_before_the_end_and_then_the_result,
    wait_timeout_and_then_await_give_the_result_once,
    a_handle_says_whether_its_job_has_ended,
    a_handle_outlives_the_last_clone_of_its_runner,
    a_blocked_caller_frees_itself_when_the_master_is_stuck,
);

in_a_client_program!(a_blocked_caller_frees_itself_when_the_master_is_stuck);

fn runtime() -> tokio::runtime::Runtime {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    builder.worker_threads(2).enable_time().build().expect("a runtime")
}

fn a_handle_is_awaited_under_tokio(setup: Setup) {
    let scene = setup.workers(1).start();
    let reply = runtime().block_on(async {
        let job = job("square", "7").pool("default").timeout(PATIENCE).header("traceparent", "00-0-0-0");
        scene.runner.submit(job).await
    });
    assert_eq!(&*reply.expect("a reply"), b"49");
}

fn many_tasks_await_their_jobs_at_once(setup: Setup) {
    let scene = setup.workers(2).start();
    runtime().block_on(async {
        let square = |number: u64| {
            let runner = scene.runner.clone();
            tokio::spawn(async move { runner.submit(job("square", &number.to_string())).await })
        };
        let tasks: Vec<_> = (0..500).map(square).collect();
        for (number, task) in (0..500_u64).zip(tasks) {
            let reply = task.await.expect("no panic").expect("a reply");
            assert_eq!(&*reply, (number * number).to_string().as_bytes());
        }
    });
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// All that a runtime needs to be.
fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(output) => return output,
            Poll::Pending => thread::park_timeout(PATIENCE),
        }
    }
}

fn a_handle_is_awaited_without_any_runtime(setup: Setup) {
    let scene = setup.workers(1).start();
    assert_eq!(&*block_on(scene.runner.submit(job("square", "8"))).expect("a reply"), b"64");
    let error = block_on(scene.runner.submit(job("fail", "no"))).expect_err("it fails");
    assert!(error.to_string().ends_with("failed: asked_to: no"));
}

fn a_handle_can_be_polled_in_one_task_and_awaited_in_another(setup: Setup) {
    let scene = setup.workers(1).start();
    let gate = scene.gate();
    let mut handle = scene.runner.submit(gate.job());
    let polled = pin!(&mut handle).poll(&mut Context::from_waker(Waker::noop()));
    assert!(polled.is_pending());
    let awaited = thread::spawn(move || block_on(handle));
    gate.open();
    assert_eq!(&*awaited.join().expect("no panic").expect("a reply"), b"1");
}

fn wait_timeout_gives_nothing_before_the_end_and_then_the_result(setup: Setup) {
    let scene = setup.workers(1).start();
    let gate = scene.gate();
    let mut handle = scene.runner.submit(gate.job());
    assert_eq!(handle.wait_timeout(Duration::ZERO), None);
    assert_eq!(handle.wait_timeout(Duration::from_millis(20)), None);
    gate.open();
    let reply = handle.wait_timeout(PATIENCE).expect("it ends").expect("a reply");
    assert_eq!(&*reply, b"1");
}

fn wait_timeout_and_then_await_give_the_result_once(setup: Setup) {
    let scene = setup.workers(1).start();
    let gate = scene.gate();
    let mut handle = scene.runner.submit(gate.job());
    assert_eq!(handle.wait_timeout(Duration::from_millis(1)), None);
    gate.open();
    assert_eq!(&*block_on(&mut handle).expect("a reply"), b"1");
    let again = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| handle.wait()));
    assert!(again.is_err(), "the result was taken twice");
}

fn a_handle_says_whether_its_job_has_ended(setup: Setup) {
    let scene = setup.workers(1).start();
    let gate = scene.gate();
    let handle = scene.runner.submit(gate.job());
    scene.wait_for_state(WorkerState::Busy, 1);
    assert!(!handle.has_ended());
    gate.open();
    until("the job to end", || handle.has_ended());
    assert_eq!(handle.id(), Some(handle.wait().expect("a reply").job()));
}

fn a_handle_outlives_the_last_clone_of_its_runner(setup: Setup) {
    let scene = setup.workers(1).start();
    let gate = scene.gate();
    let handle = scene.runner.submit(gate.job());
    scene.wait_for_state(WorkerState::Busy, 1);
    let _remains = scene.drop_runner();
    gate.open();
    assert_eq!(&*handle.wait().expect("a reply"), b"1");
}

fn a_blocked_caller_frees_itself_when_the_master_is_stuck(setup: Setup) {
    let mut scene = setup.workers(1).start();
    let (gate, stuck) = (scene.gate(), scene.mark());
    scene.master.on_notice({
        let (gate, stuck) = (gate.clone(), stuck.clone());
        move |_| {
            stuck.make();
            until("the gate to open", || gate.is_open());
        }
    });
    // That it registers is the notice on which the master's thread gets stuck.
    scene.add_worker(&[]);
    stuck.wait();
    let brief = Job::new("").timeout(Duration::from_millis(1));
    let calls = [(); 2].map(|()| scene.caller.submit(brief.clone()));
    let ended = calls.map(|call| call.wait().map(|_| ()));
    for ended in ended.into_iter().chain([scene.caller.execute(brief).map(|_| ())]) {
        let error = ended.expect_err("nobody dispatches it");
        assert!(error.is_timeout(), "{error:?}");
    }
    gate.open();
}
