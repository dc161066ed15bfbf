//! What the golden messages say, by name.

use powerhose_protocol::*;

const SESSION: u64 = 0x1122_3344_5566_7788;
const EPOCH: u64 = 0xE0C4;
const YEAR_MS: u64 = 365 * 24 * 3600 * 1000;
const NONCE: [u8; 32] = counting(0);
const MASTERS_NONCE: [u8; 32] = counting(32);
/// What the client proves itself with, see `make_golden.py` and section 5 of `PROTOCOL.md`.
const PROOF: [u8; 32] = [
    0xdf, 0x17, 0x52, 0xcf, 0x47, 0xd7, 0xbd, 0x69, 0x42, 0x69, 0x34, 0x84, 0x47, 0xb2, 0x2d, 0x89, 0x4d,
    0x22, 0x0d, 0xda, 0x54, 0xfa, 0xe6, 0x0e, 0xc6, 0x7f, 0xe7, 0xdc, 0x7a, 0x27, 0xba, 0x85,
];
/// What the master proves itself with.
const MASTERS_MAC: [u8; 32] = [
    0xcd, 0x00, 0xaa, 0xfc, 0xfb, 0x7b, 0xef, 0x2a, 0x35, 0xbc, 0xe8, 0x85, 0x96, 0x5c, 0x82, 0x17, 0x8c,
    0xa2, 0x4c, 0x38, 0x70, 0x34, 0x10, 0x4c, 0x34, 0x1b, 0x5f, 0x2e, 0xb0, 0x64, 0xd5, 0x2f,
];
const LONG_NAME: [u8; 255] = [b'k'; 255];
const LONG_VALUE: [u8; 300] = [b'v'; 300];
const POOL_OF_64: [u8; 64] = [b'z'; 64];
const CODE: [u8; 32] = [b'c'; 32];
const TEXT: [u8; 256] = [b't'; 256];

const fn counting(from: u8) -> [u8; 32] {
    let mut bytes = [0; 32];
    let mut place = 0;
    while place < 32 {
        bytes[place] = from + place as u8;
        place += 1;
    }
    bytes
}

fn text(bytes: &'static [u8]) -> &'static str {
    std::str::from_utf8(bytes).expect("ASCII")
}

fn job_317() -> JobId {
    JobId::new(3, 17)
}

fn none<V>() -> NamedValues<'static, V> {
    NamedValues::default()
}

fn map(entries: &[(&str, Value)]) -> Value {
    Value::Map(entries.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect())
}

/// The canonical golden messages.
pub(crate) fn messages() -> Vec<(&'static str, Message<'static>)> {
    let mut all = handshake();
    all.extend(liveness());
    all.extend(registration());
    all.extend(jobs_and_replies());
    all.extend(calls());
    all.extend(questions());
    all.extend(widths());
    all
}

fn handshake() -> Vec<(&'static str, Message<'static>)> {
    let hello = |version_max, role, software, nonce| Hello {
        magic: MAGIC,
        version_min: 1,
        version_max,
        role,
        software,
        nonce,
    };
    let limits = [("payload_bytes_max", 64 << 20), ("batch_jobs_max", 64), ("batch_bytes_max", 256 << 10)];
    let welcome = Welcome {
        version: 1,
        epoch: EPOCH,
        session: SESSION,
        peer: 3,
        mac: None,
        limits: NamedValues(limits.to_vec()),
        intervals: NamedValues(vec![("heartbeat_ms", 1000), ("silence_ms", 5000)]),
        pid: 4711,
        sent_ms: 60_000,
    };
    let proved = Welcome {
        mac: Some(Bytes(&MASTERS_MAC)),
        limits: none(),
        intervals: none(),
        pid: 1,
        sent_ms: 0,
        ..welcome.clone()
    };
    vec![
        ("hello_worker", hello(1, ROLE_WORKER, "worker.py 1.0", None).into()),
        ("hello_client", hello(3, ROLE_CLIENT, "", Some(Bytes(&NONCE))).into()),
        ("challenge", Challenge { version: 1, epoch: EPOCH, nonce: Bytes(&MASTERS_NONCE) }.into()),
        ("proof", Proof { mac: Bytes(&PROOF) }.into()),
        ("welcome", welcome.into()),
        ("welcome_proved", proved.into()),
    ]
}

fn liveness() -> Vec<(&'static str, Message<'static>)> {
    let max = u64::MAX;
    let workers_max = Reject {
        kind: 10,
        reference: None,
        code: "workers_max",
        text: "4096 workers are here",
        retry_after_ms: Some(1000),
    };
    let call = Reject {
        kind: 20,
        reference: Some(17),
        code: "duplicate_call",
        text: "it is not above call 17",
        retry_after_ms: None,
    };
    vec![
        ("heartbeat", Heartbeat { session: SESSION, sequence: 2, acknowledged: 1, sent_ms: 61_000 }.into()),
        ("heartbeat_max", Heartbeat { session: max, sequence: max, acknowledged: max, sent_ms: max }.into()),
        ("unknown", Unknown { epoch: EPOCH }.into()),
        ("bye", Bye { session: SESSION, code: "leaving", text: "" }.into()),
        ("bye_text", Bye { session: SESSION, code: "closing", text: "the master ends – bye" }.into()),
        ("reject", workers_max.into()),
        ("reject_call", call.into()),
    ]
}

