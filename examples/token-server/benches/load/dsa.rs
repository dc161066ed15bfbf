//! What the crate `dsa` takes for the signature of one object: the yardstick of the verification itself.

use std::thread;
use std::time::{Duration, Instant};

use dsa::signature::hazmat::PrehashVerifier as _;
use dsa::{BoxedUint, Components, Signature, VerifyingKey};
use num_bigint::BigUint;
use powerhose_token_server::identity::maker::KeyPair;
use serde_json::json;

/// Signatures that are found good a second on plain threads: of DS128 and DS256.
pub(crate) fn rates(threads: usize, during: Duration) -> [f64; 2] {
    let ds128 = rate(&KeyPair::ds128().unwrap(), (1024, 160), threads, during);
    let ds256 = rate(&KeyPair::ds256().unwrap(), (2048, 256), threads, during);
    [ds128, ds256]
}

fn rate(keys: &KeyPair, (bits, short): (u32, u32), threads: usize, during: Duration) -> f64 {
    let boxed = |name: &str, bits| {
        let number = BigUint::parse_bytes(keys.public()[name].as_str().unwrap().as_bytes(), 16).unwrap();
        BoxedUint::from_be_slice(&number.to_bytes_be(), bits).unwrap()
    };
    let group = Components::from_components(boxed("p", bits), boxed("q", short), boxed("g", bits)).unwrap();
    let key = VerifyingKey::from_components(group, boxed("y", bits)).unwrap();
    // What is checked need not be good: it costs the same. (r and s lie between 0 and q.)
    let some = keys.sign(&json!({})).unwrap().into_bytes();
    let number = |from: usize| {
        let mut bytes = some[from..][..short as usize / 8].to_vec();
        bytes[0] = 1;
        BoxedUint::from_be_slice(&bytes, short).unwrap()
    };
    let signature = Signature::from_components(number(0), number(8)).unwrap();
    let hash = &some[..short as usize / 8];
    let begin = Instant::now();
    let checked = || {
        let mut count = 0_u64;
        while begin.elapsed() < during {
            let _ = std::hint::black_box(key.verify_prehash(hash, &signature));
            count += 1;
        }
        count
    };
    let count: u64 = thread::scope(|scope| {
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(checked)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    count as f64 / begin.elapsed().as_secs_f64()
}
