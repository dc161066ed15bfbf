//! The worker as a program of its own. Start as many as there are cores:
//! `POWERHOSE_ENDPOINT=ipc:///tmp/square/master.ipc square-worker`.

fn main() -> anyhow::Result<()> {
    powerhose_example_square::log_to_stderr();
    Ok(powerhose_example_square::work()?)
}
