//! Clients: their calls, what they take back, and what is left of them when they go.

use super::harness::*;
use crate::common::{GoneCause, Notice, Submission};
use bytes::Bytes;
use powerhose_protocol::*;

fn abandon(bench: &mut Bench, client: Peer, calls: &[u64]) {
    bench.say(client.route, Abandon { session: client.session, calls: calls.to_vec() });
}

#[test]
fn a_clients_job_bears_its_number_and_the_reply_comes_back_under_its_call() {
    let mut bench = Bench::new();
    let (client, worker) = (bench.client(), bench.worker("sign"));
    bench.execute(client, 99, "sign");
    let given = bench.job(worker);
    assert_eq!(given.job, JobId::new(client.number, 99));
    bench.pass(7);
    bench.done(worker, &given);
    let outcomes = bench.outcomes(client);
    let expected = Ended {
        call: 99,
        end: JobEnd::Done,
        may_have_run: true,
        attempts: 1,
        worker: Some(worker.number),
        code: String::new(),
        text: String::new(),
        detail: None,
        headers: Vec::new(),
        payload: Bytes::from_static(b"reply"),
    };
    assert_eq!(outcomes, [expected]);
}

#[test]
fn each_client_hears_of_its_own_calls_only() {
    let mut bench = Bench::new();
    let clients = [bench.client(), bench.client()];
    clients.iter().for_each(|client| bench.execute(*client, 1, "sign"));
    let workers = [bench.worker("sign"), bench.worker("sign")];
    for (worker, payload) in workers.iter().zip([b"first".as_slice(), b"second"]) {
        let given = bench.job(*worker);
        bench.answer(*worker, &given, Answer { payload, ..Answer::default() });
    }
    assert_eq!(bench.outcomes(clients[0])[0].payload, b"first"[..]);
    assert_eq!(bench.outcomes(clients[1])[0].payload, b"second"[..]);
}

#[test]
fn a_call_that_has_not_ended_cannot_be_made_again_and_the_first_goes_on() {
    let mut bench = Bench::new();
    let (client, worker) = (bench.client(), bench.worker("sign"));
    bench.execute(client, 5, "sign");
    bench.execute_all(client, &[(5, job("sign")), (6, job("sign"))]);
    let refusal = bench.refusal(client);
    assert_eq!((refusal.of(Kind::Execute), refusal.reference), ("duplicate_call", Some(5)));
    let given = bench.job(worker);
    bench.done(worker, &given);
    assert_eq!(bench.outcomes(client)[0].call, 5);
    assert_eq!(bench.calls(worker), [6], "what came besides it is taken in");
}

#[test]
fn calls_that_are_refused_end_with_a_code_and_those_beside_them_do_not() {
    let mut bench = Bench::with(|settings| (settings.payload_bytes_max, settings.queue_jobs_max) = (10, 1));
    let client = bench.client();
    let large = Submission { payload: Bytes::from_static(b"eleven bytes"), ..job("sign") };
    bench.execute_all(client, &[(1, large), (2, job("sign")), (3, job("sign"))]);
    let outcomes = bench.outcomes(client);
    let seen: Vec<_> =
        outcomes.iter().map(|ended| (ended.call, ended.end, ended.code.as_str(), ended.detail)).collect();
    let too_large = (1, JobEnd::Rejected, "payload_too_large", Some(10));
    assert_eq!(seen, [too_large, (3, JobEnd::Rejected, "queue_full", Some(1))]);
    assert!(outcomes.iter().all(|ended| !ended.may_have_run && ended.attempts == 0));
}

#[test]
fn a_waiting_call_that_is_abandoned_is_never_dispatched() {
    let mut bench = Bench::new();
    let client = bench.client();
    bench.execute_all(client, &[(1, job("sign")), (2, job("sign")), (3, job("sign"))]);
    abandon(&mut bench, client, &[1, 3]);
    let worker = bench.worker("sign");
    assert_eq!(bench.calls(worker), [2]);
    bench.pass(100);
    assert_eq!(bench.heard(client), []);
    assert_eq!(bench.desk.stats().cancelled, 2);
}

