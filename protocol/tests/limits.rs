//! Each bound: a message at it is read, one over it is refused and named.

use powerhose_protocol::limits::*;
use powerhose_protocol::*;

const SESSION: u64 = 7;

fn decode_own(message: &Message<'_>) -> Result<(), DecodeError> {
    decode(&message.encode(), message.payload_frames()).map(|_| ())
}

/// `at` is a message with a field at its bound, `over` the same with one more.
#[track_caller]
fn assert_bound(code: &str, max: u64, at: impl Into<Message<'static>>, over: impl Into<Message<'static>>) {
    assert_eq!(decode_own(&at.into()), Ok(()), "at the bound");
    let error = decode_own(&over.into()).expect_err("one over the bound");
    assert_eq!(error.code(), code, "{error}");
    if let DecodeError::OverLimit { max: named, .. } = error {
        assert_eq!(named, max, "{error}");
    }
}

fn long(bytes: usize) -> &'static str {
    "x".repeat(bytes).leak()
}

fn blob(bytes: usize) -> Bytes<'static> {
    Bytes(vec![7; bytes].leak())
}

fn headers(count: usize, name_bytes: usize, value_bytes: usize) -> MessageHeaders<'static> {
    let name = |place| &*format!("{place:0name_bytes$}").leak();
    NamedValues((0..count).map(|place| (name(place), blob(value_bytes))).collect())
}

fn no_headers() -> MessageHeaders<'static> {
    headers(0, 0, 0)
}

fn call() -> CallEntry<'static> {
    let pool = DEFAULT_POOL;
    CallEntry { call: 1, pool, timeout_ms: 1, flags: 0, attempts_max: None, headers: no_headers() }
}

fn execute(calls: Vec<CallEntry<'static>>) -> Execute<'static> {
    Execute { session: SESSION, calls }
}

fn job() -> JobEntry<'static> {
    let headers = no_headers();
    JobEntry { job: JobId::new(1, 1), attempt: 1, pool: DEFAULT_POOL, remaining_ms: 1, flags: 0, headers }
}

fn jobs(jobs: Vec<JobEntry<'static>>) -> Jobs<'static> {
    Jobs { session: SESSION, sent_ms: 0, jobs }
}

fn reply(code: &'static str, text: &'static str, headers: MessageHeaders<'static>) -> Replies<'static> {
    let job = JobId::new(1, 1);
    let entry = ReplyEntry { job, attempt: 1, end: WorkerEnd::Failed, run_us: 0, code, text, headers };
    Replies { session: SESSION, replies: vec![entry] }
}

fn outcome(code: &'static str, text: &'static str, headers: MessageHeaders<'static>) -> Outcomes<'static> {
    let entry = OutcomeEntry {
        call: 1,
        end: JobEnd::Failed,
        may_have_run: true,
        attempts: 1,
        worker: None,
        wait_us: 0,
        run_us: 0,
        code,
        text,
        detail: None,
        headers,
    };
    Outcomes { session: SESSION, outcomes: vec![entry] }
}

fn attempts(count: usize) -> Vec<JobAttempt> {
    vec![JobAttempt { job: JobId::new(1, 1), attempt: 1 }; count]
}

fn hello(role: &'static str, software: &'static str) -> Hello<'static> {
    Hello { magic: MAGIC, version_min: 1, version_max: 1, role, software, nonce: None }
}

fn register() -> Register<'static> {
    Register {
        session: SESSION,
        pools: vec![PoolOffer { pool: DEFAULT_POOL, credit_max: 1 }],
        pid: 1,
        host: "",
        instance: "",
        attentive: true,
        labels: NamedValues::default(),
    }
}

fn offers(count: usize) -> Vec<PoolOffer<'static>> {
    (0..count).map(|place| PoolOffer { pool: format!("pool-{place}").leak(), credit_max: 1 }).collect()
}

fn terms(count: usize) -> Registered<'static> {
    let terms = PoolTerms { pool: DEFAULT_POOL, settings: NamedValues::default() };
    Registered { session: SESSION, worker: 1, pools: vec![terms; count] }
}

fn labels(count: usize, bytes: usize) -> NamedValues<'static, &'static str> {
    NamedValues((0..count).map(|_| ("", long(bytes))).collect())
}

#[test]
fn a_message_has_1_to_1024_entries() {
    let entries = |count| execute(vec![call(); count]);
    assert_bound("over_limit", ENTRIES_MAX as u64, entries(ENTRIES_MAX), entries(ENTRIES_MAX + 1));
    assert_bound("bad_value", 0, entries(1), entries(0));
}

