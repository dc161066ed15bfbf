//! What is there together shares a message, up to the bounds of a batch.

use super::harness::*;
use crate::common::{PoolSettings, Submission};
use powerhose_protocol::*;

fn with_credit(credit: u32) -> Bench {
    Bench::with(|settings| settings.pools = vec![("sign".into(), PoolSettings::new().credit(credit))])
}

fn lengths<T>(batches: &[Vec<T>]) -> Vec<usize> {
    batches.iter().map(Vec::len).collect()
}

#[test]
fn jobs_that_came_together_go_together() {
    let mut bench = with_credit(10);
    let worker = bench.worker("sign");
    for _ in 0..3 {
        bench.submit("sign");
    }
    bench.act();
    bench.submit("sign");
    assert_eq!(lengths(&bench.batches(worker)), [3, 1]);
}

#[test]
fn a_message_has_at_most_64_jobs() {
    let mut bench = with_credit(200);
    let worker = bench.worker("sign");
    for _ in 0..150 {
        bench.submit("sign");
    }
    assert_eq!(lengths(&bench.batches(worker)), [64, 64, 22]);
}

#[test]
fn a_message_has_at_most_256_kibibytes_unless_a_single_job_is_larger() {
    let mut bench = with_credit(10);
    let worker = bench.worker("sign");
    for kibibytes in [100, 100, 100, 300] {
        let payload = vec![0; kibibytes << 10].into();
        bench.submit_job(Submission { payload, ..job("sign") });
    }
    let batches = bench.batches(worker);
    assert_eq!(lengths(&batches), [2, 1], "the fourth has no room at the worker yet");
    bench.done(worker, &batches[0][0]);
    assert_eq!(lengths(&bench.batches(worker)), [1], "larger than a batch, so alone");
}

#[test]
fn outcomes_of_a_client_that_are_there_together_share_messages_within_the_same_bounds() {
    let mut bench = Bench::new();
    let client = bench.client();
    let calls: Vec<(u64, Submission)> = (1..=100).map(|call| (call, job("sign"))).collect();
    bench.execute_all(client, &calls);
    bench.pass(1000);
    let heard = bench.heard(client);
    let lengths: Vec<usize> =
        heard.iter().map(|sent| if let Sent::Outcomes(ended) = sent { ended.len() } else { 0 }).collect();
    assert_eq!(lengths, [64, 36]);
}

#[test]
fn large_replies_do_not_share_a_message() {
    static LARGE: [u8; 200 << 10] = [1; 200 << 10];
    let mut bench = Bench::new();
    let client = bench.client();
    let workers = [bench.worker("sign"), bench.worker("sign"), bench.worker("sign")];
    (1..=3).for_each(|call| bench.execute(client, call, "sign"));
    let payloads: [&'static [u8]; 3] = [&LARGE, &LARGE, b"small"];
    let given = workers.map(|worker| bench.job(worker));
    for ((worker, given), payload) in workers.iter().zip(&given).zip(payloads) {
        bench.answer(*worker, given, Answer { payload, ..Answer::default() });
    }
    let heard = bench.heard(client);
    let calls: Vec<Vec<u64>> = heard
        .iter()
        .map(|sent| match sent {
            Sent::Outcomes(ended) => ended.iter().map(|ended| ended.call).collect(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(calls, [vec![1], vec![2, 3]]);
}

#[test]
fn many_long_texts_do_not_make_a_header_that_nobody_reads() {
    let mut bench = Bench::with(|settings| {
        settings.batch_jobs_max = 1024;
        settings.pools = vec![("sign".into(), PoolSettings::new().credit(1024))];
    });
    let (client, worker) = (bench.client(), bench.worker("sign"));
    let calls: Vec<(u64, Submission)> = (1..=300).map(|call| (call, job("sign"))).collect();
    bench.execute_all(client, &calls);
    let given = bench.jobs(worker);
    assert_eq!(given.len(), 300);
    let text = "t".repeat(16 << 10);
    for given in &given {
        let entry = ReplyEntry {
            job: given.job,
            attempt: 1,
            end: WorkerEnd::Failed,
            run_us: 0,
            code: "error",
            text: &text,
            headers: MessageHeaders::default(),
        };
        let replies = Replies { session: worker.session, replies: vec![entry] };
        bench.say_with(worker.route, replies, vec![bytes::Bytes::new()]);
    }
    assert_eq!(bench.outcomes(client).len(), 300);
}

#[test]
fn many_large_headers_do_not_make_a_header_that_nobody_reads() {
    let mut bench = Bench::with(|settings| {
        settings.batch_jobs_max = 1024;
        settings.pools = vec![("sign".into(), PoolSettings::new().credit(1024))];
    });
    let worker = bench.worker("sign");
    for _ in 0..400 {
        let mut submission = job("sign");
        submission.headers.set("large", vec![0; 16_000]);
        bench.submit_job(submission);
    }
    assert_eq!(bench.jobs(worker).len(), 400);
}
