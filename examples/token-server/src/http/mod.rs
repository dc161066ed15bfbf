//! The web server: reads requests, waits for network, database and workers, answers. It never verifies, derives or signs.

mod answer;
mod asked;
mod meta;
mod resource;
mod routes;
mod server;
mod token;
mod verify;

pub use answer::{Problem, Scheme};
pub use asked::Application;
pub use routes::{inner_routes, routes};
pub use server::Server;
