//! `token-server admin`: what an operator changes in the database, beside servers that go on.

mod nodes;
mod purge;
mod users;

use std::time::SystemTime;

use anyhow::Context as _;
use clap::{Args, Subcommand};
use powerhose_token_server::store::{Store, StoreSettings};

/// Look after services, nodes and users
///
/// Servers that use the same database need not be stopped.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Users and nodes: sqlite:PATH or postgres://USER@HOST/DATABASE
    // Not shown in --help: it may hold a password.
    #[arg(
        long,
        value_name = "URL",
        env = "TOKEN_SERVER_DATABASE",
        hide_env_values = true,
        default_value = "sqlite:token-server.db"
    )]
    database: String,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    AddService(nodes::AddService),
    AddNode(nodes::AddNode),
    UpdateNode(nodes::UpdateNode),
    RemoveNode(nodes::RemoveNode),
    UnassignNode(nodes::UnassignNode),
    ListNodes(nodes::ListNodes),
    RetireUser(users::RetireUser),
    PurgeOldRecords(purge::PurgeOldRecords),
}

pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let now =
        i64::try_from(SystemTime::UNIX_EPOCH.elapsed().context("the clock is before 1970")?.as_millis())?;
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
        let store = Store::open(&options.database, StoreSettings::default()).await?;
        match &options.command {
            Command::AddService(command) => command.run(&store).await,
            Command::AddNode(command) => command.run(&store).await,
            Command::UpdateNode(command) => command.run(&store).await,
            Command::RemoveNode(command) => command.run(&store, now).await,
            Command::UnassignNode(command) => command.run(&store, now).await,
            Command::ListNodes(command) => command.run(&store).await,
            Command::RetireUser(command) => command.run(&store, now).await,
            Command::PurgeOldRecords(command) => command.run(&store, now).await,
        }
    })
}
