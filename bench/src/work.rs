//! What a job does: the same functions for our workers, for the floors' processes and for plain threads.

use ring::hmac;
use std::time::Duration;

/// Bytes of the payload of the loads that are about bandwidth.
pub(crate) const LARGE_BYTES: usize = 1 << 20;
/// Bytes of the payload of the loads that compute.
pub(crate) const COMPUTE_BYTES: usize = 64;
const HMAC_KEY_BYTES: usize = 4096;
/// About 88 µs on a core that does one in 220 ns.
const HMAC_ROUNDS: usize = 401;

/// What the jobs of a load do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub(crate) enum Work {
    /// Gives the payload back.
    Echo,
    /// The same with a mebibyte.
    EchoLarge,
    /// Reads a mebibyte and answers eight bytes.
    Sum,
    /// A chain of HMAC-SHA256: about 88 µs of pure computing.
    Hmac,
    /// Uses the processor for as long as the payload says.
    Spin,
}

impl Work {
    /// The name on the command line of a child process, and in JSON.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Work::Echo => "echo",
            Work::EchoLarge => "echo-large",
            Work::Sum => "sum",
            Work::Hmac => "hmac",
            Work::Spin => "spin",
        }
    }

    /// A payload for it; `echo_bytes` is the size where it can be chosen.
    pub(crate) fn payload(self, echo_bytes: usize) -> Vec<u8> {
        match self {
            Work::Echo => vec![b'x'; echo_bytes],
            Work::EchoLarge | Work::Sum => vec![b'x'; LARGE_BYTES],
            Work::Hmac | Work::Spin => vec![0; COMPUTE_BYTES],
        }
    }

    /// What comes back for this payload.
    pub(crate) fn reply(self, payload: &[u8]) -> Vec<u8> {
        match self {
            Work::Echo | Work::EchoLarge => payload.to_vec(),
            Work::Sum => sum(payload).to_vec(),
            Work::Hmac => HmacChain::new().run(payload).to_vec(),
            Work::Spin => Vec::new(),
        }
    }
}

/// The sum of the payload's words: every byte is read once. A rest that is no whole word is left out.
pub(crate) fn sum(payload: &[u8]) -> [u8; 8] {
    let words = payload.as_chunks::<8>().0;
    words.iter().fold(0u64, |sum, word| sum.wrapping_add(u64::from_le_bytes(*word))).to_le_bytes()
}

/// HMAC-SHA256 of HMAC-SHA256 of …, with a key that is prepared once.
pub(crate) struct HmacChain(hmac::Key);

impl HmacChain {
    pub(crate) fn new() -> HmacChain {
        HmacChain(hmac::Key::new(hmac::HMAC_SHA256, &[7; HMAC_KEY_BYTES]))
    }

    pub(crate) fn run(&self, payload: &[u8]) -> [u8; 32] {
        let first = hmac::sign(&self.0, payload);
        let last = (1..HMAC_ROUNDS).fold(first, |tag, _| hmac::sign(&self.0, tag.as_ref()));
        last.as_ref().try_into().expect("a SHA-256 has 32 bytes")
    }
}

/// The payload of a job that uses the processor for this long.
pub(crate) fn spin_payload(work: Duration) -> Vec<u8> {
    let mut payload = vec![0; COMPUTE_BYTES];
    payload[..8].copy_from_slice(&(work.as_nanos() as u64).to_le_bytes());
    payload
}

/// Uses the processor for as long as the payload says, by the thread's own clock: a thread that has to wait for its core
/// is not done earlier for it.
pub(crate) fn spin(payload: &[u8]) {
    let nanoseconds = payload.first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes));
    let until = thread_time() + Duration::from_nanos(nanoseconds);
    while thread_time() < until {}
}

/// What this thread has used of the processors.
pub(crate) fn thread_time() -> Duration {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: it writes to the place that it is given, which lives until after the call, and keeps nothing. (rustix has
    // the same call without `unsafe`, but does not run under valgrind.)
    let read = unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &mut time) };
    assert_eq!(read, 0, "Linux has had this clock since 2.6.12");
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_chain_is_hmac_of_hmac() {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &[7; 4096]);
        let mut expected = b"payload".to_vec();
        for _ in 0..401 {
            expected = hmac::sign(&key, &expected).as_ref().to_vec();
        }
        assert_eq!(HmacChain::new().run(b"payload").as_slice(), expected);
    }

    #[test]
    fn a_spin_uses_the_processor_for_as_long_as_asked() {
        let begin = thread_time();
        spin(&spin_payload(Duration::from_millis(3)));
        assert!(thread_time() - begin >= Duration::from_millis(3));
    }

    #[test]
    fn a_sum_is_that_of_all_words() {
        let payload: Vec<u8> = [1u64, 2, u64::MAX].iter().flat_map(|word| word.to_le_bytes()).collect();
        assert_eq!(sum(&payload), 2u64.to_le_bytes());
        assert_eq!(Work::Sum.payload(0).len(), LARGE_BYTES);
    }

    #[test]
    fn an_echo_gives_the_payload_back() {
        let payload = Work::Echo.payload(100);
        assert_eq!(payload.len(), 100);
        assert_eq!(Work::Echo.reply(&payload), payload);
        assert_eq!(Work::EchoLarge.payload(100).len(), 1_048_576);
    }
}
