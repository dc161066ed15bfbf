//! Workers of a master in this process: supervisor and master tell each other what happens.

use crate::common::Notice;
use crate::runner::{Command, JobRunner};
use crate::supervisor::{SpawnError, Supervisor, SupervisorEvent, SupervisorSettings, Wear, WorkerCommand};
use powerhose_protocol::{ENDPOINT_VARIABLE, Endpoint};
use std::sync::{Arc, Mutex, PoisonError, Weak};

impl JobRunner {
    /// Starts workers for this master, which lives in this process, and keeps them. They find it through
    /// [`POWERHOSE_ENDPOINT`](ENDPOINT_VARIABLE). The master tells the supervisor which of them have registered and how
    /// much they have served; the supervisor tells the master how they ended, which the errors of lost jobs then name.
    ///
    /// The listener is called on the supervisor's own thread: it must be quick and never wait for anybody who may wait
    /// for the supervisor.
    ///
    /// # Errors
    /// At once, with nothing started, if the program is not there or cannot be executed.
    pub fn supervise(
        &self,
        command: WorkerCommand,
        settings: SupervisorSettings,
        mut listener: Box<dyn FnMut(SupervisorEvent) + Send>,
    ) -> Result<Arc<Supervisor>, SpawnError> {
        let command = match nearest(self.endpoints()) {
            Some(endpoint) => command.env(ENDPOINT_VARIABLE, endpoint.to_string()),
            None => command,
        };
        let master = self.link();
        let tell = move |event: SupervisorEvent| {
            if let Some(news) = news(&event) {
                // Told to a master that is gone, it matters to nobody.
                let _ = master.ask(news);
            }
            listener(event);
        };
        // Subscribed before the first worker can register; the supervisor is put in its place right after it was made.
        let place: Arc<Mutex<Place>> = Arc::default();
        let seen = place.clone();
        self.on_notice(move |notice| {
            let place = || seen.lock().unwrap_or_else(PoisonError::into_inner);
            match notice {
                Notice::WorkerRegistered { pid, .. } => place().registered(*pid),
                Notice::WorkerServed { pid, .. } => place().worn(*pid),
                Notice::WorkerGone { pid, job: None, answered: 1.., .. } => place().left(*pid),
                Notice::WorkerGone { .. }
                | Notice::WorkerOverdue { .. }
                | Notice::WorkerBack { .. }
                | Notice::ClientConnected { .. }
                | Notice::ClientGone { .. } => {}
            }
        });
        let supervisor = Arc::new(Supervisor::start(command, settings, Box::new(tell))?);
        place.lock().unwrap_or_else(PoisonError::into_inner).fill(&supervisor);
        Ok(supervisor)
    }
}

/// What a master wants to know of what happened to a process.
fn news(event: &SupervisorEvent) -> Option<Command> {
    match event {
        SupervisorEvent::Spawned { pid, .. } => Some(Command::Supervised { pid: *pid }),
        SupervisorEvent::Exited { pid, exit: Some(exit), .. } => {
            Some(Command::Exited { pid: *pid, exit: *exit })
        }
        SupervisorEvent::Exited { exit: None, .. }
        | SupervisorEvent::SpawnFailed { .. }
        | SupervisorEvent::Left { .. }
        | SupervisorEvent::Waits { .. }
        | SupervisorEvent::NotRegistered { .. }
        | SupervisorEvent::GivenUp { .. }
        | SupervisorEvent::NotReplaced { .. }
        | SupervisorEvent::Recycled { .. }
        | SupervisorEvent::Replaced
        | SupervisorEvent::ReplacementHalted { .. }
        | SupervisorEvent::Finished => None,
    }
}

/// Where workers of this machine reach a master best: over a unix socket if it has one, and over loopback if it listens
/// on every address.
fn nearest(endpoints: &[Endpoint]) -> Option<Endpoint> {
    let ipc = endpoints.iter().find(|endpoint| matches!(endpoint, Endpoint::Ipc(_)));
    match ipc.or(endpoints.first())? {
        Endpoint::Tcp { host, port } => {
            let host = match host.as_str() {
                "*" | "0.0.0.0" => "127.0.0.1",
                "::" => "::1",
                host => host,
            };
            Some(Endpoint::Tcp { host: host.to_owned(), port: *port })
        }
        endpoint => Some(endpoint.clone()),
    }
}

/// Where the master finds the supervisor once it is there; until then it leaves its news.
#[derive(Default)]
struct Place {
    supervisor: Weak<Supervisor>,
    news: Vec<u32>,
}

impl Place {
    fn registered(&mut self, pid: u32) {
        match self.supervisor.upgrade() {
            Some(supervisor) => supervisor.registered(pid),
            None => self.news.push(pid),
        }
    }

    fn worn(&self, pid: u32) {
        if let Some(supervisor) = self.supervisor.upgrade() {
            supervisor.worn(pid, Wear::Jobs);
        }
    }

    fn left(&self, pid: u32) {
        if let Some(supervisor) = self.supervisor.upgrade() {
            supervisor.left(pid);
        }
    }

    fn fill(&mut self, supervisor: &Arc<Supervisor>) {
        self.supervisor = Arc::downgrade(supervisor);
        self.news.drain(..).for_each(|pid| supervisor.registered(pid));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn workers_of_this_machine_take_the_unix_socket_or_loopback() {
        let nearest = |texts: &[&str]| {
            let endpoints: Vec<Endpoint> = texts.iter().map(|text| text.parse().expect(text)).collect();
            nearest(&endpoints).map(|endpoint| endpoint.to_string())
        };
        assert_eq!(nearest(&["tcp://0.0.0.0:7000", "ipc:///run/x"]).as_deref(), Some("ipc:///run/x"));
        assert_eq!(nearest(&["tcp://0.0.0.0:7000"]).as_deref(), Some("tcp://127.0.0.1:7000"));
        assert_eq!(nearest(&["tcp://[::]:7000"]).as_deref(), Some("tcp://[::1]:7000"));
        assert_eq!(nearest(&["tcp://10.1.1.1:7000"]).as_deref(), Some("tcp://10.1.1.1:7000"));
        assert_eq!(nearest(&[]), None);
    }
}
