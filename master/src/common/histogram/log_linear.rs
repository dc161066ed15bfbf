//! Counts of numbers, in buckets of which none is wider than 3.2 % of its numbers: every power of two is cut into 32 equal
//! parts, as hdrhistogram does.
//!
//! Memory grows with the range of the numbers only: 256 bytes for each power of two between the least and the greatest, up
//! to 15 KiB. An empty one has none.

/// Parts of a power of two; the numbers below have a bucket each.
const PARTS: u64 = 32;
/// `log2` of it.
const PARTS_BITS: u32 = PARTS.ilog2();
/// Buckets for all numbers of 64 bits.
pub(super) const BUCKETS: usize = (u64::BITS - PARTS_BITS + 1) as usize * PARTS as usize;

/// How often numbers of each size were recorded.
#[derive(Clone, Debug, Default)]
pub(super) struct LogLinear {
    /// The bucket that the first count is of: one where a power of two begins.
    first: usize,
    counts: Vec<u64>,
}

impl LogLinear {
    /// Counts a number of this bucket.
    pub(super) fn record(&mut self, bucket: usize) {
        match self.counts.get_mut(bucket.wrapping_sub(self.first)) {
            Some(count) => *count += 1,
            None => self.count(bucket, 1),
        }
    }

    /// The buckets that have counts, and these, in rising order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (usize, u64)> + '_ {
        let counts = self.counts.iter().enumerate().filter(|(_, count)| **count > 0);
        counts.map(|(place, count)| (self.first + place, *count))
    }

    /// Adds to the count of a bucket. Buckets that no number has are left out.
    pub(super) fn count(&mut self, bucket: usize, more: u64) {
        if bucket >= BUCKETS || more == 0 {
            return;
        }
        self.make_room(bucket);
        let count = &mut self.counts[bucket - self.first];
        *count = count.saturating_add(more);
    }

    /// What is counted here and not yet in `earlier`, an earlier state of this.
    pub(super) fn since(&self, earlier: &LogLinear) -> LogLinear {
        let mut since = LogLinear::default();
        for (bucket, count) in self.iter() {
            let before = earlier.counts.get(bucket.wrapping_sub(earlier.first)).copied().unwrap_or(0);
            since.count(bucket, count.saturating_sub(before));
        }
        since
    }

    /// A number that stands for the one at this rank, of which 1 is the least: the middle of its bucket, which is at most
    /// 1.6 % away from each number in it. None if there are fewer numbers.
    pub(super) fn at_rank(&self, rank: u64) -> Option<u64> {
        let mut seen = 0_u64;
        let holds = |(_, count): &(usize, u64)| {
            seen = seen.saturating_add(*count);
            seen >= rank
        };
        self.iter().find(holds).map(|(bucket, _)| middle_of(bucket))
    }

    /// A number that stands for the greatest.
    pub(super) fn last(&self) -> Option<u64> {
        self.iter().last().map(|(bucket, _)| middle_of(bucket))
    }

    #[cold]
    fn make_room(&mut self, bucket: usize) {
        let parts = PARTS as usize;
        let (begin, end) = (bucket / parts * parts, bucket / parts * parts + parts);
        if self.counts.is_empty() {
            self.first = begin;
        }
        if begin < self.first {
            self.counts.splice(..0, std::iter::repeat_n(0, self.first - begin));
            self.first = begin;
        }
        let room = self.counts.len().max(end - self.first);
        self.counts.resize(room, 0);
    }
}

/// Equal if the same numbers were recorded, as far as the buckets tell them apart.
impl PartialEq for LogLinear {
    fn eq(&self, other: &LogLinear) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for LogLinear {}

/// The bucket of a number, as PROTOCOL 12.5 has it.
pub(super) fn bucket_of(number: u64) -> usize {
    // What is left of it are its six leading bits; a smaller number is left whole.
    let shift = (number | (2 * PARTS - 1)).ilog2() - PARTS_BITS;
    (u64::from(shift) * PARTS + (number >> shift)) as usize
}

/// The least number of a bucket, and how many numbers it has.
pub(super) const fn range_of(bucket: usize) -> (u64, u64) {
    let bucket = bucket as u64;
    let shift = (bucket / PARTS).saturating_sub(1);
    ((bucket - shift * PARTS) << shift, 1 << shift)
}

fn middle_of(bucket: usize) -> u64 {
    let (least, numbers) = range_of(bucket);
    least + numbers / 2
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_number_has_a_bucket_and_every_bucket_its_numbers() {
        let mut next = 0_u64;
        for bucket in 0..BUCKETS {
            let (least, numbers) = range_of(bucket);
            assert_eq!(least, next, "bucket {bucket} begins where the one before ends");
            assert_eq!((bucket_of(least), bucket_of(least + (numbers - 1))), (bucket, bucket));
            next = least.wrapping_add(numbers);
        }
        assert_eq!(next, 0, "the last bucket ends with the last number");
    }

    proptest! {
        #[test]
        fn what_stands_for_a_number_is_at_most_1_6_percent_away(number: u64) {
            let mut one = LogLinear::default();
            one.record(bucket_of(number));
            let told = one.at_rank(1).expect("there is one");
            prop_assert!(told.abs_diff(number) as f64 <= number as f64 / 64.0, "{told} for {number}");
            prop_assert!(one.counts.len() == PARTS as usize);
        }

        #[test]
        fn ranks_are_those_of_the_numbers(mut numbers in prop::collection::vec(0_u64..1 << 40, 1..200)) {
            let mut all = LogLinear::default();
            numbers.iter().for_each(|number| all.record(bucket_of(*number)));
            numbers.sort_unstable();
            for (rank, number) in (1..).zip(&numbers) {
                let told = all.at_rank(rank).expect("so many are there");
                prop_assert_eq!(bucket_of(told), bucket_of(*number));
            }
            prop_assert_eq!(all.at_rank(numbers.len() as u64 + 1), None);
        }
    }
}
