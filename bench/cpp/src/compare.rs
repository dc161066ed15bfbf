//! Starts clients and workers of both languages in turns, and prints medians and ratios.

use crate::Compare;
use crate::load::Load;
use anyhow::{Context as _, bail};
use std::path::Path;
use std::process::Command;

/// Client and worker.
const PAIRS: [(Language, Language); 4] = [
    (Language::Rust, Language::Rust),
    (Language::Cpp, Language::Rust),
    (Language::Rust, Language::Cpp),
    (Language::Cpp, Language::Cpp),
];

#[derive(Clone, Copy)]
enum Language {
    Rust,
    Cpp,
}

impl Language {
    fn name(self) -> &'static str {
        match self {
            Language::Rust => "Rust",
            Language::Cpp => "C++",
        }
    }
}

pub(crate) fn compare(options: &Compare) -> anyhow::Result<()> {
    let cpp = options.cpp.as_deref().context("--cpp PROGRAM is needed")?;
    let rust = std::env::current_exe()?;
    let program = |language| match language {
        Language::Rust => rust.as_path(),
        Language::Cpp => cpp,
    };
    let loads = if options.loads.is_empty() { &Load::ALL[..] } else { &options.loads };
    println!(
        "load  client  worker     figure  beside Rust (least … greatest)   processor ns/job  beside Rust"
    );
    for load in loads {
        let mut measured: [Vec<(f64, f64)>; 4] = Default::default();
        for repeat in 0..options.repeats {
            // Every second repeat the other way round.
            let mut order = [0, 1, 2, 3];
            if repeat % 2 == 1 {
                order.reverse();
            }
            for pair in order {
                let (client, worker) = PAIRS[pair];
                measured[pair].push(run(program(client), program(worker), *load, options.seconds)?);
            }
        }
        for (pair, (client, worker)) in PAIRS.iter().enumerate() {
            let figures = ratios(&measured[pair], &measured[0], |of| of.0);
            let processor = ratios(&measured[pair], &measured[0], |of| of.1);
            println!(
                "{:<5} {:<7} {:<7} {:>9.1}  {:>5.3} ({:.2} … {:.2}) {:>24.0}  {:>5.3} ({:.2} … {:.2})",
                load.name(),
                client.name(),
                worker.name(),
                median(measured[pair].iter().map(|of| of.0)),
                figures[figures.len() / 2],
                figures[0],
                figures[figures.len() - 1],
                median(measured[pair].iter().map(|of| of.1)),
                processor[processor.len() / 2],
                processor[0],
                processor[processor.len() - 1],
            );
        }
    }
    Ok(())
}

fn run(client: &Path, worker: &Path, load: Load, seconds: f64) -> anyhow::Result<(f64, f64)> {
    let seconds = seconds.to_string();
    let output = Command::new(client)
        .args(["client", load.name(), &seconds])
        .arg(worker)
        .output()
        .with_context(|| format!("cannot start {}", client.display()))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let mut numbers = text.split_whitespace().map(str::parse);
    match (numbers.next(), numbers.next()) {
        (Some(Ok(figure)), Some(Ok(processor))) => Ok((figure, processor)),
        _ => bail!("{}: {text}{}", client.display(), String::from_utf8_lossy(&output.stderr)),
    }
}

/// Of each repeat, sorted.
fn ratios(of: &[(f64, f64)], beside: &[(f64, f64)], which: impl Fn(&(f64, f64)) -> f64) -> Vec<f64> {
    let mut ratios: Vec<f64> = of.iter().zip(beside).map(|(one, other)| which(one) / which(other)).collect();
    ratios.sort_by(f64::total_cmp);
    ratios
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut sorted: Vec<f64> = values.collect();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}
