//! How much memory workers hold: those that run on this machine, as the system tells. The master does not know.

use powerhose_processes::Processes;

/// The processes of this machine at one moment.
pub(crate) struct Here {
    host: String,
    processes: Processes,
}

impl Here {
    pub(crate) fn now() -> Here {
        let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
        Here { host, processes: Processes::now() }
    }

    /// What a worker holds with all that it has started; nothing is known of one elsewhere.
    pub(crate) fn memory_bytes(&self, host: &str, pid: u32) -> Option<u64> {
        (host == self.host).then(|| self.processes.memory_bytes(pid)).flatten()
    }
}
