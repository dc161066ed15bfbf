//! Lists that are longer than a message, as everybody sees them who may ask.

use crate::support::{EMBEDDED, Peer, connect};
use powerhose::{JobRunner, WorkerInfo};
use powerhose_protocol::limits::{LABELS_BYTES_MAX, POOLS_PER_WORKER_MAX};
use powerhose_protocol::{Message, NamedValues, PoolOffer, ROLE_CLIENT, ROLE_WORKER, Register, Status};
use std::time::Duration;

/// More than fit into three pages, with all that they have to tell.
const WORKERS: usize = 100;

/// A worker with as many pools and labels as it may have.
fn register(endpoint: &str) -> Peer {
    let peer = Peer::connect(endpoint);
    let session = peer.hello(ROLE_WORKER).session;
    let pools: Vec<String> = (0..POOLS_PER_WORKER_MAX).map(|place| format!("{place:0>64}")).collect();
    let labels = "v".repeat(LABELS_BYTES_MAX - 1);
    let register = Register {
        session,
        pools: pools.iter().map(|pool| PoolOffer { pool, credit_max: 1 }).collect(),
        pid: 1,
        host: "there",
        instance: "instance",
        attentive: true,
        labels: NamedValues(vec![("l", &labels)]),
    };
    peer.say(register, &[]);
    assert!(matches!(peer.receive().message(), Message::Registered(_)));
    peer
}

/// Who is there, and with what, but for what changes from one look to the next.
fn told(mut workers: Vec<WorkerInfo>) -> Vec<WorkerInfo> {
    workers.iter_mut().for_each(|worker| worker.silence = Duration::ZERO);
    workers
}

#[test]
fn everybody_who_asks_is_told_all_workers_in_pages_that_a_peer_can_read() {
    let scene = EMBEDDED.workers(0).settings(|settings| settings.silence_max *= 10).start();
    let peers: Vec<Peer> = (0..WORKERS).map(|_| register(&scene.endpoint)).collect();
    let known = told(scene.infos());
    assert_eq!(known.len(), WORKERS);
    let client = connect(&scene.endpoint);
    assert!(told(client.workers().expect("the master is there")) == known);
    let pools = |runner: &JobRunner| runner.stats().expect("the master is there").pools;
    assert!(pools(&client) == pools(&scene.runner));
    let mut operator = JobRunner::connector(&scene.endpoint).operator().expect("the master is there");
    assert!(told(operator.workers().expect("the master is there")) == known);
    let reader = Peer::connect(&scene.endpoint);
    let session = reader.hello(ROLE_CLIENT).session;
    reader.say(Status { session, query: "workers" }, &[]);
    match reader.receive().message() {
        Message::State(state) => assert!(state.state.field("next").is_some(), "a page says that it is one"),
        other => panic!("{other:?} instead of STATE"),
    }
    drop(peers);
}
