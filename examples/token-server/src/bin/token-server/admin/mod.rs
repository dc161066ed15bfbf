//! `token-server admin`: what an operator changes in the database, beside servers that go on.

mod command;

use std::time::{Duration, SystemTime};

use anyhow::Context as _;
use clap::Args;
use powerhose_token_server::store::{Store, StoreSettings};
use serde::Serialize;
use serde_json::json;

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
        Command::AddNode { named, capacity, change } => {
            store.add_node(&named.service, &named.node, *capacity, change).await?;
        }
        Command::UpdateNode { named, capacity, change } => {
            store.update_node(&named.service, &named.node, *capacity, change).await?;
        }
        Command::RemoveNode(named) => {
            show([json!({"unassigned": store.remove_node(&named.service, &named.node, now).await?})]);
        }
        Command::UnassignNode(named) => {
            show([json!({"unassigned": store.unassign_node(&named.service, &named.node, now).await?})]);
        }
        Command::ListNodes { service } => show(store.nodes(service).await?),
        Command::RetireUser { email } => store.retire_user(email, now).await?,
        Command::PurgeOldRecords(purge) => purge_old_records(store, purge, now).await?,
    }
    Ok(())
}

async fn purge_old_records(store: &Store, purge: &PurgeOldRecords, now: i64) -> anyhow::Result<()> {
    let grace = Duration::from_secs(purge.grace);
    let mut left = purge.records_max.max(0);
    if purge.dry_run {
        show(store.old_records(&purge.service, grace, now, left).await?);
        return Ok(());
    }
    loop {
        let purged = store.purge_old_records(&purge.service, grace, now, left).await?;
        if purged.is_empty() {
            return Ok(());
        }
        left -= i64::try_from(purged.len())?;
        show(purged);
    }
}

/// Each as a JSON object on a line.
fn show(lines: impl IntoIterator<Item = impl Serialize>) {
    for line in lines {
        println!("{}", json!(line));
    }
}
