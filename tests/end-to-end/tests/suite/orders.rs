//! Questions to a master and orders to its workers, as any peer can send them: real workers obey.

use crate::support::{EMBEDDED, PATIENCE, Peer, Scene, Setup, in_each_language, job, until};
use powerhose::WorkerState;
use powerhose_protocol::{Control, Message, Status, Value};
use std::time::Duration;

struct Operator {
    peer: Peer,
    session: u64,
}

/// What came of an order.
#[derive(Debug, PartialEq, Eq)]
struct Progress {
    matched: u64,
    left: u64,
    done: bool,
}

impl Operator {
    fn of(scene: &Scene) -> Operator {
        let peer = Peer::connect(&scene.endpoint);
        let session = peer.hello("client").session;
        Operator { peer, session }
    }

    #[track_caller]
    fn ask(&self, query: &str) -> Value {
        self.peer.say(Status { session: self.session, query }, &[]);
        match self.peer.receive().message() {
            Message::State(state) => {
                assert_eq!(state.query, query);
                state.state
            }
            other => panic!("{other:?} instead of STATE"),
        }
    }

    fn order(&self, verb: &str, selector: &str, within: Duration) {
        let within_ms = within.as_millis() as u64;
        self.peer.say(Control { session: self.session, id: 7, verb, selector, within_ms }, &[]);
    }

    #[track_caller]
    fn progress(&self) -> Progress {
        match self.peer.receive().message() {
            Message::Controlled(controlled) => {
                assert_eq!(controlled.id, 7);
                let field = |name| controlled.progress.field(name).expect(name);
                let number = |name| field(name).as_unsigned().expect(name);
                let done = *field("done") == Value::from(true);
                Progress { matched: number("matched"), left: number("left"), done }
            }
            other => panic!("{other:?} instead of CONTROLLED"),
        }
    }

    #[track_caller]
    fn obeyed(&self, verb: &str, selector: &str, matched: u64) {
        self.order(verb, selector, PATIENCE);
        assert_eq!(self.progress(), Progress { matched, left: 0, done: true });
    }
}

fn number(value: &Value, name: &str) -> u64 {
    value.field(name).and_then(Value::as_unsigned).unwrap_or_else(|| panic!("no {name} in {value:?}"))
}

#[test]
fn a_master_tells_how_it_is() {
    let scene = EMBEDDED.workers_of(&[&["sign"], &["sign", "verify"]]).start();
    let gate = scene.gate();
    let running = scene.runner.submit(gate.job().pool("verify"));
    gate.wait_begun(1);
    let waiting = scene.runner.submit(job("echo", "waits").pool("verify"));
    scene.wait_for_accepted(2);
    let operator = Operator::of(&scene);
    let master = operator.ask("master");
    let told = ["pid", "workers", "clients", "jobs_running", "jobs_waiting", "accepted"];
    let expected = [u64::from(std::process::id()), 2, 1, 1, 1, 2];
    assert_eq!(told.map(|name| number(&master, name)), expected, "{told:?}");
    let pools = operator.ask("pools");
    let pools = pools.field("pools").and_then(Value::as_array).expect("an array");
    let of = |pool: &str| {
        let found = pools.iter().find(|entry| entry.field("pool").and_then(Value::as_text) == Some(pool));
        let found = found.unwrap_or_else(|| panic!("no {pool} in {pools:?}"));
        ["workers", "running", "waiting"].map(|name| number(found, name))
    };
    assert_eq!((of("sign"), of("verify")), ([2, 0, 0], [1, 1, 1]));
    gate.open();
    assert!(running.wait().is_ok() && waiting.wait().is_ok());
}

in_each_language!(
    quiet_workers_get_no_jobs_until_they_are_resumed,
    drained_workers_finish_what_they_run_and_stay,
    stopped_workers_finish_what_they_run_and_exit_with_0,
);

fn quiet_workers_get_no_jobs_until_they_are_resumed(setup: Setup) {
    let scene = setup.workers_of(&[&["default", "a"], &["default", "b"]]).start();
    let operator = Operator::of(&scene);
    operator.obeyed("quiet", "pool:a", 1);
    let quiet = scene.wait_for_state(WorkerState::Quiet, 1)[0];
    for _ in 0..4 {
        let reply = scene.runner.execute(job("pid", "")).expect("the other one is there");
        assert_ne!(reply, quiet.to_string().as_bytes());
    }
    operator.obeyed("resume", "all", 2);
    scene.wait_for_state(WorkerState::Ready, 2);
    let reply = scene.runner.execute(job("pid", "").pool("a"));
    assert_eq!(reply, Ok(quiet.to_string().into_bytes()));
}

fn drained_workers_finish_what_they_run_and_stay(setup: Setup) {
    let scene = setup.workers(1).start();
    let operator = Operator::of(&scene);
    let gate = scene.gate();
    let handle = scene.runner.submit(gate.job());
    gate.wait_begun(1);
    let id = scene.infos()[0].id.to_string();
    operator.order("drain", &id, Duration::from_millis(20));
    assert_eq!(operator.progress(), Progress { matched: 1, left: 1, done: false });
    operator.order("drain", &id, PATIENCE);
    gate.open();
    assert_eq!(operator.progress(), Progress { matched: 1, left: 0, done: true });
    assert_eq!(&*handle.wait().expect("a reply"), b"1");
    assert_eq!(scene.infos()[0].state, WorkerState::Quiet);
}

fn stopped_workers_finish_what_they_run_and_exit_with_0(setup: Setup) {
    let mut scene = setup.workers(2).start();
    let operator = Operator::of(&scene);
    let gate = scene.gate();
    let handle = scene.runner.submit(gate.job());
    gate.wait_begun(1);
    operator.order("stop", "all", PATIENCE);
    until("the idle one to be gone", || scene.infos().len() == 1);
    gate.open();
    assert_eq!(operator.progress(), Progress { matched: 2, left: 0, done: true });
    assert_eq!(&*handle.wait().expect("a reply"), b"1");
    let codes: Vec<_> = scene.workers.iter_mut().map(|worker| worker.ended().code()).collect();
    assert_eq!(codes, [Some(0), Some(0)]);
}

#[test]
fn orders_that_cannot_be_understood_are_refused_by_their_id() {
    let scene = EMBEDDED.workers(1).start();
    let operator = Operator::of(&scene);
    for (verb, selector, code) in [("restart", "all", "verb"), ("stop", "everybody", "selector")] {
        operator.order(verb, selector, Duration::ZERO);
        let refusal = operator.peer.refusal();
        assert_eq!((refusal.kind, refusal.reference, &*refusal.code), (32, Some(7), code));
    }
    // One that is meant for nobody is obeyed at once.
    operator.obeyed("stop", "pool:nobody", 0);
    assert_eq!(scene.infos().len(), 1);
}
