//! The benchmark.

/// Runs it.
pub fn run() -> Result<std::process::ExitCode, std::io::Error> {
    Ok(std::process::ExitCode::SUCCESS)
}
