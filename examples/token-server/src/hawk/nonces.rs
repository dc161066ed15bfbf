//! The nonces that were seen, each for its own id, for as long as a request with them could be repeated.
//!
//! Bounded in all and for each id: one user that fills its own share keeps nobody else out.

use std::collections::{BTreeSet, HashMap, VecDeque};

use super::check::SKEW_SECONDS_MAX;

/// Nonces that one id may have used within the time for which they are kept.
const PER_ID_MAX: usize = 10_000;
/// Nonces that are kept in all.
const NONCES_MAX: usize = 1_000_000;
/// A request may be ahead of our clock, and is then good for twice the skew.
const KEPT_SECONDS: u64 = 2 * SKEW_SECONDS_MAX;

/// What a nonce was taken for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// It is new.
    New,
    /// The id has used it before: the request is repeated.
    Repeated,
    /// The id has too many, or all together have.
    TooMany,
}

/// The nonces of all ids. Holds ids by their hash only, for they are tokens.
#[derive(Debug, Default)]
pub struct Nonces {
    seen: HashMap<u64, BTreeSet<String>>,
    /// In the order in which they came, with the second after which they are forgotten.
    line: VecDeque<(u64, u64, String)>,
}

impl Nonces {
    /// Takes a nonce. `id` stands for the token, `now` is in seconds since 1970.
    pub fn take(&mut self, id: u64, nonce: &str, now: u64) -> Taken {
        self.forget(now);
        let seen = self.seen.get(&id);
        if seen.is_some_and(|seen| seen.contains(nonce)) {
            return Taken::Repeated;
        }
        if self.line.len() >= NONCES_MAX || seen.is_some_and(|seen| seen.len() >= PER_ID_MAX) {
            return Taken::TooMany;
        }
        self.seen.entry(id).or_default().insert(nonce.to_owned());
        self.line.push_back((now.saturating_add(KEPT_SECONDS), id, nonce.to_owned()));
        Taken::New
    }

    fn forget(&mut self, now: u64) {
        while let Some((until, ..)) = self.line.front() {
            if *until > now {
                return;
            }
            let Some((_, id, nonce)) = self.line.pop_front() else { return };
            let Some(seen) = self.seen.get_mut(&id) else { continue };
            seen.remove(&nonce);
            if seen.is_empty() {
                self.seen.remove(&id);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nonce_is_new_once_for_each_id() {
        let mut nonces = Nonces::default();
        assert_eq!(nonces.take(1, "n", 100), Taken::New);
        assert_eq!(nonces.take(2, "n", 100), Taken::New, "another user's is another");
        assert_eq!(nonces.take(1, "n", 219), Taken::Repeated);
        assert_eq!(nonces.take(1, "n", 220), Taken::New, "by now the request itself is stale");
        assert_eq!((nonces.line.len(), nonces.seen.len()), (1, 1));
    }

    #[test]
    fn one_id_cannot_fill_the_memory() {
        let mut nonces = Nonces::default();
        for number in 0..PER_ID_MAX {
            assert_eq!(nonces.take(1, &number.to_string(), 100), Taken::New);
        }
        assert_eq!(nonces.take(1, "more", 100), Taken::TooMany);
        assert_eq!(nonces.take(2, "more", 100), Taken::New);
        assert_eq!(nonces.take(1, "more", 220), Taken::New);
    }
}
