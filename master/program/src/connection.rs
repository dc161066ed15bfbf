//! How tools reach their master, and what it means where they do not.

use crate::exit::{Exit, Failure};
use crate::options::common::CommonOptions;
use powerhose::{ClientBuilder, ConnectError, JobRunner, Operator, OperatorError};
use powerhose_protocol::Endpoint;
use std::io;
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::thread;
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

/// How long a knock at a port may take; who has not answered by then is left to the connection itself.
const KNOCK_WITHIN: Duration = Duration::from_secs(1);

/// Whether somebody listens at the options' endpoint: where nobody does, there is nothing to wait for.
pub(crate) fn knock(common: &CommonOptions) -> Result<(), Failure> {
    let endpoint = common.endpoint()?;
    let parsed = endpoint.parse::<Endpoint>().map_err(|error| Failure::new(Exit::Usage, error))?;
    let nobody = match parsed {
        Endpoint::Ipc(path) => at_socket(&path),
        Endpoint::Tcp { host, port } => at_port(host, port),
    };
    let Some(why) = nobody else { return Ok(()) };
    let text = format!("no master answered on {endpoint}: {why}; is one running there?");
    Err(Failure::new(Exit::Unreachable, text))
}

/// Why nobody is there. Who listens does not notice: a datagram socket is told that the listener is of another kind.
fn at_socket(path: &Path) -> Option<&'static str> {
    let error = UnixDatagram::unbound().and_then(|socket| socket.connect(path)).err()?;
    match error.kind() {
        io::ErrorKind::NotFound => Some("there is no such socket"),
        io::ErrorKind::ConnectionRefused => Some("nobody listens there any more"),
        _ => None,
    }
}

/// Why nobody is there: all addresses of the host refuse. A master takes no notice of who connects and says nothing.
fn at_port(host: String, port: u16) -> Option<&'static str> {
    let (sender, answer) = crossbeam_channel::bounded(1);
    let refuses = |address: SocketAddr| {
        let connected = TcpStream::connect_timeout(&address, KNOCK_WITHIN);
        connected.is_err_and(|error| error.kind() == io::ErrorKind::ConnectionRefused)
    };
    let ask = move || {
        let addresses: Vec<SocketAddr> =
            (host.as_str(), port).to_socket_addrs().into_iter().flatten().collect();
        // Whoever asked may have stopped to wait.
        let _ = sender.send(!addresses.is_empty() && addresses.into_iter().all(refuses));
    };
    // A name server may take longer than anybody waits.
    thread::Builder::new().name("knock".to_owned()).spawn(ask).ok()?;
    let refused = answer.recv_timeout(KNOCK_WITHIN).unwrap_or(false);
    refused.then_some("the port refuses: nobody listens there")
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
