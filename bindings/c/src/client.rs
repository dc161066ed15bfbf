//! How a runner or an operator of a master in another process is made.

use crate::guard::{ErrorOut, bytes, given, guard, text, text_or_null};
use crate::operator::powerhose_operator;
use crate::problem::Problem;
use crate::runner::powerhose_runner;
use crate::settings::{Settings, set};
use powerhose::{
    CURVE_FILE_VARIABLE, ClientBuilder, CurveClient, ENDPOINT_VARIABLE, JobRunner, SECRET_FILE_VARIABLE,
    SharedSecret, default_endpoint,
};
use std::env;
use std::ffi::{c_char, c_void};
use std::time::Duration;

/// Settings of a client. Freed by `powerhose_client_settings_free`; what is made with them does not need them any longer, and more
/// than one thing can be. What is wrong with a setting is told by the function that uses them.
pub struct powerhose_client_settings(Settings<Client>);

#[derive(Default)]
struct Client {
    endpoint: Option<String>,
    timeout: Option<Duration>,
    connect_timeout: Option<Duration>,
    silence_max: Option<Duration>,
    caller_spin: Option<Duration>,
    secret: Option<SharedSecret>,
    curve: Option<CurveClient>,
}

impl Client {
    fn set(
        settings: Option<&powerhose_client_settings>,
        change: impl FnOnce(&mut Client) -> Result<(), Problem>,
    ) {
        set(settings, |settings| &settings.0, change);
    }

    /// What nobody set, the environment says.
    fn builder(&self) -> Result<ClientBuilder, Problem> {
        let mut builder = JobRunner::connector(self.endpoint()?);
        for (given, set) in [
            (self.timeout, ClientBuilder::timeout as fn(ClientBuilder, Duration) -> ClientBuilder),
            (self.connect_timeout, ClientBuilder::connect_timeout),
            (self.silence_max, ClientBuilder::silence_max),
            (self.caller_spin, ClientBuilder::caller_spin),
        ] {
            if let Some(given) = given {
                builder = set(builder, given);
            }
        }
        if let Some(secret) = self.secret()? {
            builder = builder.shared_secret(secret);
        }
        if let Some(keys) = self.curve()? {
            builder = builder.curve(keys);
        }
        Ok(builder)
    }

    fn endpoint(&self) -> Result<String, Problem> {
        if let Some(endpoint) = self.endpoint.clone().or_else(|| env::var(ENDPOINT_VARIABLE).ok()) {
            return Ok(endpoint);
        }
        Ok(default_endpoint().map_err(Problem::system)?.to_string())
    }

    fn secret(&self) -> Result<Option<SharedSecret>, Problem> {
        match (&self.secret, env::var_os(SECRET_FILE_VARIABLE)) {
            (Some(secret), _) => Ok(Some(secret.clone())),
            (None, Some(file)) => SharedSecret::from_file(file).map(Some).map_err(Problem::invalid),
            (None, None) => Ok(None),
        }
    }

    fn curve(&self) -> Result<Option<CurveClient>, Problem> {
        match (&self.curve, env::var_os(CURVE_FILE_VARIABLE)) {
            (Some(keys), _) => Ok(Some(keys.clone())),
            (None, Some(file)) => CurveClient::from_file(file).map(Some).map_err(Problem::invalid),
            (None, None) => Ok(None),
        }
    }
}

/// Connects to the master at an endpoint, `ipc:///path/to/socket` or `tcp://host:port`, and waits up to 5 s for it; afterwards the
/// runner connects again by itself. NULL: the endpoint of POWERHOSE_ENDPOINT, or else the user's default, where the program
/// `powerhose` listens too. POWERHOSE_SECRET_FILE names the file of a shared secret.
#[unsafe(no_mangle)]
pub extern "C" fn powerhose_connect(
    endpoint: *const c_char,
    error: ErrorOut<'_>,
) -> Option<Box<powerhose_runner>> {
    let connect = || {
        // SAFETY: C passes text, or NULL.
        let endpoint = unsafe { text_or_null(endpoint, "endpoint")? }.map(str::to_owned);
        let runner = Client { endpoint, ..Client::default() }.builder()?.connect()?;
        Ok(Some(Box::new(powerhose_runner::new(runner))))
    };
    guard(error, |_| None, connect)
}

/// Settings that say what `powerhose_connect(NULL)` does.
#[unsafe(no_mangle)]
pub extern "C" fn powerhose_client_settings_new() -> Box<powerhose_client_settings> {
    Box::new(powerhose_client_settings(Settings::new(Client::default())))
}

