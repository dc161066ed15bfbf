//! Clients: the machine in a loop like that of `runner/engine/remote/mod.rs`.

use super::World;
use crate::coverage::Counted;
use crate::network::Packet;
use crate::process::{Being, ClientProcess, Process, ProcessId};
use crate::reference::Caller;
use crate::scenario::ClientSeat;
use crate::schedule::Due;
use crate::verdict::Check;
use powerhose::WorkerExit;
use powerhose::client::{ClientAction, ClientMachine, ClientSettings, Refusal};
use powerhose::desk::Submission;
use std::time::Instant;

/// Messages that are taken in before the actions are carried out.
const BATCH: usize = 256;

impl World {
    pub(super) fn client_process(&mut self, seat: &ClientSeat) -> Being {
        let secret = self.scenario.secrets.as_ref().map(|secrets| secrets.clients.clone());
        let credentials = self.credentials(secret);
        let settings = ClientSettings {
            queue_jobs_max: seat.queue_jobs_max,
            queue_bytes_max: seat.queue_bytes_max,
            ..ClientSettings::default()
        };
        let machine = ClientMachine::new(settings, credentials, self.now);
        Being::Client(Box::new(ClientProcess { machine, closing: false }))
    }

    /// Commands were handed in as they came; the rest is as in the client's loop. Tells whether it ends.
    pub(super) fn client_turn(
        &mut self,
        process: &mut Process,
        client: &mut ClientProcess,
    ) -> Option<WorkerExit> {
        loop {
            let worked = self.client_reads(process, client);
            if std::mem::take(&mut process.disconnected) {
                client.machine.disconnected(self.now);
            }
            client.machine.handle_timeout(self.now);
            if self.client_acts(process, client) {
                self.count(Counted::StepClientCloses);
                return Some(WorkerExit::Status(0));
            }
            self.reference.client_turn_ended(self.now, process.id);
            if !worked || self.is_decided() {
                break;
            }
        }
        if let Some(at) = client.machine.poll_timeout() {
            let at = at.max(self.now);
            process.turn_at = Some(at);
            self.schedule.plan(at, Due::Turn(process.id));
        }
        None
    }

    fn client_reads(&mut self, process: &mut Process, client: &mut ClientProcess) -> bool {
        let mut worked = false;
        for _ in 0..BATCH {
            let Some(packet) = process.inbox.pop_front() else { break };
            self.note(&packet.header, || format!("client {} reads {}", process.id.0, packet.describe()));
            let mut payloads = packet.payloads;
            client.machine.receive(self.now, &packet.header, &mut payloads);
            worked = true;
        }
        worked
    }

    /// Does what the machine wants done; tells whether it is at its end.
    fn client_acts(&mut self, process: &mut Process, client: &mut ClientProcess) -> bool {
        while let Some(action) = client.machine.poll_action() {
            match action {
                ClientAction::Send { header, payloads } => {
                    if !self.send(process, Packet { header, payloads }) {
                        client.machine.disconnected(self.now);
                    }
                }
                ClientAction::Complete { call, outcome, .. } => {
                    self.note(&[30], || format!("call {call} of client {} ends: {outcome:?}", process.id.0));
                    self.reference.completed(self.now, Caller::Client(process.id), call, &outcome);
                }
                ClientAction::Refused(Refusal { code, text }) => {
                    self.reference.verdict.violated(Check::Refused, || {
                        format!("client {} is refused: {code}: {text}", process.id.0)
                    })
                }
                ClientAction::Closed => return true,
                ClientAction::Workers(_) => self.count(Counted::StepWorkersTold),
                ClientAction::Named { .. }
                | ClientAction::Welcomed
                | ClientAction::Stats(_)
                | ClientAction::Told { .. }
                | ClientAction::Ordered { .. } => {}
            }
        }
        false
    }

    /// A caller in a client's process hands a job over.
    pub(super) fn submit_there(
        &mut self,
        id: ProcessId,
        call: u64,
        submission: Submission,
        deadline: Instant,
    ) {
        let now = self.now;
        if let Some(client) = self.client_mut(id) {
            client.machine.submit(now, call, submission, deadline);
        }
        self.wake(id);
    }

    pub(super) fn abandon_there(&mut self, id: ProcessId, call: u64) {
        if let Some(client) = self.client_mut(id) {
            client.machine.abandon(call);
        }
        self.wake(id);
    }

    pub(super) fn ask_workers(&mut self, id: ProcessId) {
        if let Some(client) = self.client_mut(id) {
            client.machine.ask_workers();
        }
        self.wake(id);
    }

    pub(super) fn client_mut(&mut self, id: ProcessId) -> Option<&mut ClientProcess> {
        match &mut self.processes.get_mut(&id)?.being {
            Being::Client(client) => Some(client),
            Being::Worker(_) | Being::Raw(_) | Being::Nobody => None,
        }
    }
}
