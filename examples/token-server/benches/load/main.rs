//! Verifications a second through the whole server, beside the same verification alone and beside Mozilla's verifier in
//! node; and how fast the server says that it lives while verifications saturate its workers.
//!
//!     cargo bench -p powerhose-token-server --bench load [-- --seconds 3 --repeats 3]
//!
//! All contenders run in turn, repeat after repeat; what is printed is the median. node and npm are used where they are
//! there.

mod client;
mod dsa;
mod node;
mod parties;

use std::time::Duration;

use self::client::{Load, latencies};
use self::parties::{Parties, Serving};

/// How it is measured.
struct Conditions {
    seconds: f64,
    repeats: usize,
}

const CONNECTIONS: usize = 64;
const WORKERS: usize = 2;

fn main() {
    let conditions = conditions();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    println!("{CONNECTIONS} connections, {WORKERS} workers, {WORKERS} threads, {WORKERS} processes of node");
    println!(
        "{:<18}{:>12}{:>12}{:>12}{:>16}{:>10}{:>10}",
        "", "server/s", "alone/s", "node/s", "µs a request", "of alone", "of node"
    );
    for parties in [Parties::rs256_over_ds128(), Parties::rs256_over_rs256(), Parties::ds256_over_ds256()] {
        compare(&parties, &conditions, &runtime);
    }
    let [ds128, ds256] = dsa::rates(WORKERS, Duration::from_secs_f64(conditions.seconds));
    println!(
        "the crate `dsa` on {WORKERS} threads: {ds128:.0} signatures of DS128 a second, {ds256:.0} of DS256"
    );
    lives(&conditions, &runtime);
}

fn conditions() -> Conditions {
    let words: Vec<String> = std::env::args().collect();
    let value = |name: &str| {
        let place = words.iter().position(|word| word == name)?;
        words.get(place + 1)?.parse::<f64>().ok()
    };
    Conditions {
        seconds: value("--seconds").unwrap_or(3.0),
        repeats: value("--repeats").unwrap_or(3.0) as usize,
    }
}

/// A line of the table.
fn compare(parties: &Parties, conditions: &Conditions, runtime: &tokio::runtime::Runtime) {
    let serving = Serving::start(parties);
    let request = serving.request(parties);
    runtime.block_on(client::warm_up(&serving.address, &request));
    let (mut server, mut alone, mut node) = (Vec::new(), Vec::new(), Vec::new());
    let during = Duration::from_secs_f64(conditions.seconds);
    for _ in 0..conditions.repeats {
        let load = Load { address: &serving.address, request: &request, connections: CONNECTIONS, during };
        server.push(runtime.block_on(load.run()));
        alone.push(parties.alone(WORKERS, during));
        node.extend(node::rate(parties, WORKERS, during));
    }
    let (server, alone, node) = (median(server), median(alone), median(node));
    let ratio = |rate: f64| if rate > 0.0 { format!("{:.2}", server / rate) } else { "-".to_owned() };
    let cost = 1e6 * WORKERS as f64 / server;
    let name = parties.name;
    println!(
        "{name:<18}{server:>12.0}{alone:>12.0}{node:>12.0}{cost:>16.0}{:>10}{:>10}",
        ratio(alone),
        ratio(node)
    );
}

/// How fast the server says that it lives, idle and with all workers busy.
fn lives(conditions: &Conditions, runtime: &tokio::runtime::Runtime) {
    println!("GET /__lbheartbeat__    p50 µs    p99 µs");
    let during = Duration::from_secs_f64(conditions.seconds);
    for parties in [Parties::rs256_over_rs256(), Parties::ds256_over_ds256()] {
        let serving = Serving::start(&parties);
        let request = serving.request(&parties);
        runtime.block_on(client::warm_up(&serving.address, &request));
        let idle = runtime.block_on(latencies(&serving.address, during));
        let load = Load {
            address: &serving.address,
            request: &request,
            connections: CONNECTIONS,
            during: during + Duration::from_millis(500),
        };
        let (_, busy) =
            runtime.block_on(async { tokio::join!(load.run(), latencies(&serving.address, during)) });
        for (what, mut found) in [("idle", idle), (parties.name, busy)] {
            found.sort_unstable();
            let at = |share: f64| found[((found.len() - 1) as f64 * share) as usize].as_micros();
            println!("{what:<20}{:>10}{:>10}", at(0.5), at(0.99));
        }
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}
