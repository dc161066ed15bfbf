//! What this program is, and what its parts can do.

use powerhose_protocol::{VERSION_MAX, VERSION_MIN};

/// For `-V`.
pub(crate) fn short() -> &'static str {
    env!("CARGO_PKG_VERSION")
}

/// For `--version`: with the versions of the protocol that it speaks and what its build of libzmq can do.
pub(crate) fn long() -> String {
    let protocol = match VERSION_MIN == VERSION_MAX {
        true => VERSION_MIN.to_string(),
        false => format!("{VERSION_MIN} to {VERSION_MAX}"),
    };
    let mut text = format!("{}\nprotocol {protocol}\n", short());
    text.push_str(&powerhose::capabilities().to_string());
    text
}
