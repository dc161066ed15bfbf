//! A client in a process of its own, which is told line by line what to do. The suite has one in each language for which there is
//! a binding: they read and print the same lines.
//!
//! | read | printed for it |
//! |---|---|
//! | `execute N job`: in the way in which a caller blocks, on a thread of its own | `N end` |
//! | `submit N job`: in the way in which a caller goes on | `N end` |
//! | `many N job payload=… payload=…`: a job for each payload | `N.0 end`, `N.1 end`, … |
//! | `cancel N`: that job, if it was submitted | |
//! | `workers N wanted=… within_ms=…` | `N there` or `N missing` |
//! | `close N within_ms=…` | `N lost=…`, with the word `closed` |
//!
//! A job is fields: `pool`, `timeout_ms` or `run_timeout_ms`, `once=1`, `attempts_max`, `header=name:value` as often as there are
//! headers, `payload`. An end is a word, `done`, `failed`, `timed_out`, `cancelled`, `lost` or `rejected`, and fields: `payload`,
//! each `header`, `job`, `worker`, `attempts` and `run_us`; or `message`, `code`, `text`, and what else an error tells. Texts and bytes are
//! hexadecimal digits, numbers decimal. It ends with its standard input.

mod ends;
mod lines;

use clap::Parser;
use lines::Line;
use powerhose::{Canceller, JobRunner, JobsLost};
use std::collections::HashMap;
use std::io;
use std::thread;
use std::time::Duration;
use tracing_subscriber::EnvFilter;

#[derive(Parser)]
struct Options {
    /// Where the master is.
    endpoint: String,
    /// How long a job may take that says nothing else.
    #[arg(long, default_value_t = 30_000)]
    timeout_ms: u64,
    /// How long the master may take to answer.
    #[arg(long, default_value_t = 10_000)]
    connect_ms: u64,
}

fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn"));
    tracing_subscriber::fmt().with_env_filter(filter).with_ansi(false).with_writer(io::stderr).init();
    let runner = JobRunner::connector(&options.endpoint)
        .connect_timeout(Duration::from_millis(options.connect_ms))
        .timeout(Duration::from_millis(options.timeout_ms))
        .connect()?;
    let mut submitted = HashMap::new();
    for line in io::stdin().lines() {
        obey(&runner, &Line::of(&line?)?, &mut submitted)?;
    }
    Ok(())
}

fn obey(
    runner: &JobRunner,
    line: &Line<'_>,
    submitted: &mut HashMap<String, Canceller>,
) -> anyhow::Result<()> {
    let (id, runner) = (line.id.to_owned(), runner.clone());
    match line.word {
        "execute" => {
            let job = line.job()?;
            thread::spawn(move || ends::print(&id, &runner.execute_reply(job)));
        }
        "submit" => {
            let handle = runner.submit(line.job()?);
            let canceller = handle.on_end({
                let id = id.clone();
                move |end| ends::print(&id, &end)
            });
            submitted.insert(id, canceller);
        }
        "many" => {
            let jobs = line.jobs()?;
            thread::spawn(move || {
                for (place, end) in runner.execute_many(jobs).enumerate() {
                    ends::print(&format!("{id}.{place}"), &end);
                }
            });
        }
        "cancel" => submitted.get(&id).into_iter().for_each(Canceller::cancel),
        "workers" => {
            let (wanted, within) = (line.number("wanted")?, line.milliseconds("within_ms")?);
            thread::spawn(move || {
                let has = runner.wait_for_workers(wanted as usize, within).is_ok();
                println!("{id} {}", if has { "there" } else { "missing" });
            });
        }
        "close" => {
            let within = line.milliseconds("within_ms")?;
            thread::spawn(move || {
                let lost = runner.close(within).map_or_else(|JobsLost { jobs }| jobs, |()| 0);
                println!("{id} closed lost={lost}");
            });
        }
        word => anyhow::bail!("there is no `{word}`"),
    }
    Ok(())
}
