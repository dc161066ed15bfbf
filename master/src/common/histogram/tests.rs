//! Known durations, and what is told of them.

use super::*;
use powerhose_protocol::Value;
use proptest::prelude::*;

fn of(micros: impl IntoIterator<Item = u64>) -> Histogram {
    let mut histogram = Histogram::default();
    micros.into_iter().for_each(|micros| histogram.record(Duration::from_micros(micros)));
    histogram
}

/// As a reader at the other end has it.
fn told(histogram: &Histogram) -> Histogram {
    Histogram::from_value(&histogram.to_value(), &BOUNDS_US).expect("all is told")
}

#[track_caller]
fn assert_near(told: Option<Duration>, truth: Duration) {
    let told = told.expect("there are durations");
    assert!(told.abs_diff(truth) <= truth.mul_f64(0.016), "{told:?} for {truth:?}");
}

#[test]
fn a_coarse_bucket_ends_with_its_bound() {
    let mut histogram = of([0, 10, 11, 20, 21, 122_400_000, 122_400_001, u64::MAX]);
    histogram.record(Duration::from_nanos(20_001));
    assert_eq!(histogram.counts()[..3], [2, 2, 2]);
    assert_eq!(histogram.counts()[BOUNDS - 1..], [1, 2]);
    assert_eq!(histogram.count(), 9);
}

#[test]
fn a_timeout_that_was_acted_upon_a_little_late_has_a_bucket_of_its_own() {
    let ends = |from: u64, to: u64| {
        let bucket = |micros| of([micros]).counts().iter().position(|count| *count == 1);
        assert_eq!(bucket(from), bucket(to));
        assert_eq!(bucket(from - 1).map(|bucket| bucket + 1), bucket(from), "{from}");
        assert_eq!(bucket(to).map(|bucket| bucket + 1), bucket(to + 1), "{to}");
    };
    for seconds in [1, 2, 5, 10, 20, 30, 60, 120] {
        ends(seconds * 1_000_000 + 1, seconds * 1_020_000);
    }
}

#[test]
fn runs_of_59_to_89_ms_are_told_as_such() {
    let histogram = of((0..300).map(|run| 59_000 + run * 100));
    for histogram in [&histogram, &told(&histogram)] {
        assert_near(histogram.quantile(0.0), Duration::from_millis(59));
        assert_near(histogram.quantile(0.5), Duration::from_micros(73_900));
        assert_near(histogram.quantile(0.99), Duration::from_micros(88_600));
        assert_eq!(histogram.quantile(1.0), Some(Duration::from_micros(88_900)));
        assert_eq!(histogram.greatest(), Some(Duration::from_micros(88_900)));
    }
}

#[test]
fn no_percentile_is_above_the_greatest() {
    let histogram = of((0..1000).map(|late| 5_000_000 + late));
    for share in [0.01, 0.5, 0.99, 0.999, 1.0] {
        let quantile = histogram.quantile(share).expect("there are durations");
        assert!(quantile <= Duration::from_micros(5_000_999), "{share}: {quantile:?}");
        assert_near(Some(quantile), Duration::from_secs(5));
    }
    assert_eq!(of([]).quantile(0.5), None);
    assert_eq!(of([]).greatest(), None);
    assert_eq!(of([0, 0]).quantile(0.5), Some(Duration::ZERO));
    assert_eq!(of([u64::MAX]).quantile(0.5), Some(Duration::from_nanos(u64::MAX)));
}

#[test]
fn what_came_since_and_what_was_before_are_the_whole() {
    let (before, whole) = (of([5, 500]), of([5, 500, 7_000, 9]));
    let since = whole.since(&before);
    assert_eq!(since, of([7_000, 9]));
    let mut sum = before;
    sum.add(&since);
    assert_eq!(sum, whole);
}

#[test]
fn the_greatest_of_what_came_since_is_not_that_of_before() {
    let (before, whole) = (of([80_000]), of([80_000, 700, 300]));
    let since = whole.since(&before);
    assert_near(since.greatest(), Duration::from_micros(700));
    assert_eq!(whole.since(&whole).greatest(), None);
}

#[test]
fn a_master_that_tells_no_fine_buckets_is_read_by_its_coarse_ones() {
    let number = |numbers: &[u64]| Value::Array(numbers.iter().copied().map(Value::Unsigned).collect());
    let entries = [("sum_us", Value::Unsigned(70)), ("counts", number(&[0, 10, 1, 1]))];
    let value = Value::Map(entries.map(|(name, value)| (name.to_owned(), value)).into());
    let told = Histogram::from_value(&value, &[1_000, 2_000, 9_000_000]).expect("it is told");
    assert_eq!((told.count(), told.sum()), (12, Duration::from_micros(70)));
    assert_near(told.quantile(0.5), Duration::from_micros(1_500));
    assert_eq!(told.greatest(), Some(Duration::from_secs(9)), "the last bucket has no end");
    assert_eq!(told.counts()[6..8], [0, 10], "more than 1 ms, and up to 2");
}

#[test]
fn what_is_told_is_bounded_however_much_was_recorded() {
    let mut histogram = Histogram::default();
    for power in 0..64 {
        (0..32)
            .for_each(|part| histogram.record(Duration::from_nanos((1 << power) + ((part << power) >> 5))));
    }
    let weight = histogram.to_value().weight();
    assert!(weight.values <= 4000 && weight.bytes <= 36_000, "{weight:?}");
}

#[test]
fn buckets_that_nobody_has_are_read_past() {
    let mut value = of([7]).to_value();
    let Value::Map(entries) = &mut value else { panic!("a map") };
    let fine = entries.iter_mut().find(|(name, _)| name == "fine").expect("it is told");
    fine.1 = Value::Array([u64::MAX, 3, 0, 1, 1].map(Value::Unsigned).into());
    let told = Histogram::from_value(&value, &BOUNDS_US).expect("it is told");
    assert_eq!(told.quantile(0.0), Some(Duration::from_micros(7)));
}

proptest! {
    #[test]
    fn every_percentile_is_within_3_percent_and_told_alike(
        mut nanos in prop::collection::vec(0_u64..200_000_000_000, 1..300),
    ) {
        let mut histogram = Histogram::default();
        nanos.iter().for_each(|nanos| histogram.record(Duration::from_nanos(*nanos)));
        nanos.sort_unstable();
        for percent in 0..=100 {
            let place = (nanos.len() * percent).div_ceil(100).saturating_sub(1);
            let truth = nanos[place] as f64;
            let quantile = histogram.quantile(percent as f64 / 100.0).expect("there are some").as_nanos() as f64;
            prop_assert!((quantile - truth).abs() <= truth * 0.016, "{percent} %: {quantile} for {truth}");
            prop_assert!(quantile <= nanos[nanos.len() - 1] as f64);
        }
        let told = told(&histogram);
        prop_assert_eq!(&told.fine, &histogram.fine);
        prop_assert_eq!(told.coarse, histogram.coarse);
        prop_assert_eq!(told.quantile(0.99), histogram.quantile(0.99));
    }
}
