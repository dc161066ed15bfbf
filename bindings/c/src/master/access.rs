//! Who may reach a master, and with what.

use super::{Master, Tcp, powerhose_master_settings};
use crate::guard::text;
use crate::problem::Problem;
use powerhose::{CurveServer, IpcAccess};
use std::ffi::{c_char, c_void};

/// Lets workers in that prove to know this secret, of at least 32 bytes, and none that do not; may be called several times. Without a
/// secret for clients, none of them is let in any more.
#[unsafe(no_mangle)]
pub extern "C" fn powerhose_master_settings_workers_secret(
    settings: Option<&powerhose_master_settings>,
    secret: *const c_void,
    secret_size: usize,
) {
    Master::set_secrets(settings, secret, secret_size, |secrets| &mut secrets.workers);
}

/// The same for clients. Without a secret for workers, none of them is let in any more.
#[unsafe(no_mangle)]
pub extern "C" fn powerhose_master_settings_clients_secret(
    settings: Option<&powerhose_master_settings>,
    secret: *const c_void,
    secret_size: usize,
) {
    Master::set_secrets(settings, secret, secret_size, |secrets| &mut secrets.clients);
}

/// Lets it listen on TCP addresses that other machines reach, although nobody is authenticated.
#[unsafe(no_mangle)]
pub extern "C" fn powerhose_master_settings_insecure_tcp(settings: Option<&powerhose_master_settings>) {
    Master::set(settings, |master| {
        master.tcp = Tcp::Insecure;
        Ok(())
    });
}

/// Lets the members of the group with this number connect over `ipc://`, too; this user must be one of them, or root. Default: only
/// this user may.
#[unsafe(no_mangle)]
pub extern "C" fn powerhose_master_settings_ipc_group(
    settings: Option<&powerhose_master_settings>,
    group: u32,
) {
    Master::set(settings, |master| {
        master.ipc_access = IpcAccess::Group(group);
        Ok(())
    });
}

/// A file of CURVE keys, with which every `tcp://` endpoint is encrypted: lines `public KEY`, `secret KEY`, and `allow KEY` for each peer
/// that is let in. Needs a library that was built with libzmq.
#[unsafe(no_mangle)]
pub extern "C" fn powerhose_master_settings_curve_file(
    settings: Option<&powerhose_master_settings>,
    path: *const c_char,
) {
    Master::set(settings, |master| {
        // SAFETY: C passes text.
        let path = unsafe { text(path, "path")? };
        master.curve = Some(CurveServer::from_file(path).map_err(Problem::invalid)?);
        Ok(())
    });
}