fn registration() -> Vec<(&'static str, Message<'static>)> {
    let register = Register {
        session: SESSION,
        pools: vec![PoolOffer { pool: "default", credit_max: 1 }],
        pid: 4242,
        host: "host-1",
        instance: "9f86d081884c7d65",
        attentive: false,
        labels: none(),
    };
    let labels = Register {
        session: SESSION,
        pools: vec![
            PoolOffer { pool: "sign", credit_max: 1024 },
            PoolOffer { pool: "a.B_c-9", credit_max: 1 },
        ],
        pid: u64::MAX,
        host: "",
        instance: "",
        attentive: true,
        labels: NamedValues(vec![("zone", "eu-1"), ("", "é")]),
    };
    let settings = NamedValues(vec![("overrun_grace_ms", 30_000)]);
    let registered =
        Registered { session: SESSION, worker: 3, pools: vec![PoolTerms { pool: "default", settings }] };
    vec![
        ("register", register.into()),
        ("register_labels", labels.into()),
        ("registered", registered.into()),
        ("quiet", Quiet { session: SESSION }.into()),
        ("quieted", Quieted { session: SESSION }.into()),
        ("resume", Resume { session: SESSION }.into()),
    ]
}

fn jobs_and_replies() -> Vec<(&'static str, Message<'static>)> {
    let entry = JobEntry {
        job: job_317(),
        attempt: 1,
        pool: "default",
        remaining_ms: 4998,
        flags: 0,
        headers: NamedValues(vec![("do", Bytes(b"square"))]),
    };
    let entries = vec![
        JobEntry {
            job: JobId::from_wire(u64::MAX),
            attempt: 2,
            pool: "sign",
            remaining_ms: YEAR_MS,
            flags: 0,
            headers: none(),
        },
        JobEntry {
            job: JobId::new(1, 1),
            attempt: 1,
            pool: "sign",
            remaining_ms: 0,
            flags: FLAG_ONCE,
            headers: NamedValues(vec![("", Bytes(b"")), ("k", Bytes(b"\0\xff"))]),
        },
    ];
    let reply = |job, attempt, end, run_us| ReplyEntry {
        job,
        attempt,
        end,
        run_us,
        code: "",
        text: "",
        headers: none(),
    };
    let every_end = vec![
        ReplyEntry {
            headers: NamedValues(vec![("cost", Bytes(b"\x07"))]),
            ..reply(JobId::from_wire(1), 1, WorkerEnd::Done, 1)
        },
        ReplyEntry {
            code: "not_a_number",
            text: "no decimal integer",
            ..reply(JobId::from_wire(2), 1, WorkerEnd::Failed, 200)
        },
        reply(JobId::from_wire(3), 2, WorkerEnd::Returned, 0),
        reply(JobId::from_wire(4), 3, WorkerEnd::Expired, 0),
        reply(JobId::from_wire(5), 1, WorkerEnd::Cancelled, 0),
    ];
    let first = JobAttempt { job: job_317(), attempt: 1 };
    let last = JobAttempt { job: JobId::from_wire(u64::MAX), attempt: u64::MAX };
    vec![
        ("jobs", Jobs { session: SESSION, sent_ms: 61_234, jobs: vec![entry] }.into()),
        ("jobs_two", Jobs { session: SESSION, sent_ms: 0, jobs: entries }.into()),
        (
            "replies",
            Replies { session: SESSION, replies: vec![reply(job_317(), 1, WorkerEnd::Done, 85)] }.into(),
        ),
        ("replies_every_end", Replies { session: SESSION, replies: every_end }.into()),
        ("cancel", Cancel { session: SESSION, jobs: vec![first.clone()] }.into()),
        ("recall", Recall { session: SESSION, jobs: vec![first, last] }.into()),
    ]
}

fn calls() -> Vec<(&'static str, Message<'static>)> {
    let call = CallEntry {
        call: 17,
        pool: "default",
        timeout_ms: 5000,
        flags: 0,
        attempts_max: None,
        headers: NamedValues(vec![("do", Bytes(b"square"))]),
    };
    let bounds = vec![
        CallEntry { call: 1, pool: "a", timeout_ms: 1, flags: 0, attempts_max: Some(1), headers: none() },
        CallEntry {
            call: CALL_MAX,
            pool: text(&POOL_OF_64),
            timeout_ms: YEAR_MS,
            flags: FLAG_ONCE,
            attempts_max: Some(u64::MAX),
            headers: NamedValues(vec![(text(&LONG_NAME), Bytes(&LONG_VALUE))]),
        },
    ];
    let outcome = OutcomeEntry {
        call: 17,
        end: JobEnd::Done,
        may_have_run: true,
        attempts: 1,
        worker: Some(3),
        wait_us: 120,
        run_us: 85,
        code: "",
        text: "",
        detail: None,
        headers: none(),
    };
    vec![
        ("execute", Execute { session: SESSION, calls: vec![call] }.into()),
        ("execute_bounds", Execute { session: SESSION, calls: bounds }.into()),
        ("outcomes", Outcomes { session: SESSION, outcomes: vec![outcome.clone()] }.into()),
        ("outcomes_every_end", Outcomes { session: SESSION, outcomes: every_outcome(&outcome) }.into()),
        ("abandon", Abandon { session: SESSION, calls: vec![17, CALL_MAX] }.into()),
    ]
}

