//! Strategies for valid messages of every kind.
//!
//! Messages borrow what they say. What a strategy makes is leaked, so that it lives as long as any message: a test run
//! is short.

use powerhose_protocol::limits::*;
use powerhose_protocol::*;
use proptest::collection::{btree_map, btree_set, vec};
use proptest::option;
use proptest::prelude::*;

/// Stands in every text and all bytes of the messages made here, so that a test can look for it where it must not be.
pub(crate) const SECRET: &str = "hunter2";

fn leak_text(text: String) -> &'static str {
    Box::leak(text.into_boxed_str())
}

fn text(bytes_max: usize) -> impl Strategy<Value = &'static str> {
    prop_oneof![
        Just(""),
        Just(SECRET),
        (0..=bytes_max).prop_map(|length| leak_text("x".repeat(length))),
        "\\PC{0,20}".prop_filter("short enough", move |text| text.len() <= bytes_max).prop_map(leak_text),
    ]
}

fn bytes(length: impl Into<proptest::collection::SizeRange>) -> impl Strategy<Value = Bytes<'static>> {
    vec(any::<u8>(), length).prop_map(|bytes| Bytes(bytes.leak()))
}

fn nonce() -> impl Strategy<Value = Bytes<'static>> {
    bytes(NONCE_BYTES)
}

fn number() -> impl Strategy<Value = u64> {
    prop_oneof![0..300u64, any::<u64>(), any::<u64>().prop_map(|bits| bits >> (bits % 64)), Just(u64::MAX)]
}

fn duration() -> impl Strategy<Value = u64> {
    0..=DURATION_MS_MAX
}

fn pool() -> impl Strategy<Value = &'static str> {
    "[a-zA-Z0-9._-]{1,64}".prop_map(leak_text)
}

fn headers() -> impl Strategy<Value = MessageHeaders<'static>> {
    let value = prop_oneof![Just(Bytes(SECRET.as_bytes())), bytes(0..50)];
    btree_map("\\PC{0,12}", value, 0..6)
        .prop_map(|map| NamedValues(map.into_iter().map(|(name, value)| (leak_text(name), value)).collect()))
}

fn settings() -> impl Strategy<Value = NamedValues<'static, u64>> {
    vec((text(40), number()), 0..5).prop_map(NamedValues)
}

fn labels() -> impl Strategy<Value = NamedValues<'static, &'static str>> {
    vec((text(20), text(40)), 0..5).prop_map(NamedValues)
}

fn job() -> impl Strategy<Value = JobId> {
    number().prop_map(JobId::from_wire)
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Nil),
        any::<bool>().prop_map(Value::Bool),
        number().prop_map(Value::Unsigned),
        (i64::MIN..0).prop_map(Value::Signed),
        (-1e9..1e9f64).prop_map(Value::Float),
        text(50).prop_map(|text| Value::Text(text.to_owned())),
        vec(any::<u8>(), 0..20).prop_map(Value::Bytes),
    ];
    leaf.prop_recursive(4, 30, 6, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..6).prop_map(Value::Array),
            vec(("[a-z]{0,9}", inner), 0..6).prop_map(Value::Map),
        ]
    })
}

fn entries<T: std::fmt::Debug>(entry: impl Strategy<Value = T>) -> impl Strategy<Value = Vec<T>> {
    vec(entry, 1..5)
}

fn attempts() -> impl Strategy<Value = Vec<JobAttempt>> {
    entries((job(), number()).prop_map(|(job, attempt)| JobAttempt { job, attempt }))
}

fn hello() -> impl Strategy<Value = Hello<'static>> {
    let versions = (number(), number()).prop_map(|(a, b)| (a.min(b), a.max(b)));
    (versions, text(255), text(255), option::of(nonce())).prop_map(|(versions, role, software, nonce)| {
        Hello { magic: MAGIC, version_min: versions.0, version_max: versions.1, role, software, nonce }
    })
}

prop_compose! {
    fn welcome()(
        version in number(), epoch in number(), session in number(), peer in number(),
        mac in option::of(nonce()), limits in settings(), intervals in settings(),
        pid in number(), sent_ms in number(),
    ) -> Welcome<'static> {
        Welcome { version, epoch, session, peer, mac, limits, intervals, pid, sent_ms }
    }
}

prop_compose! {
    fn reject()(
        kind in number(), reference in option::of(number()), code in text(CODE_BYTES_MAX),
        text in text(TEXT_BYTES_MAX), retry_after_ms in option::of(number()),
    ) -> Reject<'static> {
        Reject { kind, reference, code, text, retry_after_ms }
    }
}

prop_compose! {
    fn register()(
        session in number(),
        pools in btree_set("[a-zA-Z0-9._-]{1,64}", 1..5),
        credits in vec(1..=CREDIT_MAX, 5),
        pid in number(), host in text(255), instance in text(255), attentive in any::<bool>(), labels in labels(),
    ) -> Register<'static> {
        let offers = pools.into_iter().zip(credits);
        let pools = offers.map(|(pool, credit_max)| PoolOffer { pool: leak_text(pool), credit_max }).collect();
        Register { session, pools, pid, host, instance, attentive, labels }
    }
}

prop_compose! {
    fn job_entry()(
        job in job(), attempt in number(), pool in pool(), remaining_ms in duration(), flags in number(),
        headers in headers(),
    ) -> JobEntry<'static> {
        JobEntry { job, attempt: attempt.max(1), pool, remaining_ms, flags, headers }
    }
}

fn worker_end() -> impl Strategy<Value = WorkerEnd> {
    use WorkerEnd::*;
    proptest::sample::select(vec![Done, Failed, Returned, Expired, Cancelled])
}

