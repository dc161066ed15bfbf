//! Clients take turns: one that sends a million jobs does not starve one that sends a request.

use super::harness::*;
use crate::common::Submission;

/// Answers `count` jobs of the only worker; whose they were, by peer.
fn served(bench: &mut Bench, worker: Peer, count: usize) -> Vec<u64> {
    let mut order = Vec::new();
    for _ in 0..count {
        let given = bench.job(worker);
        order.push(given.job.peer());
        bench.done(worker, &given);
    }
    order
}

#[test]
fn clients_with_waiting_jobs_take_turns_whatever_each_has_sent() {
    let mut bench = Bench::new();
    let (many, few) = (bench.client(), bench.client());
    for call in 1..=20 {
        bench.execute(many, call, "sign");
    }
    bench.execute(few, 1, "sign");
    bench.execute(few, 2, "sign");
    let worker = bench.worker("sign");
    let order = served(&mut bench, worker, 6);
    assert_eq!(order, [many.number, few.number, many.number, few.number, many.number, many.number]);
}

#[test]
fn callers_in_the_masters_own_process_are_one_client_among_others() {
    let mut bench = Bench::new();
    let client = bench.client();
    for call in 1..=10 {
        bench.submit("sign");
        bench.execute(client, call, "sign");
    }
    let worker = bench.worker("sign");
    let order = served(&mut bench, worker, 6);
    assert_eq!(order, [0, client.number, 0, client.number, 0, client.number]);
}

#[test]
fn a_client_that_comes_back_does_not_overtake_those_whose_turn_it_is() {
    let mut bench = Bench::new();
    let clients = [bench.client(), bench.client(), bench.client()];
    for call in 1..=3 {
        clients.iter().for_each(|client| bench.execute(*client, call, "sign"));
    }
    let worker = bench.worker("sign");
    let numbers = clients.map(|client| client.number);
    assert_eq!(served(&mut bench, worker, 2), numbers[..2]);
    bench.execute(clients[0], 10, "sign");
    assert_eq!(served(&mut bench, worker, 4), [numbers[2], numbers[0], numbers[1], numbers[2]]);
}

#[test]
fn each_clients_own_jobs_keep_their_order() {
    let mut bench = Bench::new();
    let client = bench.client();
    let calls: Vec<(u64, Submission)> = [5, 3, 9, 1].map(|call| (call, job("sign"))).into();
    bench.execute_all(client, &calls);
    let worker = bench.worker("sign");
    let mut order = Vec::new();
    for _ in 0..4 {
        let given = bench.job(worker);
        order.push(given.job.call());
        bench.done(worker, &given);
    }
    assert_eq!(order, [5, 3, 9, 1]);
}

#[test]
fn a_clients_turn_passes_on_when_its_next_job_was_abandoned() {
    let mut bench = Bench::new();
    let clients = [bench.client(), bench.client()];
    bench.execute(clients[0], 1, "sign");
    bench.execute(clients[1], 1, "sign");
    bench.execute(clients[1], 2, "sign");
    bench.say(clients[0].route, powerhose_protocol::Abandon { session: clients[0].session, calls: vec![1] });
    let worker = bench.worker("sign");
    assert_eq!(served(&mut bench, worker, 2), [clients[1].number, clients[1].number]);
}
