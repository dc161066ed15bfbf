//! Verifications a second through the whole server, beside the same verification alone and beside Mozilla's verifier in
//! node; who computes how long for a request; and how fast the server says that it lives while verifications saturate
//! its workers.
//!
//!     cargo bench -p powerhose-token-server --bench load [-- --seconds 3 --repeats 3]
//!
//! All contenders run in turn, repeat after repeat; what is printed is the median. node and npm are used where they are
//! there.

mod account;
mod client;
mod dsa;
mod node;
mod parties;
mod plain;

use std::collections::BTreeMap;
use std::thread;
use std::time::Duration;

use self::account::Account;
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
    println!("libraries: the signatures alone, checked by the crate `dsa` and by ring");
    println!("{:<18}{:>10}{:>10}{:>11}{:>8}", "answers a second", "server", "alone", "libraries", "node");
    for parties in [Parties::rs256_over_ds128(), Parties::rs256_over_rs256(), Parties::ds256_over_ds256()] {
        compare(&parties, &conditions, &runtime);
    }
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

/// A line of the table, and who computes how long.
fn compare(parties: &Parties, conditions: &Conditions, runtime: &tokio::runtime::Runtime) {
    let serving = Serving::start(parties);
    let request = serving.request(parties);
    runtime.block_on(client::warm_up(&serving.address, &request));
    let (mut server, mut alone, mut libraries, mut node) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let mut parts: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    let mut verification = Vec::new();
    let during = Duration::from_secs_f64(conditions.seconds);
    for _ in 0..conditions.repeats {
        let load = Load { address: &serving.address, request: &request, connections: CONNECTIONS, during };
        let before = Account::of(serving.process());
        let tally = runtime.block_on(load.run());
        for (part, each) in Account::of(serving.process()).since(&before, tally.answers) {
            parts.entry(part).or_default().push(each);
        }
        server.push(tally.a_second);
        let done = plain::repeat(parties.alone(), WORKERS, during);
        alone.push(done.a_second);
        verification.push(done.microseconds);
        libraries.push(
            plain::repeat(|| parties.checks.iter().for_each(|check| check()), WORKERS, during).a_second,
        );
        node.extend(node::rate(parties, WORKERS, during));
    }
    let [server, alone, libraries, node] = [server, alone, libraries, node].map(median);
    let ratio = |rate: f64| if rate > 0.0 { format!("{:.2}", server / rate) } else { "-".to_owned() };
    println!("{:<18}{server:>10.0}{alone:>10.0}{libraries:>11.0}{node:>8.0}", parties.name);
    let (of_alone, of_libraries) = (ratio(alone), ratio(libraries));
    println!("  the server's is {of_alone} of alone, {of_libraries} of libraries, {} of node", ratio(node));
    let parts: Vec<(String, f64)> = parts.into_iter().map(|(part, each)| (part, median(each))).collect();
    let sum: f64 = parts.iter().map(|(_, each)| each).sum();
    let parts: Vec<String> = parts.iter().map(|(part, each)| format!("{part} {each:.0}")).collect();
    println!("  µs on a core: {sum:.0} a request ({}), {:.0} alone", parts.join(", "), median(verification));
}

/// How fast the server says that it lives, idle and with all workers busy.
fn lives(conditions: &Conditions, runtime: &tokio::runtime::Runtime) {
    println!("GET /__lbheartbeat__    p50 µs    p99 µs");
    let during = Duration::from_secs_f64(conditions.seconds);
    for parties in [Parties::rs256_over_rs256(), Parties::ds256_over_ds256()] {
        let serving = Serving::start(&parties);
        let request = serving.request(&parties);
        runtime.block_on(client::warm_up(&serving.address, &request));
        let idle = latencies(&serving.address, during);
        let load = Load {
            address: &serving.address,
            request: &request,
            connections: CONNECTIONS,
            during: during + Duration::from_millis(500),
        };
        let busy = thread::scope(|scope| {
            let loading = scope.spawn(|| {
                // It stands for clients elsewhere, which take no core from the server.
                rustix::process::setpriority_process(None, 19).unwrap();
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                runtime.block_on(load.run())
            });
            let busy = latencies(&serving.address, during);
            loading.join().unwrap();
            busy
        });
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