prop_compose! {
    fn reply_entry()(
        job in job(), attempt in number(), end in worker_end(), run_us in number(),
        code in text(CODE_BYTES_MAX), text in text(TEXT_BYTES_MAX), headers in headers(),
    ) -> ReplyEntry<'static> {
        ReplyEntry { job, attempt, end, run_us, code, text, headers }
    }
}

prop_compose! {
    fn call_entry()(
        call in 1..=CALL_MAX, pool in pool(), timeout_ms in 1..=DURATION_MS_MAX, flags in number(),
        attempts_max in option::of(1..=u64::MAX), headers in headers(),
    ) -> CallEntry<'static> {
        CallEntry { call, pool, timeout_ms, flags, attempts_max, headers }
    }
}

fn job_end() -> impl Strategy<Value = JobEnd> {
    use JobEnd::*;
    proptest::sample::select(vec![Done, Failed, TimedOut, Cancelled, Lost, Rejected])
}

prop_compose! {
    fn outcome_entry()(
        (call, end, may_have_run, attempts) in (number(), job_end(), any::<bool>(), number()),
        (worker, wait_us, run_us) in (option::of(number()), number(), number()),
        code in text(CODE_BYTES_MAX), text in text(TEXT_BYTES_MAX),
        detail in option::of(number()), headers in headers(),
    ) -> OutcomeEntry<'static> {
        OutcomeEntry { call, end, may_have_run, attempts, worker, wait_us, run_us, code, text, detail, headers }
    }
}

fn registered() -> impl Strategy<Value = Registered<'static>> {
    let terms = (pool(), settings()).prop_map(|(pool, settings)| PoolTerms { pool, settings });
    (number(), number(), vec(terms, 0..4)).prop_map(|(session, worker, pools)| Registered {
        session,
        worker,
        pools,
    })
}

fn control() -> impl Strategy<Value = Control<'static>> {
    (number(), number(), text(255), text(255), duration()).prop_map(
        |(session, id, verb, selector, within_ms)| Control { session, id, verb, selector, within_ms },
    )
}

fn sessions() -> impl Strategy<Value = (u64, u64, u64, u64)> {
    (number(), number(), number(), number())
}

/// A valid message of this kind. Every kind stands here: the match has no wildcard.
pub(crate) fn message_of(kind: Kind) -> BoxedStrategy<Message<'static>> {
    match kind {
        Kind::Hello => hello().prop_map(Message::from).boxed(),
        Kind::Challenge => (number(), number(), nonce())
            .prop_map(|(version, epoch, nonce)| Challenge { version, epoch, nonce }.into())
            .boxed(),
        Kind::Proof => nonce().prop_map(|mac| Proof { mac }.into()).boxed(),
        Kind::Welcome => welcome().prop_map(Message::from).boxed(),
        Kind::Heartbeat => sessions()
            .prop_map(|(session, sequence, acknowledged, sent_ms)| {
                Heartbeat { session, sequence, acknowledged, sent_ms }.into()
            })
            .boxed(),
        Kind::Unknown => number().prop_map(|epoch| Unknown { epoch }.into()).boxed(),
        Kind::Bye => (number(), text(CODE_BYTES_MAX), text(TEXT_BYTES_MAX))
            .prop_map(|(session, code, text)| Bye { session, code, text }.into())
            .boxed(),
        Kind::Reject => reject().prop_map(Message::from).boxed(),
        Kind::Register => register().prop_map(Message::from).boxed(),
        Kind::Registered => registered().prop_map(Message::from).boxed(),
        Kind::Jobs => (number(), number(), entries(job_entry()))
            .prop_map(|(session, sent_ms, jobs)| Jobs { session, sent_ms, jobs }.into())
            .boxed(),
        Kind::Replies => (number(), entries(reply_entry()))
            .prop_map(|(session, replies)| Replies { session, replies }.into())
            .boxed(),
        Kind::Cancel => {
            (number(), attempts()).prop_map(|(session, jobs)| Cancel { session, jobs }.into()).boxed()
        }
        Kind::Recall => {
            (number(), attempts()).prop_map(|(session, jobs)| Recall { session, jobs }.into()).boxed()
        }
        Kind::Quiet => number().prop_map(|session| Quiet { session }.into()).boxed(),
        Kind::Quieted => number().prop_map(|session| Quieted { session }.into()).boxed(),
        Kind::Resume => number().prop_map(|session| Resume { session }.into()).boxed(),
        Kind::Execute => (number(), entries(call_entry()))
            .prop_map(|(session, calls)| Execute { session, calls }.into())
            .boxed(),
        Kind::Outcomes => (number(), entries(outcome_entry()))
            .prop_map(|(session, outcomes)| Outcomes { session, outcomes }.into())
            .boxed(),
        Kind::Abandon => (number(), entries(number()))
            .prop_map(|(session, calls)| Abandon { session, calls }.into())
            .boxed(),
        Kind::Status => {
            (number(), text(255)).prop_map(|(session, query)| Status { session, query }.into()).boxed()
        }
        Kind::State => (number(), text(255), value())
            .prop_map(|(session, query, state)| State { session, query, state }.into())
            .boxed(),
        Kind::Control => control().prop_map(Message::from).boxed(),
        Kind::Controlled => (number(), number(), value())
            .prop_map(|(session, id, progress)| Controlled { session, id, progress }.into())
            .boxed(),
    }
}

/// A valid message of any kind.
pub(crate) fn message() -> impl Strategy<Value = Message<'static>> {
    proptest::sample::select(Kind::ALL).prop_flat_map(message_of)
}
