//! The function itself on plain threads of this process: what the cores can do.

use crate::callers::{Lane, throughput};
use crate::conditions::Conditions;
use crate::sample::Sample;
use crate::work::{HmacChain, Work};
use std::hint::black_box;

/// The chain of HMACs on as many threads as there are workers.
pub(crate) fn hmac(conditions: &Conditions) -> anyhow::Result<Sample> {
    let lane = || -> Lane<'_> {
        Box::new(|tally| {
            let (chain, payload) = (HmacChain::new(), Work::Hmac.payload(0));
            while !tally.is_over() {
                black_box(chain.run(black_box(&payload)));
                tally.add(1);
            }
            Ok(None)
        })
    };
    throughput(conditions, &[], (0..conditions.workers).map(|_| lane()).collect())
}