#[test]
fn every_kind_with_entries_bounds_them() {
    for count in [1, ENTRIES_MAX, ENTRIES_MAX + 1, 0] {
        let (replies, outcomes) = (reply("", "", no_headers()), outcome("", "", no_headers()));
        let messages: [Message<'static>; 7] = [
            jobs(vec![job(); count]).into(),
            Replies { replies: vec![replies.replies[0].clone(); count], ..replies }.into(),
            Cancel { session: SESSION, jobs: attempts(count) }.into(),
            Recall { session: SESSION, jobs: attempts(count) }.into(),
            execute(vec![call(); count]).into(),
            Outcomes { outcomes: vec![outcomes.outcomes[0].clone(); count], ..outcomes }.into(),
            Abandon { session: SESSION, calls: vec![1; count] }.into(),
        ];
        for message in messages {
            let code = decode_own(&message).map_err(|error| error.code());
            let expected = match count {
                0 => Err("bad_value"),
                1..=ENTRIES_MAX => Ok(()),
                _ => Err("over_limit"),
            };
            assert_eq!(code, expected, "{} with {count} entries", message.kind());
        }
    }
}

#[test]
fn a_header_frame_has_up_to_4_mib() {
    let frame = |bytes: usize| {
        let text_bytes = bytes - Quiet { session: SESSION }.encoded_bytes() - 5;
        let mut frame = vec![0x93, Kind::Quiet as u8, SESSION as u8, 0xDB];
        frame.extend((text_bytes as u32).to_be_bytes());
        frame.resize(bytes, b' ');
        frame
    };
    assert!(decode(&frame(HEADER_FRAME_BYTES_MAX), 0).is_ok());
    let error = decode(&frame(HEADER_FRAME_BYTES_MAX + 1), 0).expect_err("a byte more");
    assert_eq!(error.code(), "header_too_large");
}

trait EncodedBytes {
    fn encoded_bytes(self) -> usize;
}

impl<T: Into<Message<'static>>> EncodedBytes for T {
    fn encoded_bytes(self) -> usize {
        self.into().encode().len()
    }
}

#[test]
fn a_batch_of_64_jobs_with_all_their_headers_fits_into_a_header_frame() {
    let job = JobEntry { headers: headers(HEADERS_MAX, 128, 128), pool: long(POOL_BYTES_MAX), ..job() };
    assert!(jobs(vec![job; 64]).encoded_bytes() <= HEADER_FRAME_BYTES_MAX);
}

#[test]
fn a_pools_name_has_1_to_64_characters() {
    let named = |pool| execute(vec![CallEntry { pool, ..call() }]);
    assert_bound("bad_value", 0, named(long(POOL_BYTES_MAX)), named(long(POOL_BYTES_MAX + 1)));
    assert_bound("bad_value", 0, named("x"), named(""));
    for pool in ["a b", "a/b", "ä", "a\0", "a:b", "*"] {
        assert!(decode_own(&named(pool).into()).is_err(), "{pool:?}");
    }
}

#[test]
fn every_kind_with_a_pool_checks_its_name() {
    let pool = "no name";
    let mut registered = terms(1);
    registered.pools[0].pool = pool;
    let messages: [Message<'static>; 4] = [
        jobs(vec![JobEntry { pool, ..job() }]).into(),
        execute(vec![CallEntry { pool, ..call() }]).into(),
        Register { pools: vec![PoolOffer { pool, credit_max: 1 }], ..register() }.into(),
        registered.into(),
    ];
    for message in messages {
        assert_eq!(
            decode_own(&message).map_err(|error| error.code()),
            Err("bad_value"),
            "{}",
            message.kind()
        );
    }
}

#[test]
fn a_worker_offers_1_to_64_pools_each_once() {
    let offering = |pools| Register { pools, ..register() };
    let max = POOLS_PER_WORKER_MAX as u64;
    assert_bound("over_limit", max, offering(offers(64)), offering(offers(65)));
    assert_bound("over_limit", max, terms(64), terms(65));
    assert_bound("bad_value", 0, offering(offers(1)), offering(Vec::new()));
    assert_bound("bad_value", 0, offering(offers(2)), offering([offers(2), offers(1)].concat()));
}

#[test]
fn credit_is_1_to_1024() {
    let with = |credit_max| Register { pools: vec![PoolOffer { pool: "x", credit_max }], ..register() };
    assert_bound("bad_value", 0, with(CREDIT_MAX), with(CREDIT_MAX + 1));
    assert_bound("bad_value", 0, with(1), with(0));
}

