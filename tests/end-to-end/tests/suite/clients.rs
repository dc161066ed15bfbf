//! Several clients of one master, in this process and in others: they share its workers in turns, and what becomes of one
//! is nothing to another.

use crate::support::{
    Call, Caller, EMBEDDED, Job, OutsideMaster, PATIENCE, Scene, Setup, in_a_client, in_a_client_program,
    in_every_setup, job,
};
use powerhose::{GoneCause, JobRunner, Notice, PoolSettings, WorkerState};
use std::thread;
use std::time::Duration;

in_every_setup!(and_python:
    workers_are_waited_for_and_missing_ones_are_counted,
    workers_are_told_as_they_are,
    what_the_master_has_counted_is_told,
);

in_a_client_program!(
    a_client_with_many_jobs_does_not_starve_one_with_few,
    a_killed_clients_waiting_jobs_are_dropped_and_its_running_one_is_cancelled,
);

fn workers_are_waited_for_and_missing_ones_are_counted(setup: Setup) {
    let mut scene = setup.workers(1).start();
    assert_eq!(scene.runner.wait_for_workers(0, Duration::ZERO), Ok(()));
    assert_eq!(scene.runner.wait_for_workers(1, Duration::ZERO), Ok(()));
    let missing = scene.runner.wait_for_workers(2, Duration::from_millis(50)).expect_err("one is there");
    assert_eq!((missing.wanted, missing.registered), (2, 1));
    assert_eq!(missing.to_string(), "1 of 2 workers registered within 50 ms");
    scene.add_worker(&[]);
    assert_eq!(scene.runner.wait_for_workers(2, PATIENCE), Ok(()));
}

fn workers_are_told_as_they_are(setup: Setup) {
    let mut scene = setup.workers_of(&[&["sign", "verify"]]).start();
    scene.add_worker(&["--pool", "thumbnail"]);
    scene.wait_for_workers(2);
    let gate = scene.gate();
    let held = scene.runner.submit(gate.job().pool("verify"));
    let begun = gate.wait_begun(1)[0];
    let infos = scene.runner.workers().expect("the master is there");
    let [busy, ready] = infos.as_slice() else { panic!("{infos:?}") };
    assert_eq!((busy.pid, busy.state, busy.outstanding), (begun.pid, WorkerState::Busy, 1));
    assert_eq!(busy.pools, ["sign", "verify"]);
    assert_eq!((ready.pid, ready.state, ready.outstanding), (scene.workers[1].id(), WorkerState::Ready, 0));
    assert_eq!(ready.pools, ["thumbnail"]);
    assert!(busy.id < ready.id && busy.instance != ready.instance && busy.host == ready.host);
    gate.open();
    assert!(held.wait().is_ok());
    assert_eq!(
        scene.runner.execute(job("dance", "").pool("sign")).map_err(|error| error.may_have_run()),
        Err(true)
    );
    let info = scene.runner.workers().expect("the master is there").remove(0);
    assert_eq!((info.state, info.done, info.failed), (WorkerState::Ready, 1, 1));
}

fn what_the_master_has_counted_is_told(setup: Setup) {
    let scene = setup.workers_of(&[&["sign"]]).start();
    scene.runner.execute(job("square", "3").pool("sign")).expect("a reply");
    scene.runner.execute(job("square", "4").pool("sign")).expect("a reply");
    scene.runner.execute(job("fail", "no").pool("sign")).expect_err("it was told to fail");
    scene.runner.execute(Job::from("x").pool("nobody's")).expect_err("that is no name");
    let stats = scene.runner.stats().expect("the master is there");
    assert_eq!((stats.accepted, stats.done, stats.failed, stats.in_flight), (3, 2, 1, 0));
    assert_eq!((stats.workers.all(), stats.workers.ready), (1, 1));
    assert!(stats.accepting && !stats.uptime.is_zero() && stats.bytes_received > 0);
    let [pool] = stats.pools.as_slice() else { panic!("{stats:?}") };
    assert_eq!((&*pool.name, pool.ends.done, pool.ends.failed), ("sign", 2, 1));
    assert_eq!((pool.times.run.count(), pool.times.total.count()), (3, 3));
}

/// In the order in which the one worker ran them.
fn places(calls: Vec<Call>) -> Vec<u64> {
    let reply = |handle: Call| handle.wait().expect("a reply");
    let place = |handle| String::from_utf8_lossy(&reply(handle)).parse().expect("a number");
    calls.into_iter().map(place).collect()
}

fn submit_counts(caller: &Caller, jobs: usize) -> Vec<Call> {
    (0..jobs).map(|_| caller.submit(job("count", ""))).collect()
}

