//! The same lines, on PostgreSQL.

#[path = "../bearer.rs"]
mod bearer;
#[path = "../credentials.rs"]
mod credentials;

use crate::support::Server;

fn start(arguments: &[&str]) -> Server {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    Server::start_with(&runtime.block_on(crate::postgres::new_database()), arguments)
}
