//! `powerhose master`: a master alone.

use crate::exit::Outcome;
use crate::http::HttpOptions;
use crate::options::common::CommonOptions;
use crate::options::master::{MasterOptions, bind_failure};
use crate::options::values::duration;
use crate::service::{self, Service};
use clap::Args;
use powerhose::{Endpoint, JobRunner};
use std::time::Duration;
use tracing::info;

/// Flags of `master`.
#[derive(Args, Debug)]
pub(crate) struct MasterCommandOptions {
    /// How long jobs may take to end when the master is told to end.
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "30s")]
    drain: Duration,
    #[command(flatten)]
    http: HttpOptions,
    #[command(flatten)]
    master: MasterOptions,
}

/// Until it is told to end.
pub(super) fn master(common: &CommonOptions, options: &MasterCommandOptions) -> Outcome {
    let happenings = service::happenings()?;
    let runner = options.master.builder(common)?.bind().map_err(|error| bind_failure(&error))?;
    tell_where(&runner);
    let _http = options.http.start(&runner, 0)?;
    Service::new(happenings, Some(runner), options.drain).run()
}

/// Says where the master listens: a port that the system chose is not known otherwise.
pub(super) fn tell_where(runner: &JobRunner) {
    for endpoint in runner.endpoints() {
        info!(endpoint = %Endpoint::to_string(endpoint), "the master listens");
    }
}