#[test]
fn a_running_call_that_is_abandoned_is_cancelled_and_its_worker_overdue() {
    let mut bench = Bench::new();
    let (client, worker) = (bench.client(), bench.worker("sign"));
    bench.execute(client, 1, "sign");
    let given = bench.job(worker);
    abandon(&mut bench, client, &[1]);
    assert_eq!(bench.heard(worker), [Sent::Cancel(vec![(given.job, 1)])]);
    bench.execute(client, 2, "sign");
    assert_eq!(bench.calls(worker), []);
    bench.give_back(worker, &given, WorkerEnd::Cancelled);
    assert_eq!(bench.calls(worker), [2]);
    assert_eq!(bench.heard(client), [], "no outcome follows");
}

#[test]
fn calls_that_are_not_there_are_ignored_when_they_are_abandoned() {
    let mut bench = Bench::new();
    let clients = [bench.client(), bench.client()];
    bench.execute(clients[0], 1, "sign");
    abandon(&mut bench, clients[1], &[1, 2, 0, u64::MAX]);
    assert_eq!(bench.heard(clients[1]), []);
    let worker = bench.worker("sign");
    assert_eq!(bench.calls(worker), [1]);
}

#[test]
fn a_caller_in_this_process_that_leaves_hears_nothing_more() {
    let mut bench = Bench::new();
    let worker = bench.worker("sign");
    let calls = [bench.submit("sign"), bench.submit("sign")];
    let given = bench.job(worker);
    calls.iter().for_each(|call| bench.abandon(*call));
    bench.done(worker, &given);
    bench.pass(10_000);
    assert!(!bench.has_ended(calls[0]) && !bench.has_ended(calls[1]));
    bench.abandon(12345);
}

#[test]
fn when_a_client_goes_its_waiting_jobs_are_dropped_and_its_running_ones_cancelled() {
    for goodbye in [true, false] {
        let mut bench = Bench::new();
        let (client, worker) = (bench.client(), bench.worker("sign"));
        bench.execute_all(client, &[(1, job("sign")), (2, job("sign")), (3, job("other"))]);
        let given = bench.job(worker);
        bench.notices();
        if goodbye {
            bench.say_bye(client)
        } else {
            bench.die(client)
        }
        assert_eq!(bench.heard(worker), [Sent::Cancel(vec![(given.job, 1)])]);
        let cause = if goodbye { GoneCause::Goodbye } else { GoneCause::Disconnected };
        let notices = bench.notices();
        assert_eq!(notices.last(), Some(&Notice::ClientGone { client: client.number, cause }));
        bench.done(worker, &given);
        assert_eq!(bench.calls(worker), []);
        assert_eq!(bench.desk.stats().cancelled, 3);
        assert_eq!(bench.heard(client), []);
    }
}

#[test]
fn a_client_that_begins_anew_gets_nothing_of_what_it_asked_for_before() {
    let mut bench = Bench::new();
    let (before, worker) = (bench.client(), bench.worker("sign"));
    bench.execute(before, 1, "sign");
    let given = bench.job(worker);
    let after = bench.hello_again(before.route, ROLE_CLIENT);
    bench.execute(after, 1, "sign");
    bench.heard(worker);
    bench.done(worker, &given);
    assert_eq!(bench.heard(after), []);
    let again = bench.job(worker);
    assert_eq!(again.job, JobId::new(after.number, 1));
    bench.done(worker, &again);
    assert_eq!(bench.outcomes(after).len(), 1);
}

#[test]
fn the_coming_and_going_of_clients_is_noticed() {
    let mut bench = Bench::new();
    let client = bench.client();
    assert_eq!(bench.notices(), [Notice::ClientConnected { client: client.number }]);
}
