//! Many worlds hold what is promised, every fault strikes in them, and a seed repeats its world.

use powerhose_simulation::{Plan, Telling, explore, run};

#[test]
fn two_thousand_worlds_hold_and_everything_occurs_in_them() {
    let plan = Plan { first_seed: 1, seeds: 2000, events: 500 };
    let (coverage, runs, failure) = explore(&plan, || {}, || true);
    if let Some(report) = failure {
        panic!("{report}");
    }
    assert_eq!(runs, 2000);
    println!("{coverage}");
    let missing = coverage.missing();
    assert!(missing.is_empty(), "these never occurred: {missing:#?}\n{coverage}");
}

#[test]
fn a_seed_repeats_its_world() {
    for seed in 1..=20 {
        let (one, other) = (run(seed, 300, Telling::Quiet), run(seed, 300, Telling::Quiet));
        assert_eq!((one.trace_hash, one.steps), (other.trace_hash, other.steps), "seed {seed}");
    }
    assert_ne!(run(1, 300, Telling::Quiet).trace_hash, run(2, 300, Telling::Quiet).trace_hash);
}
