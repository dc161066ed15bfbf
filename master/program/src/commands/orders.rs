//! `powerhose quiet | resume | drain | stop`: orders for workers, given through their master.

use crate::connection::{knock, operator, operator_failure};
use crate::exit::{Exit, Outcome};
use crate::options::common::CommonOptions;
use crate::options::values::{duration, pool};
use crate::print;
use clap::Args;
use powerhose::{Operator, Order, Progress, Selector};
use std::time::{Duration, Instant};

/// How long the master has to answer when this connects.
const CONNECT_WITHIN: Duration = Duration::from_secs(5);

/// Flags of the orders.
#[derive(Args, Debug)]
pub(crate) struct OrderOptions {
    /// How long to wait for the effect. The order stands also when this is over.
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "30s")]
    within: Duration,
    /// For whom: a worker's id, a pool's name (or pool:NAME), or `all`.
    #[arg(required = true, value_name = "WORKER", value_parser = selector)]
    workers: Vec<Selector>,
}

/// Gives the order, and waits until it has had its effect on every worker selected.
pub(super) fn order(common: &CommonOptions, order: Order, options: &OrderOptions) -> Outcome {
    let until = Instant::now() + options.within;
    knock(common)?;
    let mut operator = operator(common, CONNECT_WITHIN)?;
    begin_with_all(&mut operator, order, options)?;
    let mut exit = Exit::Fine;
    for selector in &options.workers {
        let within = until.saturating_duration_since(Instant::now());
        let progress = operator.order(order, selector, within).map_err(|error| operator_failure(&error))?;
        print::text(&format!("{selector}: {}", in_words(progress)))?;
        if progress.matched == 0 || progress.left > 0 {
            exit = Exit::No;
        }
    }
    Ok(exit)
}

/// Waits for orders that take their time one after the other. None of their workers gets further jobs meanwhile.
fn begin_with_all(
    operator: &mut Operator,
    order: Order,
    options: &OrderOptions,
) -> Result<(), crate::exit::Failure> {
    if options.workers.len() < 2 || !matches!(order, Order::Drain | Order::Stop) {
        return Ok(());
    }
    for selector in &options.workers {
        operator.order(Order::Quiet, selector, options.within).map_err(|error| operator_failure(&error))?;
    }
    Ok(())
}

fn in_words(Progress { matched, left }: Progress) -> String {
    match (matched, left) {
        (0, _) => "no such worker".to_owned(),
        (matched, 0) => format!("done for {matched}"),
        (matched, left) => format!("not yet done for {left} of {matched}"),
    }
}

fn selector(text: &str) -> Result<Selector, String> {
    if text == "all" {
        return Ok(Selector::All);
    }
    if let Some(name) = text.strip_prefix("pool:") {
        return pool(name).map(Selector::Pool);
    }
    match text.parse() {
        Ok(id) => Ok(Selector::Worker(id)),
        Err(_) => pool(text).map(Selector::Pool),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn workers_are_named_by_id_by_pool_or_all() {
        assert_eq!(selector("all"), Ok(Selector::All));
        assert_eq!(selector("12"), Ok(Selector::Worker(12)));
        assert_eq!(selector("sign"), Ok(Selector::Pool("sign".to_owned())));
        assert_eq!(selector("pool:12"), Ok(Selector::Pool("12".to_owned())));
        assert!(selector("no such pool").is_err());
    }
}
