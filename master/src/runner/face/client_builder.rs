//! How a runner with a master in another process is made.

use super::connect_error::ConnectError;
use super::job_runner::{JobRunner, Place};
use super::operator::Operator;
use crate::client::{ClientMachine, ClientSettings};
use crate::common::Settings;
use crate::runner::engine::link::{Command, Link};
use crate::runner::engine::remote::{self, ClientLoop};
use crate::runner::engine::spin::SPIN;
use crate::runner::engine::starting::{random_seed, start};
use crate::wires::dealer::Dealer;
use crate::wires::patience::Patience;
use crate::wires::{clock, raise_open_files_limit};
use powerhose_protocol::{Credentials, CurveClient, Endpoint, SharedSecret};
use powerhose_wires::{Wakeup, choice};
use std::sync::Arc;
use std::time::Duration;

/// How an operator introduces itself.
const OPERATOR: &str = concat!("powerhose-operator/", env!("CARGO_PKG_VERSION"));

/// Settings of a client of a master in another process. Begun by [`JobRunner::connector`], ended by
/// [`connect`](ClientBuilder::connect).
pub struct ClientBuilder {
    endpoint: String,
    settings: ClientSettings,
    timeout: Duration,
    secret: Option<SharedSecret>,
    curve: Option<CurveClient>,
    connect_timeout: Duration,
    caller_spin: Duration,
}

impl JobRunner {
    /// Connects to a master in another process, with default settings; waits up to 5 s for it.
    ///
    /// # Errors
    /// See [`ConnectError`].
    pub fn connect(endpoint: impl Into<String>) -> Result<JobRunner, ConnectError> {
        JobRunner::connector(endpoint).connect()
    }

    /// A client of a master in another process, with settings of your own.
    pub fn connector(endpoint: impl Into<String>) -> ClientBuilder {
        ClientBuilder::new(endpoint.into())
    }
}

impl ClientBuilder {
    pub(super) fn new(endpoint: String) -> ClientBuilder {
        ClientBuilder {
            endpoint,
            settings: ClientSettings::default(),
            timeout: Settings::default().timeout,
            secret: None,
            curve: None,
            connect_timeout: Duration::from_secs(5),
            caller_spin: SPIN,
        }
    }

    /// How long to wait for the master's first answer. Default: 5 s.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// How long a caller waits that names no timeout. Default: 5 s.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// How long a caller that blocks, while few others do, looks for its reply before it sleeps; as for a master in this
    /// process. Up to 1 ms, zero for never. Default: 100 µs.
    pub fn caller_spin(mut self, spin: Duration) -> Self {
        self.caller_spin = spin;
        self
    }

    /// Connects with these keys, encrypted: to a `tcp://` endpoint of a master that has them, too. A
    /// master with another key, or that does not have this client's on its list, is
    /// [`Unreachable`](ConnectError::Unreachable).
    pub fn curve(mut self, keys: CurveClient) -> Self {
        self.curve = Some(keys);
        self
    }

    /// Proves itself to the master with this secret, and believes only a master that knows it too.
    pub fn shared_secret(mut self, secret: SharedSecret) -> Self {
        self.secret = Some(secret);
        self
    }

    /// How long the master may be silent before it counts as gone. Default: 5 s.
    pub fn silence_max(mut self, silence: Duration) -> Self {
        self.settings.silence_max = silence;
        self
    }

    /// Connects, and waits for the master's answer. Afterwards the client connects again by itself.
    ///
    /// # Errors
    /// See [`ConnectError`].
    pub fn connect(self) -> Result<JobRunner, ConnectError> {
        let endpoint: Endpoint = self.endpoint.parse()?;
        let failed = |source| ConnectError::Io { endpoint: endpoint.to_string(), source };
        if self.curve.is_some() && !choice::has_curve() {
            return Err(ConnectError::NoCurve);
        }
        raise_open_files_limit();
        let wakeup = Arc::new(Wakeup::new().map_err(failed)?);
        let dealer = Dealer::connect(&endpoint, self.curve.as_ref(), wakeup.clone()).map_err(failed)?;
        let (sender, commands) = crossbeam_channel::unbounded::<Command>();
        let (ready, welcomed) = crossbeam_channel::bounded(1);
        let timeout = self.timeout;
        let seed = random_seed().map_err(failed)?;
        let credentials = self.secret.map(|secret| Credentials { secret, seed });
        let machine = ClientMachine::new(self.settings, credentials, clock::now());
        let client = ClientLoop::new(dealer, machine, commands, wakeup.clone(), ready);
        let link = Link::new(sender, wakeup, timeout);
        let link = start("powerhose-client", client, link, self.caller_spin).map_err(failed)?;
        match Patience::new(self.connect_timeout).receive(&welcomed) {
            Ok(remote::Greeted::Welcomed) => Ok(JobRunner::new(link, Place::Remote, vec![endpoint])),
            Ok(remote::Greeted::Refused { code, text }) => {
                Err(ConnectError::Refused { endpoint: endpoint.to_string(), code, text })
            }
            Err(_) => {
                Err(ConnectError::Unreachable { endpoint: endpoint.to_string(), after: self.connect_timeout })
            }
        }
    }

    /// Connects as an operator, who asks what the master knows and gives it orders, and waits for its answer.
    ///
    /// # Errors
    /// See [`ConnectError`].
    pub fn operator(self) -> Result<Operator, ConnectError> {
        let endpoint: Endpoint = self.endpoint.parse()?;
        let failed = |source| ConnectError::Io { endpoint: endpoint.to_string(), source };
        if self.curve.is_some() && !choice::has_curve() {
            return Err(ConnectError::NoCurve);
        }
        let wakeup = Arc::new(Wakeup::new().map_err(failed)?);
        let dealer = Dealer::connect(&endpoint, self.curve.as_ref(), wakeup).map_err(failed)?;
        let seed = random_seed().map_err(failed)?;
        let credentials = self.secret.map(|secret| Credentials { secret, seed });
        let settings = ClientSettings { software: OPERATOR, ..self.settings };
        let machine = ClientMachine::new(settings, credentials, clock::now());
        Operator::greet(dealer, machine, endpoint.to_string(), self.connect_timeout)
    }
}
