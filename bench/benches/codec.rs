//! How long it takes to write and to read the messages that jobs travel in, alone and sixty-four together.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use powerhose_protocol::{
    DEFAULT_POOL, JobEntry, JobId, Jobs, Message, MessageHeaders, Replies, ReplyEntry, WorkerEnd, decode,
};
use std::hint::black_box;

const SESSION: u64 = 0x0123_4567_89ab_cdef;
const BATCHES: [u64; 2] = [1, 64];

fn jobs(count: u64) -> Message<'static> {
    let entry = |call| JobEntry {
        job: JobId::new(1, 1_000_000 + call),
        attempt: 1,
        pool: DEFAULT_POOL,
        remaining_ms: 4_999,
        flags: 0,
        headers: MessageHeaders::default(),
    };
    Jobs { session: SESSION, sent_ms: 86_400_000, jobs: (0..count).map(entry).collect() }.into()
}

fn replies(count: u64) -> Message<'static> {
    let entry = |call| ReplyEntry {
        job: JobId::new(1, 1_000_000 + call),
        attempt: 1,
        end: WorkerEnd::Done,
        run_us: 88,
        code: "",
        text: "",
        headers: MessageHeaders::default(),
    };
    Replies { session: SESSION, replies: (0..count).map(entry).collect() }.into()
}

fn codec(criterion: &mut Criterion) {
    for (name, make) in [("JOBS", jobs as fn(u64) -> Message<'static>), ("REPLIES", replies)] {
        let mut group = criterion.benchmark_group(name);
        for count in BATCHES {
            let message = make(count);
            let header = message.encode();
            group.throughput(Throughput::Elements(count));
            group.bench_function(BenchmarkId::new("write", count), |bencher| {
                let mut buffer = Vec::with_capacity(header.len());
                bencher.iter(|| {
                    buffer.clear();
                    black_box(&message).encode_into(&mut buffer);
                });
            });
            group.bench_function(BenchmarkId::new("read", count), |bencher| {
                bencher.iter(|| decode(black_box(&header), count as usize).is_ok());
            });
        }
    }
}

criterion_group!(benches, codec);
criterion_main!(benches);
