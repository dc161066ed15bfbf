//! How long the dispatcher takes for a job, alone: the load `growth` of the benchmark program, with criterion's
//! statistics.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use powerhose_bench::growth::Exchange;
use std::time::Duration;

fn dispatcher(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("dispatcher");
    group.throughput(Throughput::Elements(1));
    for (name, workers, waiting) in [
        ("10 workers, 1 job waiting", 10, 1),
        ("1,000 workers, 10,000 jobs waiting", 1_000, 10_000),
        ("10,000 workers, 1,000,000 jobs waiting", 10_000, 1_000_000),
    ] {
        let mut exchange = Exchange::new(workers, waiting);
        group.bench_function(name, |bencher| bencher.iter_custom(|jobs| run(&mut exchange, jobs)));
    }
}

/// A turn ends several jobs at once, so what is left over is left out in proportion.
fn run(exchange: &mut Exchange, jobs: u64) -> Duration {
    let (mut ended, mut took) = (0, Duration::ZERO);
    while ended < jobs {
        let (more, turn) = exchange.turn();
        (ended, took) = (ended + more, took + turn);
    }
    took.mul_f64(jobs as f64 / ended as f64)
}

criterion_group!(benches, dispatcher);
criterion_main!(benches);
