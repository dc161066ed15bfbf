//! How many verifications an address or an issuer may ask for. Pure: the time is handed in.
//!
//! Each has a bucket that fills up with time; a verification takes one out. What is kept is bounded: full buckets are
//! forgotten, for they are as good as new ones.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

/// Buckets that are kept; beyond them nobody new is limited, so that nobody is locked out by a crowd of strangers.
const BUCKETS_MAX: usize = 100_000;

#[derive(Debug, Clone, Copy)]
struct Bucket {
    left: f64,
    at: Duration,
}

/// The buckets of all addresses, or of all issuers.
#[derive(Debug)]
pub struct Limit<K> {
    per_second: f64,
    buckets: HashMap<K, Bucket>,
}

impl<K: Eq + Hash> Limit<K> {
    /// So many a second, and twice as many at once after a rest; 0 for no limit. All buckets are full.
    #[must_use]
    pub fn new(per_second: u32) -> Limit<K> {
        Limit { per_second: f64::from(per_second), buckets: HashMap::new() }
    }

    /// Takes one out of the bucket. `now` is any time that only grows.
    ///
    /// # Errors
    /// The bucket is empty: the time after which there is one in it.
    pub fn take(&mut self, key: K, now: Duration) -> Result<(), Duration> {
        let (per_second, burst) = (self.per_second, 2.0 * self.per_second);
        if burst == 0.0 {
            return Ok(());
        }
        let full = Bucket { left: burst, at: now };
        if self.buckets.len() >= BUCKETS_MAX && !self.buckets.contains_key(&key) {
            self.buckets.retain(|_, bucket| bucket.filled(per_second, now) < burst);
            if self.buckets.len() >= BUCKETS_MAX {
                return Ok(());
            }
        }
        let bucket = self.buckets.entry(key).or_insert(full);
        let left = bucket.filled(per_second, now).min(burst);
        if left < 1.0 {
            *bucket = Bucket { left, at: now };
            return Err(Duration::from_secs_f64((1.0 - left) / per_second));
        }
        *bucket = Bucket { left: left - 1.0, at: now };
        Ok(())
    }
}

impl Bucket {
    fn filled(&self, per_second: f64, now: Duration) -> f64 {
        self.left + now.saturating_sub(self.at).as_secs_f64() * per_second
    }
}

/// Whom an address belongs to: in IPv6 whoever has one has the 64 bits behind it.
#[must_use]
pub fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_fills_up_with_time() {
        let mut limit = Limit::new(2);
        let second = Duration::from_secs;
        for _ in 0..4 {
            assert_eq!(limit.take("a", second(1)), Ok(()));
        }
        assert_eq!(limit.take("a", second(1)), Err(Duration::from_millis(500)));
        assert_eq!(limit.take("b", second(1)), Ok(()), "others have their own");
        assert_eq!(limit.take("a", second(2)), Ok(()));
        assert_eq!(limit.take("a", second(2)), Ok(()));
        assert!(limit.take("a", second(2)).is_err());
    }

    #[test]
    fn without_a_rate_nothing_is_kept() {
        let mut limit = Limit::new(0);
        for _ in 0..1000 {
            assert_eq!(limit.take("a", Duration::ZERO), Ok(()));
        }
        assert!(limit.buckets.is_empty());
    }

    #[test]
    fn full_buckets_make_room() {
        let mut limit = Limit::new(1);
        for key in 0..BUCKETS_MAX {
            assert_eq!(limit.take(key, Duration::ZERO), Ok(()));
        }
        assert_eq!(limit.take(BUCKETS_MAX, Duration::ZERO), Ok(()));
        assert_eq!(limit.buckets.len(), BUCKETS_MAX, "no room, so nobody new is limited");
        assert_eq!(limit.take(BUCKETS_MAX, Duration::from_secs(9)), Ok(()));
        assert_eq!(limit.buckets.len(), 1);
    }

    #[test]
    fn neighbours_in_ipv6_share_a_bucket() {
        let of = |text: &str| network(text.parse().unwrap());
        assert_eq!(of("2001:db8::1"), of("2001:db8::2"));
        assert_ne!(of("2001:db8::1"), of("2001:db8:0:1::1"));
        assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.1"));
        assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
    }
}
