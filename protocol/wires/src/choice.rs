//! Which wire an endpoint goes over. It is the same at both ends only where CURVE is asked for: all else talks with each other.

use crate::{Address, Bounds, Link, Listener, Sharing, zmtp};
use powerhose_protocol::{CurveClient, CurveServer, Endpoint};
use std::io;

/// The environment variable that asks for another wire than our own where both can be had: `libzmq` for the library, over
/// TCP; `zmtp`, or nothing, for ours.
pub const WIRE_VARIABLE: &str = "POWERHOSE_WIRE";

/// The environment variable that says whether two peers of ours that meet at a unix socket share memory: they do if it is `on` for
/// both; `off`, or nothing, leaves them to the socket.
pub const MEMORY_VARIABLE: &str = "POWERHOSE_MEMORY";

/// A kind of wires.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Wire {
    /// [`zmtp`].
    Zmtp,
    /// `libzmq`, if this build has it.
    Libzmq,
}

/// Whether messages are encrypted by CURVE.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encryption {
    /// They are.
    Curve,
    /// They are not.
    None,
}

impl Wire {
    /// Which an endpoint goes over: libzmq where TCP is encrypted, or where [the environment](WIRE_VARIABLE) asks for it.
    ///
    /// # Errors
    /// The environment asks for what there is not.
    pub fn of(endpoint: &Endpoint, encryption: Encryption) -> io::Result<Wire> {
        match (endpoint, encryption) {
            (Endpoint::Ipc(_), _) => Ok(Wire::Zmtp),
            (Endpoint::Tcp { .. }, Encryption::Curve) => Ok(Wire::Libzmq),
            (Endpoint::Tcp { .. }, Encryption::None) => asked_for(std::env::var_os(WIRE_VARIABLE).as_deref()),
        }
    }

    /// A listener of this kind, which listens nowhere yet. Keys are for libzmq only.
    ///
    /// # Errors
    /// The system has no descriptor left; this build has no libzmq, or one that cannot encrypt.
    pub fn listener(
        self,
        bounds: Bounds,
        connections_max: usize,
        keys: Option<&CurveServer>,
    ) -> io::Result<Box<dyn Listener>> {
        match self {
            Wire::Zmtp => Ok(Box::new(zmtp::Router::sharing(bounds, connections_max, sharing()?)?)),
            Wire::Libzmq => libzmq::listener(bounds, connections_max, keys),
        }
    }

    /// Begins to connect. Keys are for libzmq only.
    ///
    /// # Errors
    /// As of [`listener`](Wire::listener), and where the address is none.
    pub fn link(
        self,
        address: &Address,
        bounds: Bounds,
        keys: Option<&CurveClient>,
    ) -> io::Result<Box<dyn Link>> {
        match self {
            Wire::Zmtp => Ok(Box::new(zmtp::Dealer::sharing(address.clone(), bounds, sharing()?)?)),
            Wire::Libzmq => libzmq::link(address, bounds, keys),
        }
    }
}

/// Begins to connect to a master, with these keys encrypted if it is over TCP.
///
/// # Errors
/// As of [`Wire::of`] and [`Wire::link`].
pub fn connect(endpoint: &Endpoint, keys: Option<&CurveClient>, bounds: Bounds) -> io::Result<Box<dyn Link>> {
    let encryption = if keys.is_some() { Encryption::Curve } else { Encryption::None };
    Wire::of(endpoint, encryption)?.link(&endpoint.into(), bounds, keys)
}

/// Whether memory may be shared, as [the environment](MEMORY_VARIABLE) has it.
///
/// # Errors
/// It asks for what there is not.
pub fn sharing() -> io::Result<Sharing> {
    sharing_of(std::env::var_os(MEMORY_VARIABLE).as_deref())
}

/// Whether this build can encrypt.
pub fn has_curve() -> bool {
    libzmq::has_curve()
}

fn sharing_of(asked: Option<&std::ffi::OsStr>) -> io::Result<Sharing> {
    match asked.map(|asked| asked.to_string_lossy().into_owned()).as_deref() {
        None | Some("" | "off") => Ok(Sharing::Off),
        Some("on") => Ok(Sharing::Offered),
        Some(other) => {
            let problem = format!("{MEMORY_VARIABLE} is `{other}`: there are `on` and `off`");
            Err(io::Error::new(io::ErrorKind::InvalidInput, problem))
        }
    }
}

