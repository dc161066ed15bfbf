//! By which names this service may be asked for.
//!
//! A foreign web page can let its own name point at this address (DNS rebinding), and so read what only this machine may
//! read. Its browser then asks for that name, and is refused.

use super::address::Reach;
use std::net::{IpAddr, SocketAddr};

/// The names that are answered to.
#[derive(Clone, Debug)]
pub(super) struct Hosts {
    named: Vec<String>,
    others: Others,
}

/// What becomes of a request by a name that no flag declared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Others {
    Refused,
    Answered,
}

impl Hosts {
    /// Where other machines may ask: every name is good, unless some are declared. Then only these.
    pub(super) fn new(reach: Reach, named: &[String]) -> Hosts {
        let others = match reach {
            Reach::Public if named.is_empty() => Others::Answered,
            Reach::Public | Reach::Loopback => Others::Refused,
        };
        Hosts { named: named.iter().map(|name| name.to_ascii_lowercase()).collect(), others }
    }

    /// Whether to answer a request with this Host header.
    pub(super) fn accept(&self, host: &str) -> bool {
        // An address is no name: nobody can make it point elsewhere.
        if host.parse::<SocketAddr>().is_ok() || host.parse::<IpAddr>().is_ok() {
            return true;
        }
        if host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).is_some_and(is_address) {
            return true;
        }
        let name = match host.rsplit_once(':') {
            Some((name, port)) if port.bytes().all(|digit| digit.is_ascii_digit()) => name,
            _ => host,
        };
        let name = name.trim_end_matches('.').to_ascii_lowercase();
        name == "localhost" || self.others == Others::Answered || self.named.contains(&name)
    }
}

fn is_address(text: &str) -> bool {
    text.parse::<IpAddr>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_localhost_are_always_answered() {
        let hosts = Hosts::new(Reach::Loopback, &[]);
        for host in
            ["127.0.0.1:9464", "127.0.0.1", "[::1]:9464", "[::1]", "localhost:9464", "LOCALHOST", "10.0.0.1"]
        {
            assert!(hosts.accept(host), "{host}");
        }
    }

    #[test]
    fn names_of_others_are_refused() {
        let hosts = Hosts::new(Reach::Loopback, &["Master.internal".to_owned()]);
        for host in [
            "evil.example",
            "evil.example:9464",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "",
            "[x]",
        ] {
            assert!(!hosts.accept(host), "{host}");
        }
        assert!(hosts.accept("master.internal:9464"));
        assert!(hosts.accept("master.internal."));
    }

    #[test]
    fn in_public_every_name_is_good_until_some_are_declared() {
        assert!(Hosts::new(Reach::Public, &[]).accept("master.example:9464"));
        let declared = Hosts::new(Reach::Public, &["master.example".to_owned()]);
        assert!(declared.accept("master.example:9464"));
        assert!(!declared.accept("evil.example"));
    }
}
