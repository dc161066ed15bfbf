//! A hint that a connection may be gone: no new jobs, probes at once, and soon an end to the doubt.

use super::harness::*;
use crate::common::{GoneCause, Notice};

/// The milliseconds since `from` at which this peer was sent a HEARTBEAT.
fn probes(bench: &mut Bench, peer: Peer, milliseconds: u64) -> Vec<u64> {
    let mut times = Vec::new();
    for passed in 0..=milliseconds {
        let beats =
            bench.heard_on(peer.route).into_iter().filter(|sent| matches!(sent, Sent::Heartbeat { .. }));
        times.extend(beats.map(|_| passed));
        bench.pass(1);
    }
    times
}

#[test]
fn a_suspect_is_probed_after_0_1_2_5_10_and_50_ms() {
    let mut bench = Bench::new();
    let worker = bench.worker("sign");
    bench.suspect(worker);
    assert_eq!(probes(&mut bench, worker, 500), [0, 1, 2, 5, 10, 50]);
}

#[test]
fn a_suspect_gets_no_job_until_all_its_probes_went_out() {
    let mut bench = Bench::new();
    let worker = bench.worker("sign");
    bench.suspect(worker);
    let call = bench.submit("sign");
    bench.pass(49);
    assert_eq!(bench.calls(worker), []);
    bench.pass(1);
    assert_eq!(bench.calls(worker), [call]);
}

#[test]
fn a_job_goes_to_another_rather_than_to_a_suspect() {
    let mut bench = Bench::new();
    let workers = [bench.worker("sign"), bench.worker("sign")];
    bench.suspect(workers[0]);
    let call = bench.submit("sign");
    assert_eq!(bench.calls(workers[1]), [call]);
}

#[test]
fn a_probe_that_cannot_be_handed_over_proves_the_death_and_the_job_goes_elsewhere() {
    for (alive_until, noticed_at) in [(0, 1), (1, 2), (2, 5), (5, 10), (10, 50)] {
        let mut bench = Bench::new();
        let workers = [bench.worker("sign"), bench.worker("sign")];
        bench.submit("sign");
        let given = bench.job(workers[0]);
        bench.notices();
        bench.suspect(workers[0]);
        bench.pass(alive_until);
        bench.cut(workers[0]);
        bench.pass(noticed_at - alive_until - 1);
        assert_eq!(bench.notices(), []);
        bench.pass(1);
        let (worker, cause) = (workers[0].number, GoneCause::Disconnected);
        assert_eq!(
            bench.notices(),
            [Notice::WorkerGone { worker, pid: 0, cause, job: Some(given.job), answered: 0 }]
        );
        assert_eq!(bench.job(workers[1]).attempt, 2);
    }
}

#[test]
fn a_death_that_the_hint_itself_finds_is_acted_upon_at_once() {
    let mut bench = Bench::new();
    let workers = [bench.worker("sign"), bench.worker("sign")];
    bench.submit("sign");
    bench.job(workers[0]);
    bench.cut(workers[0]);
    bench.suspect(workers[0]);
    assert_eq!(bench.job(workers[1]).attempt, 2);
}

#[test]
fn a_suspect_that_acknowledges_a_probe_is_trusted_at_once() {
    let mut bench = Bench::new();
    let worker = bench.worker("sign");
    bench.pass(1000);
    bench.suspect(worker);
    let call = bench.submit("sign");
    bench.acknowledge(worker, 1);
    assert_eq!(bench.calls(worker), [], "an answer to the HEARTBEAT before");
    bench.acknowledge(worker, 2);
    assert_eq!(bench.calls(worker), [call]);
    bench.heard_on(worker.route);
    bench.pass(100);
    assert_eq!(bench.heard_on(worker.route), [], "no more probes");
}

#[test]
fn another_hint_begins_the_probes_anew() {
    let mut bench = Bench::new();
    let worker = bench.worker("sign");
    bench.suspect(worker);
    bench.pass(3);
    bench.heard_on(worker.route);
    bench.suspect(worker);
    assert_eq!(probes(&mut bench, worker, 200), [0, 1, 2, 5, 10, 50]);
}

#[test]
fn a_hint_about_a_stranger_is_nothing() {
    let mut bench = Bench::new();
    let nobody = Peer { route: bench.connect(), session: 7, number: 0 };
    bench.suspect(nobody);
    bench.die(nobody);
    assert_eq!(bench.heard_on(nobody.route), []);
}

#[test]
fn a_client_is_probed_too_and_its_jobs_end_with_it() {
    let mut bench = Bench::new();
    let (client, worker) = (bench.client(), bench.worker("sign"));
    bench.execute(client, 1, "sign");
    let given = bench.job(worker);
    bench.notices();
    bench.cut(client);
    bench.suspect(client);
    assert_eq!(bench.heard(worker), [Sent::Cancel(vec![(given.job, 1)])]);
    let gone = Notice::ClientGone { client: client.number, cause: GoneCause::Disconnected };
    assert!(bench.notices().contains(&gone));
}