#[test]
fn a_word_has_up_to_255_bytes() {
    let max = WORD_BYTES_MAX as u64;
    let (at, over) = (long(WORD_BYTES_MAX), long(WORD_BYTES_MAX + 1));
    assert_bound("over_limit", max, hello(at, ""), hello(over, ""));
    assert_bound("over_limit", max, hello("", at), hello("", over));
    let named = |host, instance| Register { host, instance, ..register() };
    assert_bound("over_limit", max, named(at, ""), named(over, ""));
    assert_bound("over_limit", max, named("", at), named("", over));
    let status = |query| Status { session: SESSION, query };
    assert_bound("over_limit", max, status(at), status(over));
    let state = |query| State { session: SESSION, query, state: Value::Nil };
    assert_bound("over_limit", max, state(at), state(over));
    let control = |verb, selector| Control { session: SESSION, id: 1, verb, selector, within_ms: 0 };
    assert_bound("over_limit", max, control(at, ""), control(over, ""));
    assert_bound("over_limit", max, control("", at), control("", over));
}

#[test]
fn a_code_has_up_to_64_bytes_and_a_text_up_to_16_kib() {
    let (code, code_over) = (long(CODE_BYTES_MAX), long(CODE_BYTES_MAX + 1));
    let (text, text_over) = (long(TEXT_BYTES_MAX), long(TEXT_BYTES_MAX + 1));
    let bye = |code, text| Bye { session: SESSION, code, text };
    let reject = |code, text| Reject { kind: 0, reference: None, code, text, retry_after_ms: None };
    let replies = |code, text| reply(code, text, no_headers());
    let outcomes = |code, text| outcome(code, text, no_headers());
    let (code_max, text_max) = (CODE_BYTES_MAX as u64, TEXT_BYTES_MAX as u64);
    assert_bound("over_limit", code_max, bye(code, ""), bye(code_over, ""));
    assert_bound("over_limit", text_max, bye("", text), bye("", text_over));
    assert_bound("over_limit", code_max, reject(code, ""), reject(code_over, ""));
    assert_bound("over_limit", text_max, reject("", text), reject("", text_over));
    assert_bound("over_limit", code_max, replies(code, ""), replies(code_over, ""));
    assert_bound("over_limit", text_max, replies("", text), replies("", text_over));
    assert_bound("over_limit", code_max, outcomes(code, ""), outcomes(code_over, ""));
    assert_bound("over_limit", text_max, outcomes("", text), outcomes("", text_over));
}

/// A bound on headers, for each kind that has them.
#[track_caller]
fn assert_headers_bound(
    code: &str,
    max: usize,
    at: &MessageHeaders<'static>,
    over: &MessageHeaders<'static>,
) {
    let max = max as u64;
    let in_call =
        |headers: &MessageHeaders<'static>| execute(vec![CallEntry { headers: headers.clone(), ..call() }]);
    let in_job =
        |headers: &MessageHeaders<'static>| jobs(vec![JobEntry { headers: headers.clone(), ..job() }]);
    assert_bound(code, max, in_call(at), in_call(over));
    assert_bound(code, max, in_job(at), in_job(over));
    assert_bound(code, max, reply("", "", at.clone()), reply("", "", over.clone()));
    assert_bound(code, max, outcome("", "", at.clone()), outcome("", "", over.clone()));
}

#[test]
fn headers_are_bounded_in_bytes_and_each_stands_once() {
    let name = HEADER_NAME_BYTES_MAX;
    assert_headers_bound("over_limit", name, &headers(1, name, 0), &headers(1, name + 1, 0));
    let value_bytes = HEADERS_BYTES_MAX / 4 - 10;
    let more = NamedValues([headers(4, 10, value_bytes).0, vec![("x", blob(0))]].concat());
    assert_headers_bound("over_limit", HEADERS_BYTES_MAX, &headers(4, 10, value_bytes), &more);
    let twice = NamedValues(vec![("k", blob(1)), ("k", blob(2))]);
    assert_headers_bound("bad_value", 0, &headers(2, 1, 1), &twice);
}

/// More names than a map may have are not even read: the error is another one.
#[test]
fn a_job_has_up_to_64_headers() {
    assert_headers_bound("malformed", 0, &headers(HEADERS_MAX, 2, 0), &headers(HEADERS_MAX + 1, 2, 0));
    let settings = |count| {
        let settings = NamedValues((0..count).map(|_| ("", 1)).collect());
        let mut registered = terms(1);
        registered.pools[0].settings = settings;
        registered
    };
    assert_bound("malformed", 0, settings(SETTINGS_MAX), settings(SETTINGS_MAX + 1));
}

