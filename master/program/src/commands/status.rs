//! `powerhose status`: what a master does now, once.

use crate::connection::{operator, operator_failure};
use crate::exit::{Failure, Outcome};
use crate::options::common::CommonOptions;
use crate::options::values::duration;
use crate::print;
use crate::state::{
    TIME_COLUMNS, WORKER_COLUMNS, add_memory, json, list, number, pool_times, text, time, worker_row,
};
use crate::table::table;
use clap::Args;
use powerhose_protocol::Value;
use std::time::Duration;

/// Flags of `status`.
#[derive(Args, Debug)]
pub(crate) struct StatusOptions {
    /// Prints one JSON object with all that the master tells.
    #[arg(long)]
    json: bool,
    /// How long the master has to answer.
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "5s")]
    within: Duration,
}

/// Asks and prints.
pub(super) fn status(common: &CommonOptions, options: &StatusOptions) -> Outcome {
    let mut operator = operator(common, options.within)?;
    let mut ask = |query| operator.ask(query).map_err(|error| operator_failure(&error));
    let (master, all_pools, workers) = (ask("master")?, ask("pools")?, add_memory(ask("workers")?));
    if options.json {
        return print::text(&as_json(&master, &all_pools, &workers)?);
    }
    let parts = [in_words(&master), pool_table(&all_pools), worker_table(&workers)];
    print::text(&parts.join("\n\n"))
}

fn as_json(master: &Value, pools: &Value, workers: &Value) -> Result<String, Failure> {
    let list = |state: &Value, name| state.field(name).map_or(serde_json::Value::Null, json);
    let state = serde_json::json!({
        "master": json(master),
        "pools": list(pools, "pools"),
        "workers": list(workers, "workers"),
    });
    serde_json::to_string(&state).map_err(|error| Failure::system("write JSON", error))
}

fn in_words(master: &Value) -> String {
    let number = |name| number(master, name);
    format!(
        "master  pid {}, epoch {}, up {}, {} workers, {} clients\n\
         jobs    {} running, {} waiting, {} done, {} failed, {} timed out, {} cancelled, {} lost, {} rejected",
        number("pid"),
        number("epoch"),
        time(Duration::from_millis(number("uptime_ms"))),
        number("workers"),
        number("clients"),
        number("jobs_running"),
        number("jobs_waiting"),
        number("done"),
        number("failed"),
        number("timed_out"),
        number("cancelled"),
        number("lost"),
        number("rejected"),
    )
}

fn pool_table(state: &Value) -> String {
    let row = |pool: &Value| {
        let count = |name| number(pool, name).to_string();
        let counts = ["workers", "waiting", "running", "credit", "done"].map(count);
        [vec![text(pool, "pool").to_owned()], counts.to_vec(), pool_times(pool).to_vec()].concat()
    };
    let rows: Vec<_> = list(state, "pools").iter().map(row).collect();
    let head = [&["POOL", "WORKERS", "WAITING", "RUNNING", "CREDIT", "DONE"][..], &TIME_COLUMNS].concat();
    table(&head, &rows)
}

fn worker_table(state: &Value) -> String {
    let rows: Vec<_> = list(state, "workers").iter().map(|worker| worker_row(worker).to_vec()).collect();
    table(&WORKER_COLUMNS, &rows)
}