fn every_outcome(done: &OutcomeEntry<'static>) -> Vec<OutcomeEntry<'static>> {
    let ran = |call, end| OutcomeEntry { call, end, wait_us: 10, run_us: 20, ..done.clone() };
    vec![
        OutcomeEntry { headers: NamedValues(vec![("cost", Bytes(b"\x07"))]), ..ran(1, JobEnd::Done) },
        OutcomeEntry { code: "not_a_number", text: "no decimal integer", ..ran(2, JobEnd::Failed) },
        OutcomeEntry { run_us: 0, ..ran(3, JobEnd::TimedOut) },
        OutcomeEntry {
            may_have_run: false,
            attempts: 0,
            worker: None,
            run_us: 0,
            ..ran(4, JobEnd::Cancelled)
        },
        OutcomeEntry {
            attempts: 3,
            worker: Some(4),
            run_us: 0,
            code: "signal",
            text: "killed",
            detail: Some(9),
            ..ran(5, JobEnd::Lost)
        },
        OutcomeEntry {
            may_have_run: false,
            attempts: 0,
            worker: None,
            wait_us: 0,
            run_us: 0,
            code: "payload_too_large",
            detail: Some(64 << 20),
            ..ran(6, JobEnd::Rejected)
        },
    ]
}

fn questions() -> Vec<(&'static str, Message<'static>)> {
    let pool = map(&[
        ("pool", "default".into()),
        ("workers", 1.into()),
        ("waiting", 0.into()),
        ("running", 1.into()),
        ("credit", 1.into()),
    ]);
    let every_type = map(&[
        ("nil", Value::Nil),
        ("no", false.into()),
        ("yes", true.into()),
        ("most", u64::MAX.into()),
        ("least", Value::Signed(i64::MIN)),
        ("few", Value::Signed(-1)),
        ("some", Value::Signed(-200)),
        ("half", Value::Float(0.5)),
        ("text", "é".into()),
        ("bytes", Value::Bytes(vec![0])),
        ("array", Value::Array(Vec::new())),
        ("map", map(&[])),
    ]);
    let progress = map(&[("matched", 2.into()), ("left", 0.into()), ("done", true.into())]);
    let control =
        Control { session: SESSION, id: 1, verb: "drain", selector: "pool:default", within_ms: 30_000 };
    let pools = map(&[("pools", Value::Array(vec![pool]))]);
    let worker = |id: u64, state: &str| map(&[("id", id.into()), ("state", state.into())]);
    let workers = Value::Array(vec![worker(26, "ready"), worker(31, "busy")]);
    let page = map(&[("workers", workers), ("next", "workers:31".into())]);
    vec![
        ("status", Status { session: SESSION, query: "pools" }.into()),
        ("state", State { session: SESSION, query: "pools", state: pools }.into()),
        ("status_page", Status { session: SESSION, query: "workers:25" }.into()),
        ("state_page", State { session: SESSION, query: "workers:25", state: page }.into()),
        ("state_every_type", State { session: SESSION, query: "?", state: every_type }.into()),
        ("control", control.into()),
        ("controlled", Controlled { session: SESSION, id: 1, progress }.into()),
    ]
}

fn widths() -> Vec<(&'static str, Message<'static>)> {
    let pairs = [
        (0, 127),
        (128, 255),
        (256, 65_535),
        (65_536, u64::from(u32::MAX)),
        (u64::from(u32::MAX) + 1, u64::MAX),
    ];
    let jobs = pairs.map(|(job, attempt)| JobAttempt { job: JobId::from_wire(job), attempt }).to_vec();
    let failed = |job, code, text| ReplyEntry {
        job: JobId::from_wire(job),
        attempt: 1,
        end: WorkerEnd::Failed,
        run_us: 0,
        code,
        text,
        headers: none(),
    };
    let replies = vec![failed(1, text(&CODE[..31]), text(&TEXT[..255])), failed(2, text(&CODE), text(&TEXT))];
    vec![
        ("int_widths", Cancel { session: SESSION, jobs }.into()),
        ("array_of_16", Abandon { session: SESSION, calls: (1..=16).collect() }.into()),
        ("str_widths", Replies { session: SESSION, replies }.into()),
    ]
}
