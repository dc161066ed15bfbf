//! Maps that are looked into for every job.

use std::collections::HashMap;

/// A map by numbers that we gave out ourselves, or names of pools. Its hashing takes a tenth of the standard library's
/// time. It is seeded at random like that, but withstands a lesser effort to find keys that collide: whoever could try
/// is a client beyond the proof of the shared secret, and the number of its keys is bounded.
pub(crate) type Map<K, V> = HashMap<K, V, foldhash::fast::RandomState>;