/// Where the master is.
#[unsafe(no_mangle)]
pub extern "C" fn powerhose_client_settings_endpoint(
    settings: Option<&powerhose_client_settings>,
    endpoint: *const c_char,
) {
    Client::set(settings, |client| {
        // SAFETY: C passes text.
        client.endpoint = Some(unsafe { text(endpoint, "endpoint")? }.to_owned());
        Ok(())
    });
}

/// How long a caller waits that names no timeout. Default: 5 s.
#[unsafe(no_mangle)]
pub extern "C" fn powerhose_client_settings_timeout_ms(
    settings: Option<&powerhose_client_settings>,
    timeout_ms: u64,
) {
    Client::set(settings, |client| {
        client.timeout = Some(Duration::from_millis(timeout_ms));
        Ok(())
    });
}

/// How long to wait for the master's first answer. Default: 5 s.
#[unsafe(no_mangle)]
pub extern "C" fn powerhose_client_settings_connect_timeout_ms(
    settings: Option<&powerhose_client_settings>,
    timeout_ms: u64,
) {
    Client::set(settings, |client| {
        client.connect_timeout = Some(Duration::from_millis(timeout_ms));
        Ok(())
    });
}

/// How long the master may be silent before it counts as gone. Default: 5 s.
#[unsafe(no_mangle)]
pub extern "C" fn powerhose_client_settings_silence_max_ms(
    settings: Option<&powerhose_client_settings>,
    silence_ms: u64,
) {
    Client::set(settings, |client| {
        client.silence_max = Some(Duration::from_millis(silence_ms));
        Ok(())
    });
}

/// How long a caller that blocks looks for its reply again and again before it sleeps, up to 1 ms; 0: never. Default: 100 us.
#[unsafe(no_mangle)]
pub extern "C" fn powerhose_client_settings_caller_spin_us(
    settings: Option<&powerhose_client_settings>,
    spin_us: u64,
) {
    Client::set(settings, |client| {
        client.caller_spin = Some(Duration::from_micros(spin_us));
        Ok(())
    });
}

/// The secret that it shares with the master: at least 32 bytes.
#[unsafe(no_mangle)]
pub extern "C" fn powerhose_client_settings_secret(
    settings: Option<&powerhose_client_settings>,
    secret: *const c_void,
    secret_size: usize,
) {
    Client::set(settings, |client| {
        // SAFETY: C passes so many bytes.
        let secret = unsafe { bytes(secret, secret_size, "secret")? };
        client.secret = Some(SharedSecret::new(secret).map_err(Problem::invalid)?);
        Ok(())
    });
}

/// The same, in a file.
#[unsafe(no_mangle)]
pub extern "C" fn powerhose_client_settings_secret_file(
    settings: Option<&powerhose_client_settings>,
    path: *const c_char,
) {
    Client::set(settings, |client| {
        // SAFETY: C passes text.
        let path = unsafe { text(path, "path")? };
        client.secret = Some(SharedSecret::from_file(path).map_err(Problem::invalid)?);
        Ok(())
    });
}

/// A file of CURVE keys, for `tcp://`: lines `server KEY`, `public KEY`, `secret KEY`. Default: that of POWERHOSE_CURVE_FILE. Needs a
/// library that was built with libzmq.
#[unsafe(no_mangle)]
pub extern "C" fn powerhose_client_settings_curve_file(
    settings: Option<&powerhose_client_settings>,
    path: *const c_char,
) {
    Client::set(settings, |client| {
        // SAFETY: C passes text.
        let path = unsafe { text(path, "path")? };
        client.curve = Some(CurveClient::from_file(path).map_err(Problem::invalid)?);
        Ok(())
    });
}

/// Frees settings. NULL is nothing to free.
#[unsafe(no_mangle)]
pub extern "C" fn powerhose_client_settings_free(settings: Option<Box<powerhose_client_settings>>) {
    drop(settings);
}

/// Connects a runner with these settings.
#[unsafe(no_mangle)]
pub extern "C" fn powerhose_client_connect(
    settings: Option<&powerhose_client_settings>,
    error: ErrorOut<'_>,
) -> Option<Box<powerhose_runner>> {
    let connect = || {
        let runner = builder(settings)?.connect()?;
        Ok(Some(Box::new(powerhose_runner::new(runner))))
    };
    guard(error, |_| None, connect)
}

/// Connects an operator with these settings.
#[unsafe(no_mangle)]
pub extern "C" fn powerhose_operator_connect(
    settings: Option<&powerhose_client_settings>,
    error: ErrorOut<'_>,
) -> Option<Box<powerhose_operator>> {
    let connect = || {
        let operator = builder(settings)?.operator()?;
        Ok(Some(Box::new(powerhose_operator::new(operator))))
    };
    guard(error, |_| None, connect)
}

fn builder(settings: Option<&powerhose_client_settings>) -> Result<ClientBuilder, Problem> {
    given(settings, "settings")?.0.read(Client::builder)?
}
