//! Users and nodes in real databases. The same sentences hold for SQLite and for PostgreSQL, which needs the feature
//! `tool-tests` and Debian's package `postgresql`.

mod admin;
mod concurrency;
mod databases;
mod migrations;
mod outages;
#[cfg(feature = "tool-tests")]
mod postgres;
mod users;
