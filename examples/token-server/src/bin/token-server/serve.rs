//! `token-server serve`.

use clap::Args;
use powerhose_token_server::operation::options::ServeOptions;
use powerhose_token_server::operation::serve;
use tracing_subscriber::EnvFilter;

/// Answer clients, with workers of its own
#[derive(Debug, Args)]
pub(crate) struct Options {
    #[command(flatten)]
    serve: ServeOptions,
}

pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(&options.serve.log)?;
    // A reader of the log that leaves must not end the service: what cannot be written is not complained of.
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    log.log_internal_errors(false).init();
    serve::serve(&options.serve)
}
