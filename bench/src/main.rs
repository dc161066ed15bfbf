//! The benchmark program. Everything is in the library beside it, so that the criterion benches share it.

fn main() -> anyhow::Result<()> {
    powerhose_bench::run()
}