/// A scene whose one worker runs one job at a time.
fn one_at_a_time(setup: Setup) -> Scene {
    let pool = ("default".to_owned(), PoolSettings::new().credit(1));
    setup.workers(1).settings(|settings| settings.pools.push(pool)).start()
}

in_a_client!(
    a_client_that_waits_for_its_master_finds_it_when_it_comes,
    many_clients_at_once_each_get_their_own_replies,
);

in_every_setup!(mod fairness: a_client_with_many_jobs_does_not_starve_one_with_few);

fn a_client_with_many_jobs_does_not_starve_one_with_few(setup: Setup) {
    let scene = one_at_a_time(setup);
    let (gate, modest) = (scene.gate(), scene.another_caller());
    let held = scene.caller.submit(gate.job());
    gate.wait_begun(1);
    let many = submit_counts(&scene.caller, 200);
    scene.wait_for_accepted(201);
    let few = submit_counts(&modest, 5);
    scene.wait_for_accepted(206);
    gate.open();
    assert!(held.wait().is_ok());
    // They take turns from the second job of the worker on, whoever is first.
    let last_of_few = places(few).into_iter().max().expect("five");
    assert!(last_of_few <= 1 + 2 * 5, "it had to wait for {last_of_few} jobs");
    assert_eq!(places(many).into_iter().max(), Some(206));
}

#[test]
fn jobs_of_one_caller_begin_in_the_order_in_which_they_were_submitted() {
    let scene = one_at_a_time(EMBEDDED);
    let handles = submit_counts(&scene.caller, 100);
    assert_eq!(places(handles), (1..=100).collect::<Vec<u64>>());
}

fn a_killed_clients_waiting_jobs_are_dropped_and_its_running_one_is_cancelled(setup: Setup) {
    let scene = setup.workers(1).start();
    let mark = scene.mark();
    let _calls: Vec<_> = (0..50).map(|_| scene.caller.submit(mark.job_until_cancelled())).collect();
    mark.wait_begun();
    scene.wait_for_accepted(50);
    scene.caller.program().kill();
    mark.wait();
    let cause = scene.notice(|notice| match notice {
        Notice::ClientGone { cause, .. } => Some(cause),
        _ => None,
    });
    assert_eq!(cause, GoneCause::Disconnected);
    // None of the others ever ran, and the worker is free for somebody else's.
    assert_eq!(scene.runner.execute(job("count", "")), Ok(b"2".to_vec()));
    assert_eq!(scene.master.stats().expect("the master is there").cancelled, 50);
}

#[test]
fn a_client_without_a_master_says_where_it_looked_and_for_how_long() {
    let outside = OutsideMaster::start(&[]);
    let nowhere = format!("ipc://{}/nobody.ipc", outside.folder().display());
    let connector = JobRunner::connector(&nowhere).connect_timeout(Duration::from_millis(100));
    let error = connector.connect().expect_err("nobody is there").to_string();
    assert_eq!(error, format!("no master answered on {nowhere} within 100ms: is one running there?"));
    assert!(JobRunner::connect("tcp:/x").expect_err("no endpoint").to_string().contains("is no endpoint"));
}

fn a_client_that_waits_for_its_master_finds_it_when_it_comes(setup: Setup) {
    let mut outside = OutsideMaster::start(&[]);
    outside.end();
    thread::scope(|scope| {
        let (endpoint, folder) = (outside.endpoint.clone(), outside.folder().to_owned());
        let connecting = scope.spawn(move || setup.client_of(&endpoint, &folder));
        outside.start_again();
        let client = connecting.join().expect("it connects");
        let _worker = outside.worker(&[]);
        assert!(client.has_workers(1, PATIENCE));
        assert_eq!(client.execute("payload"), Ok(b"payload".to_vec()));
    });
}

fn many_clients_at_once_each_get_their_own_replies(setup: Setup) {
    let scene = setup.workers(2).start();
    let clients: Vec<Caller> = (0..8).map(|_| scene.another_caller()).collect();
    let submit = |client: usize, number: usize| {
        let payload = format!("{client}:{number}");
        (clients[client].submit(&payload), payload)
    };
    // Interleaved, so that calls of the same number of different clients are under way together.
    let all: Vec<_> = (0..100)
        .flat_map(|number| (0..8).map(move |client| (client, number)))
        .map(|(c, n)| submit(c, n))
        .collect();
    for (handle, payload) in all {
        assert_eq!(&*handle.wait().expect("a reply"), payload.as_bytes());
    }
}
