//! Lists that are longer than a message.

use super::harness::*;
use crate::WorkerInfo;
use crate::desk::Event;
use powerhose_protocol::limits::*;
use powerhose_protocol::*;

/// What a peer reads of the page that answers a query: every page keeps the bounds of its reader.
fn page(bench: &mut Bench, peer: Peer, query: &str) -> Value {
    bench.say(peer.route, Status { session: peer.session, query });
    let mut heard = bench.heard(peer);
    let Some(Sent::State(state)) = heard.pop() else { panic!("no STATE: {heard:?}") };
    let weight = state.weight();
    assert!(weight.bytes <= PAGE_BYTES_MAX + 4096 && weight.values <= PAGE_VALUES_MAX + 64, "{weight:?}");
    state
}

/// The whole answer, and in how many pages it came.
fn all_pages(bench: &mut Bench, peer: Peer, query: &str) -> (Value, usize) {
    let (mut pages, mut query) = (Pages::default(), query.to_owned());
    for asked in 1..=PAGES_MAX {
        match pages.take(page(bench, peer, &query)) {
            Page::More(next) => query = next,
            Page::Last(state) => return (state, asked),
        }
    }
    panic!("a last page");
}

fn rows<'a>(state: &'a Value, name: &str) -> &'a [Value] {
    state.field(name).and_then(Value::as_array).unwrap_or_else(|| panic!("{name} in {state:?}"))
}

/// A worker with as much to tell as it may have. Past the harness: that looks after each event at all that is there.
fn register_with_all(bench: &mut Bench, pools: &[String], labels: &str) {
    let route = bench.connect();
    let mut hear = |message: Message<'_>| {
        let (header, mut payloads) = (message.encode(), Vec::new());
        bench.desk.handle(bench.now, Event::Received { route, header: &header, payloads: &mut payloads });
        let mut sessions =
            std::iter::from_fn(|| bench.desk.poll_action()).filter_map(|action| match action {
                crate::desk::Action::Send { header, payloads, .. } => match Sent::read(&header, payloads).1 {
                    Sent::Welcome(welcome) => Some(welcome.session),
                    _ => None,
                },
                _ => None,
            });
        let session = sessions.next();
        assert_eq!(sessions.count(), 0);
        session
    };
    let session = hear(hello(ROLE_WORKER).into()).expect("WELCOME");
    let register = Register {
        session,
        pools: pools.iter().map(|pool| PoolOffer { pool, credit_max: 1 }).collect(),
        pid: 1,
        host: &"h".repeat(WORD_BYTES_MAX),
        instance: &"i".repeat(WORD_BYTES_MAX),
        attentive: true,
        labels: NamedValues(vec![("l", labels)]),
    };
    hear(register.into());
}

#[test]
fn as_many_workers_as_there_may_be_are_listed_with_all_that_they_may_tell() {
    let mut bench = Bench::new();
    let client = bench.client();
    let pools: Vec<String> = (0..POOLS_PER_WORKER_MAX).map(|place| format!("{place:0>64}")).collect();
    let labels = "v".repeat(LABELS_BYTES_MAX - 1);
    for _ in 0..4096 {
        register_with_all(&mut bench, &pools, &labels);
    }
    let (state, pages) = all_pages(&mut bench, client, "workers");
    assert!(pages > 100, "{pages}");
    let told: Option<Vec<_>> = rows(&state, "workers").iter().map(WorkerInfo::from_value).collect();
    assert!(told.expect("each can be read") == bench.desk.workers());
}

#[test]
fn as_many_pools_as_there_may_be_are_listed() {
    let mut bench = Bench::new();
    let client = bench.client();
    for place in 0..1024 {
        bench.submit(&format!("pool-{place}"));
    }
    bench.act();
    let (state, pages) = all_pages(&mut bench, client, "pools");
    assert!(pages > 1, "{pages}");
    let master = page(&mut bench, client, "master");
    let told = crate::Stats::from_values(&master, &state).expect("all is told");
    assert!(told.pools == bench.desk.stats().pools);
}

#[test]
fn a_list_goes_on_behind_the_place_that_is_named_and_misses_nobody_who_stays() {
    let mut bench = Bench::new();
    let client = bench.client();
    let workers: Vec<Peer> = ["a", "b", "c"].map(|pool| bench.worker(pool)).to_vec();
    let ids = |state: &Value| {
        rows(state, "workers")
            .iter()
            .filter_map(WorkerInfo::from_value)
            .map(|worker| worker.id)
            .collect::<Vec<_>>()
    };
    let query = format!("workers:{}", workers[0].number);
    bench.say(workers[0].route, Bye { session: workers[0].session, code: "leaving", text: "" });
    let state = page(&mut bench, client, &query);
    assert_eq!(ids(&state), [workers[1].number, workers[2].number], "though the worker of the place is gone");
    assert_eq!(state.field("next"), None);
    assert_eq!(ids(&page(&mut bench, client, &format!("workers:{}", u64::MAX))), []);
    let names = |state: &Value| {
        rows(state, "pools").iter().map(|pool| pool.field("pool").cloned()).collect::<Vec<_>>()
    };
    assert_eq!(names(&page(&mut bench, client, "pools:aa")), [Some("b".into()), Some("c".into())]);
}

#[test]
fn a_place_that_is_none_is_refused() {
    let mut bench = Bench::new();
    let client = bench.client();
    for query in
        ["workers:", "workers:x", "workers:-1", "workers:1:2", "pools:", "pools:a b", "master:1", ":", ""]
    {
        bench.say(client.route, Status { session: client.session, query });
        assert_eq!(bench.refusal(client).of(Kind::Status), "query", "{query}");
    }
}
