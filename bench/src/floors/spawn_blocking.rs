//! The function itself on tokio's threads for blocking work: what a web service does that has no dispatcher.

use crate::callers::{Lane, keep_tasks, throughput};
use crate::conditions::Conditions;
use crate::sample::Sample;
use crate::work::{HmacChain, Work};
use std::hint::black_box;
use std::sync::Arc;
use tokio::task::spawn_blocking;

/// The chain of HMACs for this many tasks, on as many threads as there are workers.
pub(crate) fn hmac(in_flight: usize, conditions: &Conditions) -> anyhow::Result<Sample> {
    let chain = Arc::new(HmacChain::new());
    let payload = Work::Hmac.payload(0);
    let expected = chain.run(&payload);
    let call = move || {
        let (chain, payload) = (chain.clone(), payload.clone());
        let running = spawn_blocking(move || chain.run(black_box(&payload)));
        async move {
            anyhow::ensure!(running.await? == expected, "the reply is wrong");
            Ok(())
        }
    };
    let lane: Lane<'_> = Box::new(|tally| keep_tasks(in_flight, conditions, tally, call).map(|()| None));
    throughput(conditions, &[], vec![lane])
}
