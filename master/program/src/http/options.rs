//! What `run` and `master` let their operator say of it.

use super::{HttpError, HttpServer, HttpSettings, Reach};
use crate::exit::{Exit, Failure};
use clap::Args;
use powerhose::JobRunner;

/// Metrics, probes and a page over HTTP.
#[derive(Args, Debug)]
#[command(next_help_heading = "Options of metrics and status page")]
pub(crate) struct HttpOptions {
    /// Serves a live page, /metrics, /healthz, /readyz and /status.json here, as in 127.0.0.1:9464.
    #[arg(long, value_name = "ADDRESS")]
    http: Option<String>,
    /// Lets --http listen where other machines reach it: whoever reaches it reads which pools, workers and jobs there
    /// are.
    #[arg(long)]
    http_public: bool,
    /// A name by which --http is asked for, besides its addresses and localhost; may be given several times.
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    http_host: Vec<String>,
}

impl HttpOptions {
    /// Begins to answer, if that is wanted, about this master; it is ready with `workers_min` workers.
    pub(crate) fn start(
        &self,
        runner: &JobRunner,
        workers_min: usize,
    ) -> Result<Option<HttpServer>, Failure> {
        let Some(address) = &self.http else {
            return if self.http_public || !self.http_host.is_empty() {
                Err(Failure::new(
                    Exit::Usage,
                    "--http-public and --http-host say who may ask --http, which is missing",
                ))
            } else {
                Ok(None)
            };
        };
        let settings = HttpSettings {
            address: address.clone(),
            reach: if self.http_public { Reach::Public } else { Reach::Loopback },
            hosts: self.http_host.clone(),
            workers_min,
        };
        HttpServer::start(&settings, runner.clone()).map(Some).map_err(|error| failure(&error))
    }

    /// Whether nothing is asked for.
    pub(crate) fn is_off(&self) -> bool {
        self.http.is_none()
    }
}

fn failure(error: &HttpError) -> Failure {
    let exit = match error {
        HttpError::Address { .. } | HttpError::Public { .. } => Exit::Usage,
        HttpError::InUse { .. } | HttpError::Io { .. } => Exit::Bind,
    };
    Failure::new(exit, format_args!("--http: {error}"))
}
