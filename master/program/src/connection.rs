//! How tools reach their master, and what it means where they do not.

use crate::exit::{Exit, Failure};
use crate::options::common::CommonOptions;
use powerhose::{ClientBuilder, ConnectError, JobRunner, Operator, OperatorError};
use powerhose_protocol::Endpoint;
use std::io;
use std::os::unix::net::UnixDatagram;
use std::time::Duration;

/// A client of the master that the options name.
pub(crate) fn client(common: &CommonOptions) -> Result<ClientBuilder, Failure> {
    let mut client = JobRunner::connector(common.endpoint()?);
    if let Some(keys) = common.curve()? {
        client = client.curve(keys);
    }
    Ok(match common.secret()? {
        Some(secret) => client.shared_secret(secret),
        None => client,
    })
}

/// Whether somebody listens at the options' socket: where nobody does, there is nothing to wait for. Nobody notices: a
/// datagram socket is told that the listener is of another kind, or that there is none.
pub(crate) fn knock(common: &CommonOptions) -> Result<(), Failure> {
    let endpoint = common.endpoint()?;
    let parsed = endpoint.parse::<Endpoint>().map_err(|error| Failure::new(Exit::Usage, error))?;
    let Some(path) = parsed.path() else { return Ok(()) };
    let why = match UnixDatagram::unbound().and_then(|socket| socket.connect(path)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => "there is no such socket",
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => "nobody listens there any more",
        Ok(()) | Err(_) => return Ok(()),
    };
    let text = format!("no master answered on {endpoint}: {why}; is one running there?");
    Err(Failure::new(Exit::Unreachable, text))
}

/// An operator's connection to it; the master has this long to answer.
pub(crate) fn operator(common: &CommonOptions, within: Duration) -> Result<Operator, Failure> {
    client(common)?.connect_timeout(within).operator().map_err(|error| connect_failure(&error))
}

/// Why there is no connection, with its exit status.
pub(crate) fn connect_failure(error: &ConnectError) -> Failure {
    let exit = match error {
        ConnectError::Unreachable { .. } => Exit::Unreachable,
        ConnectError::Refused { .. } => Exit::Refused,
        ConnectError::Endpoint(_) | ConnectError::NoCurve => Exit::Usage,
        _ => Exit::System,
    };
    Failure::new(exit, error)
}

/// Why there is no answer, with its exit status.
pub(crate) fn operator_failure(error: &OperatorError) -> Failure {
    match error {
        OperatorError::Connect(error) => connect_failure(error),
        OperatorError::Refused { .. } => Failure::new(Exit::Refused, error),
        _ => Failure::new(Exit::Unreachable, error),
    }
}