#[test]
fn labels_are_bounded_in_number_and_bytes() {
    let with = |labels| Register { labels, ..register() };
    let (count, bytes) = (LABELS_MAX, LABELS_BYTES_MAX);
    assert_bound("over_limit", count as u64, with(labels(count, 0)), with(labels(count + 1, 0)));
    assert_bound("over_limit", bytes as u64, with(labels(1, bytes)), with(labels(1, bytes + 1)));
}

#[test]
fn a_duration_is_at_most_a_year() {
    let (at, over) = (DURATION_MS_MAX, DURATION_MS_MAX + 1);
    let timeout = |timeout_ms| execute(vec![CallEntry { timeout_ms, ..call() }]);
    assert_bound("over_limit", at, timeout(at), timeout(over));
    assert_bound("bad_value", 0, timeout(1), timeout(0));
    let remaining = |remaining_ms| jobs(vec![JobEntry { remaining_ms, ..job() }]);
    assert_bound("over_limit", at, remaining(at), remaining(over));
    let within = |within_ms| Control { session: SESSION, id: 1, verb: "", selector: "", within_ms };
    assert_bound("over_limit", at, within(at), within(u64::MAX));
}

#[test]
fn calls_and_attempts_count_from_1() {
    let numbered = |call_number| execute(vec![CallEntry { call: call_number, ..call() }]);
    assert_bound("bad_value", 0, numbered(CALL_MAX), numbered(CALL_MAX + 1));
    assert_bound("bad_value", 0, numbered(1), numbered(0));
    let attempt = |attempt| jobs(vec![JobEntry { attempt, ..job() }]);
    assert_bound("bad_value", 0, attempt(1), attempt(0));
    let attempts_max = |attempts_max| execute(vec![CallEntry { attempts_max, ..call() }]);
    assert_bound("bad_value", 0, attempts_max(Some(1)), attempts_max(Some(0)));
}

#[test]
fn a_nonce_and_a_mac_have_32_bytes() {
    for bytes in [0, NONCE_BYTES - 1, NONCE_BYTES + 1] {
        let hello = |bytes| Hello { nonce: Some(blob(bytes)), ..hello("", "") };
        assert_bound("bad_value", 0, hello(NONCE_BYTES), hello(bytes));
        let proof = |bytes| Proof { mac: blob(bytes) };
        assert_bound("bad_value", 0, proof(NONCE_BYTES), proof(bytes));
        let challenge = |bytes| Challenge { version: 1, epoch: 1, nonce: blob(bytes) };
        assert_bound("bad_value", 0, challenge(NONCE_BYTES), challenge(bytes));
    }
}

#[test]
fn hello_has_its_magic_and_ordered_versions() {
    let versions = |version_min, version_max| Hello { version_min, version_max, ..hello("", "") };
    assert_bound("bad_value", 0, versions(2, 2), versions(2, 1));
    assert_bound("bad_value", 0, hello("", ""), Hello { magic: "Powerhose", ..hello("", "") });
}

#[test]
fn an_answer_has_up_to_262144_values() {
    let state = |values| {
        let state = Value::Array(vec![Value::Nil; values - 1]);
        State { session: SESSION, query: "", state }
    };
    assert_bound("malformed", 0, state(VALUES_MAX), state(VALUES_MAX + 1));
}

#[test]
fn arrays_and_maps_nest_up_to_16_deep() {
    let nested = |depth| {
        let mut state = Value::Nil;
        for _ in 0..depth {
            state = Value::Array(vec![state]);
        }
        State { session: SESSION, query: "", state }
    };
    // The header's own array is the first.
    assert_bound("malformed", 0, nested(DEPTH_MAX - 2), nested(DEPTH_MAX));
    let ignored = |depth: usize| [vec![0x93, Kind::Unknown as u8, 1], vec![0x91; depth], vec![0xC0]].concat();
    assert!(decode(&ignored(DEPTH_MAX - 2), 0).is_ok());
    for depth in [DEPTH_MAX, 1000, HEADER_FRAME_BYTES_MAX - 4] {
        assert!(decode(&ignored(depth), 0).is_err(), "{depth}");
    }
}

#[test]
fn bytes_behind_a_message_are_refused_also_when_they_claim_more_than_is_there() {
    let quiet = Message::from(Quiet { session: 7 }).encode();
    for behind in [&b"\xc0"[..], b"\x01", b"\x91", b"\xde\xff\xff\xff\xff", b"\xdd\xff\xff\xff\xff\x01"] {
        let header = [&quiet[..], behind].concat();
        assert_eq!(decode(&header, 0), Err(DecodeError::TrailingBytes), "{behind:x?}");
    }
}
