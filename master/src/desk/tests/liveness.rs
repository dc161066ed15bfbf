//! Heartbeats and silence: who is alive, and who counts as gone.

use super::harness::*;
use crate::common::{GoneCause, Notice};
use powerhose_protocol::*;

fn heartbeats(bench: &mut Bench, peer: Peer) -> Vec<(u64, u64)> {
    let heard = bench.heard_on(peer.route).into_iter();
    let beats = heard.filter_map(|sent| match sent {
        Sent::Heartbeat { sequence, acknowledged } => Some((sequence, acknowledged)),
        _ => None,
    });
    beats.collect()
}

#[test]
fn every_peer_hears_from_the_master_each_interval_whatever_it_says_itself() {
    let mut bench = Bench::new();
    let peers = [bench.welcomed(ROLE_WORKER), bench.worker("sign"), bench.client()];
    bench.pass(3500);
    for peer in peers {
        assert_eq!(heartbeats(&mut bench, peer), [(1, 0), (2, 0), (3, 0)]);
    }
}

#[test]
fn a_heartbeat_acknowledges_the_last_that_came_in() {
    let mut bench = Bench::new();
    let worker = bench.worker("sign");
    for sequence in [1, 2, 3] {
        bench.say(worker.route, Heartbeat { session: worker.session, sequence, acknowledged: 0, sent_ms: 0 });
    }
    bench.pass(1000);
    assert_eq!(heartbeats(&mut bench, worker), [(1, 3)]);
}

#[test]
fn a_heartbeat_is_not_answered() {
    let mut bench = Bench::new();
    let worker = bench.worker("sign");
    bench.beat(worker);
    assert_eq!(bench.heard_on(worker.route), []);
}

#[test]
fn a_silent_worker_is_forgotten_and_its_job_goes_elsewhere() {
    let mut bench = Bench::new();
    let silent = bench.worker("sign");
    bench.submit_for("sign", 60_000);
    let given = bench.job(silent);
    bench.pass(5000);
    assert_eq!(bench.desk.workers().len(), 1, "silence_max is not over yet");
    bench.notices();
    bench.pass(1000);
    let (worker, cause) = (silent.number, GoneCause::Silent);
    assert_eq!(
        bench.notices(),
        [Notice::WorkerGone { worker, pid: 0, cause, job: Some(given.job), answered: 0 }]
    );
    let other = bench.worker("sign");
    assert_eq!(bench.job(other).attempt, 2);
    bench.heard(silent);
    bench.beat(silent);
    assert_eq!(bench.heard(silent), [Sent::Unknown { epoch: bench.desk.epoch() }]);
}

#[test]
fn candidates_and_clients_that_fall_silent_are_forgotten_too() {
    let mut bench = Bench::with(|settings| (settings.workers_max, settings.clients_max) = (1, 1));
    bench.welcomed(ROLE_WORKER);
    let client = bench.client();
    bench.execute(client, 1, "sign");
    bench.pass(6000);
    bench.welcomed(ROLE_WORKER);
    bench.client();
    let gone = Notice::ClientGone { client: client.number, cause: GoneCause::Silent };
    assert!(bench.notices().contains(&gone));
}

#[test]
fn any_message_of_the_session_is_a_sign_of_life() {
    let mut bench = Bench::new();
    let worker = bench.worker("sign");
    let client = bench.client();
    for _ in 0..10 {
        bench.submit("sign");
        let given = bench.job(worker);
        bench.pass(1000);
        bench.done(worker, &given);
        bench.say(client.route, Status { session: client.session, query: "master" });
    }
    assert_eq!(bench.desk.workers().len(), 1);
    assert!(!bench.notices().iter().any(|notice| matches!(notice, Notice::ClientGone { .. })));
}

#[test]
fn a_message_of_a_foreign_session_is_none() {
    let mut bench = Bench::new();
    let worker = bench.worker("sign");
    bench.pass_with(&[Peer { session: worker.session + 1, ..worker }], 6);
    assert_eq!(bench.desk.workers(), []);
}

#[test]
fn a_master_that_was_paused_loses_nobody() {
    let mut bench = Bench::new();
    let (worker, client) = (bench.worker("sign"), bench.client());
    bench.submit_for("sign", 60_000);
    let given = bench.job(worker);
    bench.stand_still(10_000);
    bench.pass(0);
    assert_eq!(bench.desk.workers().len(), 1);
    bench.pass(4900);
    assert_eq!(bench.desk.workers().len(), 1, "its silence counts anew");
    bench.done(worker, &given);
    bench.execute(client, 1, "sign");
    assert_eq!(bench.heard(client), [], "nor was the client forgotten");
    assert!(bench.is_done(given.job.call()));
}

#[test]
fn after_a_pause_those_that_stay_silent_are_forgotten_as_ever() {
    let mut bench = Bench::new();
    bench.worker("sign");
    bench.stand_still(10_000);
    bench.pass(7000);
    assert_eq!(bench.desk.workers(), []);
}

#[test]
fn to_wake_a_little_late_is_no_pause() {
    let mut bench = Bench::new();
    bench.worker("sign");
    for _ in 0..7 {
        bench.stand_still(1900);
        bench.pass(0);
    }
    assert_eq!(bench.desk.workers(), []);
}

#[test]
fn an_inattentive_worker_may_be_silent_while_it_has_a_job() {
    let mut bench = Bench::new();
    let worker = bench.worker_that(Registration { attentive: false, ..offers(&["sign"]) });
    bench.submit_for("sign", 60_000);
    let given = bench.job(worker);
    bench.pass(30_000);
    bench.done(worker, &given);
    assert!(bench.is_done(given.job.call()));
    bench.pass(4000);
    assert_eq!(bench.desk.workers().len(), 1, "its silence counts from its answer");
    bench.pass(2000);
    assert_eq!(bench.desk.workers(), [], "without a job it must heartbeat like everybody");
}

#[test]
fn an_inattentive_worker_whose_connection_ends_is_gone_whatever_it_does() {
    let mut bench = Bench::new();
    let worker = bench.worker_that(Registration { attentive: false, ..offers(&["sign"]) });
    bench.submit_for("sign", 60_000);
    bench.job(worker);
    bench.pass(20_500);
    bench.cut(worker);
    bench.pass(1000);
    assert_eq!(bench.desk.workers(), [], "a heartbeat could not be handed over");
}
