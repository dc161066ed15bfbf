//! `token-server verify`: replays test vectors, a line of JSON for each.

use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;
use powerhose_token_server::vectors::{Line, Vectors};

/// Replay a file of BrowserID test vectors by the rules of browserid-local-verify 0.5.2
///
/// Prints a line of JSON for each vector: its name, and the identity or the kind of its fault; a vector that cannot be
/// read is malformed. Ends with status 0 if all are as the file says, with 1 if not: what differs is named on stderr.
#[derive(Debug, Args)]
pub(crate) struct VerifyOptions {
    /// The vectors
    #[arg(long, value_name = "FILE")]
    vectors: PathBuf,
}

pub(crate) fn run(options: &VerifyOptions) -> anyhow::Result<ExitCode> {
    let path = &options.vectors;
    let file = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    // Letters that are none, in a note perhaps, are not the matter of the other cases.
    let file = String::from_utf8_lossy(&file);
    let vectors = Vectors::read(&file).with_context(|| format!("{} holds no vectors", path.display()))?;
    let mut output = io::stdout().lock();
    let mut differing = Vec::new();
    for case in &vectors.cases {
        let result = case.replay();
        writeln!(output, "{}", Line::new(&case.name, &result)).context("cannot write to stdout")?;
        if !case.agrees(&result) {
            differing.push(case.name.as_str());
        }
    }
    if differing.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    eprintln!("not as the file says: {}", differing.join(", "));
    Ok(ExitCode::FAILURE)
}
