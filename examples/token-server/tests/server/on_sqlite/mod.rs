//! Lines of the tables, on SQLite.

#[path = "../bearer.rs"]
mod bearer;
#[path = "../credentials.rs"]
mod credentials;

use crate::support::Server;

fn start(arguments: &[&str]) -> Server {
    Server::start(arguments)
}
