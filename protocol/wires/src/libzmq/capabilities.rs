//! What this build of libzmq can do. Builds differ: the zmq crate compiles its own.

use std::fmt;
use std::sync::Once;

/// What this build of libzmq can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Capabilities {
    /// Major, minor, patch.
    pub libzmq_version: (i32, i32, i32),
    /// Unix sockets.
    pub ipc: bool,
    /// Encryption between machines.
    pub curve: bool,
    /// Time that is not disturbed when the clock is set.
    pub monotonic_clock: bool,
}

/// What this build of libzmq can do.
pub fn capabilities() -> Capabilities {
    Capabilities {
        libzmq_version: zmq::version(),
        ipc: zmq::has("ipc").unwrap_or(false),
        curve: zmq::has("curve").unwrap_or(false),
        monotonic_clock: has_monotonic_clock(),
    }
}

/// Says once if libzmq was built without the flags with which it is tested: that happens where another crate depends on this one.
pub(crate) fn warn_of_other_build() {
    static ONCE: Once = Once::new();
    if !has_monotonic_clock() {
        ONCE.call_once(|| {
            tracing::warn!(
                "libzmq was built without the flags with which it is tested: copy `[env]` of the README into .cargo/config.toml"
            );
        });
    }
}

/// libzmq does not tell; but its build has the flag exactly if ours was made with the flags of `.cargo/config.toml`.
fn has_monotonic_clock() -> bool {
    option_env!("CXXFLAGS").is_some_and(|flags| flags.contains("HAVE_CLOCK_GETTIME"))
}

impl fmt::Display for Capabilities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (major, minor, patch) = self.libzmq_version;
        let can = |can| if can { "yes" } else { "no" };
        write!(f, "libzmq {major}.{minor}.{patch} (ipc: {}, curve: {}, ", can(self.ipc), can(self.curve))?;
        write!(f, "monotonic clock: {})", can(self.monotonic_clock))
    }
}
