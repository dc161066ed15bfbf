//! `token-server admin`: what an operator changes in the database, beside servers that go on.

mod command;

use std::time::{Duration, SystemTime};

use anyhow::Context as _;
use clap::Args;
use powerhose_token_server::store::place::{Node, NodeState};
use powerhose_token_server::store::purge::OldRecord;
use powerhose_token_server::store::{Store, StoreSettings};
use serde_json::{Value, json};

use self::command::{Command, PurgeOldRecords};

/// Look after services, nodes and users
///
/// Servers that use the same database need not be stopped.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Users and nodes: sqlite:PATH or postgres://USER@HOST/DATABASE
    // Its value in the environment is not shown in --help: it may hold a password.
    #[arg(
        long,
        global = true,
        value_name = "URL",
        env = "TOKEN_SERVER_DATABASE",
        hide_env_values = true,
        default_value = "sqlite:token-server.db"
    )]
    database: String,
    #[command(subcommand)]
    command: Command,
}

pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let now = SystemTime::UNIX_EPOCH.elapsed().context("the clock is before 1970")?;
    let now = i64::try_from(now.as_millis())?;
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
        let store = Store::open(&options.database, StoreSettings::default()).await?;
        let done = obey(&store, &options.command, now).await;
        store.close().await;
        done
    })
}

async fn obey(store: &Store, command: &Command, now: i64) -> anyhow::Result<()> {
    match command {
        Command::AddService { service, pattern } => store.add_service(service, pattern).await?,
        Command::AddNode { named, capacity, told } => {
            store.add_node(&named.service, &named.node, &told.change(Some(*capacity))).await?;
        }
        Command::UpdateNode { named, capacity, told } => {
            store.update_node(&named.service, &named.node, &told.change(*capacity)).await?;
        }
        Command::RemoveNode(named) => {
            show([json!({"unassigned": store.remove_node(&named.service, &named.node, now).await?})]);
        }
        Command::UnassignNode(named) => {
            show([json!({"unassigned": store.unassign_node(&named.service, &named.node, now).await?})]);
        }
        Command::ListNodes { service } => show(store.nodes(service).await?.iter().map(shown_node)),
        Command::RetireUser { email } => store.retire_user(email, now).await?,
        Command::PurgeOldRecords(purge) => purge_old_records(store, purge, now).await?,
    }
    Ok(())
}

async fn purge_old_records(store: &Store, purge: &PurgeOldRecords, now: i64) -> anyhow::Result<()> {
    let grace = Duration::from_secs(purge.grace);
    let mut left = purge.records_max.max(0);
    if purge.dry_run {
        show(store.old_records(&purge.service, grace, now, left).await?.iter().map(shown_record));
        return Ok(());
    }
    loop {
        let purged = store.purge_old_records(&purge.service, grace, now, left).await?;
        if purged.is_empty() {
            return Ok(());
        }
        show(purged.iter().map(shown_record));
        left -= i64::try_from(purged.len())?;
    }
}

fn shown_node(node: &Node) -> Value {
    let state = match node.state {
        NodeState::Up => "up",
        NodeState::Backoff => "backoff",
        NodeState::Downed => "downed",
    };
    json!({
        "node": node.node,
        "state": state,
        "capacity": node.capacity,
        "current_load": node.current_load,
        "available": node.available,
    })
}

fn shown_record(record: &OldRecord) -> Value {
    json!({"uid": record.uid, "node": record.node})
}

fn show(lines: impl IntoIterator<Item = Value>) {
    for line in lines {
        println!("{line}");
    }
}