fn asked_for(wire: Option<&std::ffi::OsStr>) -> io::Result<Wire> {
    match wire.map(|wire| wire.to_string_lossy().into_owned()).as_deref() {
        None | Some("" | "zmtp") => Ok(Wire::Zmtp),
        Some("libzmq") => Ok(Wire::Libzmq),
        Some(other) => {
            let problem = format!("{WIRE_VARIABLE} is `{other}`: there are `zmtp` and `libzmq`");
            Err(io::Error::new(io::ErrorKind::InvalidInput, problem))
        }
    }
}

#[cfg(feature = "libzmq")]
mod libzmq {
    use crate::libzmq::{Dealer, Router, capabilities, warn_of_other_build};
    use crate::{Address, Bounds, Link, Listener};
    use powerhose_protocol::{CurveClient, CurveServer};
    use std::io;

    pub(super) fn listener(
        bounds: Bounds,
        connections_max: usize,
        keys: Option<&CurveServer>,
    ) -> io::Result<Box<dyn Listener>> {
        warn_of_other_build();
        Ok(Box::new(Router::new(bounds, connections_max, keys)?))
    }

    pub(super) fn link(
        address: &Address,
        bounds: Bounds,
        keys: Option<&CurveClient>,
    ) -> io::Result<Box<dyn Link>> {
        warn_of_other_build();
        Ok(Box::new(Dealer::connect(address, keys, bounds)?))
    }

    pub(super) fn has_curve() -> bool {
        capabilities().curve
    }
}

#[cfg(not(feature = "libzmq"))]
mod libzmq {
    use crate::{Address, Bounds, Link, Listener};
    use powerhose_protocol::{CurveClient, CurveServer};
    use std::io;

    pub(super) fn listener(
        _bounds: Bounds,
        _connections_max: usize,
        _keys: Option<&CurveServer>,
    ) -> io::Result<Box<dyn Listener>> {
        Err(left_out())
    }

    pub(super) fn link(
        _address: &Address,
        _bounds: Bounds,
        _keys: Option<&CurveClient>,
    ) -> io::Result<Box<dyn Link>> {
        Err(left_out())
    }

    pub(super) fn has_curve() -> bool {
        false
    }

    fn left_out() -> io::Error {
        io::Error::new(
            io::ErrorKind::Unsupported,
            "this program was built without libzmq (its feature `libzmq`)",
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_wire_is_had_on_request() {
        for (asked, wire) in [(None, Wire::Zmtp), (Some("zmtp"), Wire::Zmtp), (Some("libzmq"), Wire::Libzmq)]
        {
            assert_eq!(asked_for(asked.map(std::ffi::OsStr::new)).expect("there is one"), wire);
        }
        let unknown = asked_for(Some(std::ffi::OsStr::new("carrier pigeon"))).expect_err("there is none");
        assert_eq!(unknown.to_string(), "POWERHOSE_WIRE is `carrier pigeon`: there are `zmtp` and `libzmq`");
    }

    #[test]
    fn memory_is_shared_on_request() {
        let asked = |asked: &'static str| sharing_of(Some(std::ffi::OsStr::new(asked)));
        assert_eq!(sharing_of(None).expect("it is known"), Sharing::Off);
        assert_eq!(asked("on").expect("it is known"), Sharing::Offered);
        assert_eq!(asked("off").expect("it is known"), Sharing::Off);
        let unknown = asked("of").expect_err("it is not known");
        assert_eq!(unknown.to_string(), "POWERHOSE_MEMORY is `of`: there are `on` and `off`");
    }

    #[test]
    fn curve_is_libzmqs_and_unix_sockets_are_ours() {
        let tcp = "tcp://127.0.0.1:1".parse().expect("an endpoint");
        let ipc = "ipc:///nowhere".parse().expect("an endpoint");
        assert_eq!(Wire::of(&tcp, Encryption::Curve).expect("there is one"), Wire::Libzmq);
        assert_eq!(Wire::of(&ipc, Encryption::Curve).expect("there is one"), Wire::Zmtp);
    }
}
