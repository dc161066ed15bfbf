//! The benchmark program. Everything is in the library beside it, so that the criterion benches share it.

use std::process::ExitCode;

fn main() -> Result<ExitCode, std::io::Error> {
    powerhose_bench::run()
}
