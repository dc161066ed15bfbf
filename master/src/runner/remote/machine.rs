//! The client's side of the protocol, as a pure state machine: it takes messages, calls and the time, and gives actions.
//!
//! Jobs that are submitted while there is no session wait here, within bounds, until their deadline; jobs that were sent
//! in a session that ends are lost with the master.

use super::outcome::{self, Sent};
use crate::dispatcher::{Ending, LostCause, Outcome, Rejection, Repeat, Settings, Submission, WorkerInfo};
use crate::timers::{TimerKey, Timers};
use bytes::Bytes;
use powerhose_protocol::limits::{DURATION_MS_MAX, ENTRIES_MAX, is_pool_name};
use powerhose_protocol::{
    Abandon, Bye, CallEntry, Credentials, Execute, FLAG_ONCE, Greeter, Heartbeat, JobId, Message, Outcomes,
    ROLE_CLIENT, State, Status, Welcome, decode,
};
use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};
use tracing::{debug, info, warn};

/// How soon a client tries again to introduce itself while there is no connection.
const HELLO_AGAIN_AFTER: Duration = Duration::from_millis(100);
/// How often it introduces itself while there is a connection and nobody answers.
const HELLO_UNANSWERED: Duration = Duration::from_secs(1);
/// How long after a job's deadline the client waits for the master's word before it ends the job itself.
const PATIENCE: Duration = Duration::from_millis(10);

/// How a client introduces itself.
const SOFTWARE: &str = concat!("powerhose-master/", env!("CARGO_PKG_VERSION"));

/// What a client keeps to.
#[derive(Clone, Debug)]
pub(crate) struct ClientSettings {
    /// How long a caller waits that names no timeout.
    pub(crate) timeout: Duration,
    /// How long the master may be silent.
    pub(crate) silence_max: Duration,
    /// Jobs that may wait for a session.
    pub(crate) queue_jobs_max: usize,
    /// Bytes of payload that may wait for a session.
    pub(crate) queue_bytes_max: usize,
}

impl Default for ClientSettings {
    fn default() -> ClientSettings {
        let Settings { timeout, silence_max, queue_jobs_max, queue_bytes_max, .. } = Settings::default();
        ClientSettings { timeout, silence_max, queue_jobs_max, queue_bytes_max }
    }
}

/// Something is to be done.
#[derive(Debug)]
pub(crate) enum ClientAction {
    /// Hand this message to the connection.
    Send { header: Vec<u8>, payloads: Vec<Bytes> },
    /// This call is now known to the master as this job.
    Named { call: u64, job: JobId },
    /// A call has ended.
    Complete { call: u64, job: Option<JobId>, outcome: Outcome },
    /// The master has answered for the first time.
    Welcomed,
    /// The master wants nothing to do with us.
    Refused { code: String, text: String },
    /// Answers every question for the workers so far.
    Workers(Vec<WorkerInfo>),
    /// Nothing is left to wait for.
    Closed,
}

#[derive(Clone, Copy)]
enum Timer {
    Deadline(u64),
    Heartbeat,
    CloseNow,
}

/// Whether there is a session.
enum Connection {
    /// None; HELLO goes out again at this time.
    Greeting {
        hello_at: Instant,
    },
    Live(Session),
}

struct Session {
    session: u64,
    peer: u64,
    last_heard: Instant,
    sequence_sent: u64,
    sequence_received: u64,
    heartbeat: Duration,
    payload_bytes_max: u64,
    batch_jobs_max: usize,
    batch_bytes_max: usize,
}

/// A call that has not ended.
struct Call {
    deadline: Instant,
    timer: TimerKey,
    place: CallPlace,
}

enum CallPlace {
    /// Here, in the queue.
    Unsent(Box<Submission>),
    /// At the master.
    Sent(Sent),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Lifecycle {
    Open,
    Closing,
    Closed,
}

/// The machine; see the module.
pub(crate) struct ClientMachine {
    settings: ClientSettings,
    greeter: Greeter,
    started: Instant,
    now: Instant,
    connection: Connection,
    calls: BTreeMap<u64, Call>,
    /// Calls to send, in the order in which they came. One that has ended meanwhile is passed over.
    queue: VecDeque<u64>,
    queue_bytes: usize,
    abandoned: Vec<u64>,
    timers: Timers<Timer>,
    heartbeat_timer: TimerKey,
    actions: VecDeque<ClientAction>,
    lifecycle: Lifecycle,
    welcomed: bool,
    asked: bool,
}

impl ClientMachine {
    /// With credentials, it believes only a master that proves itself.
    pub(crate) fn new(
        settings: ClientSettings,
        credentials: Option<Credentials>,
        now: Instant,
    ) -> ClientMachine {
        let mut timers = Timers::new(now);
        let heartbeat_timer = timers.set(now, Timer::Heartbeat);
        ClientMachine {
            settings,
            greeter: Greeter::new(ROLE_CLIENT, SOFTWARE.to_owned(), credentials),
            started: now,
            now,
            connection: Connection::Greeting { hello_at: now },
            calls: BTreeMap::new(),
            queue: VecDeque::new(),
            queue_bytes: 0,
            abandoned: Vec::new(),
            timers,
            heartbeat_timer,
            actions: VecDeque::new(),
            lifecycle: Lifecycle::Open,
            welcomed: false,
            asked: false,
        }
    }

    /// A caller hands a job over. It ends with exactly one `Complete` unless it is abandoned.
    pub(crate) fn submit(&mut self, now: Instant, call: u64, submission: Submission, deadline: Instant) {
        self.now = self.now.max(now);
        if let Err(rejection) = self.check(&submission) {
            let outcome = outcome::own(Ending::Rejected(rejection), false);
            self.actions.push_back(ClientAction::Complete { call, job: None, outcome });
            return;
        }
        let timer = self.timers.set(deadline + PATIENCE, Timer::Deadline(call));
        self.queue.push_back(call);
        self.queue_bytes += submission.payload.len();
        self.calls.insert(call, Call { deadline, timer, place: CallPlace::Unsent(Box::new(submission)) });
    }

    fn check(&self, submission: &Submission) -> Result<(), Rejection> {
        let settings = &self.settings;
        let bytes = submission.payload.len();
        if self.lifecycle != Lifecycle::Open {
            return Err(Rejection::Closed);
        }
        if !is_pool_name(&submission.pool) {
            return Err(Rejection::BadPool { pool: submission.pool.clone() });
        }
        if let Some(reason) = submission.headers.over_bound() {
            return Err(Rejection::BadHeaders { reason: reason.into() });
        }
        let longest = Duration::from_millis(DURATION_MS_MAX);
        if submission.timeout.is_some_and(|timeout| timeout.is_zero() || timeout > longest) {
            return Err(Rejection::BadCall { reason: "a timeout is above 0 and at most 365 days".into() });
        }
        if let Connection::Live(session) = &self.connection
            && bytes as u64 > session.payload_bytes_max
        {
            return Err(Rejection::PayloadTooLarge {
                bytes: bytes as u64,
                bytes_max: session.payload_bytes_max,
            });
        }
        if self.queue.len() >= settings.queue_jobs_max {
            return Err(Rejection::QueueFull { jobs_max: settings.queue_jobs_max as u64 });
        }
        if !self.queue.is_empty() && self.queue_bytes + bytes > settings.queue_bytes_max {
            return Err(Rejection::QueueBytesFull { bytes_max: settings.queue_bytes_max as u64 });
        }
        Ok(())
    }

    /// A caller no longer waits.
    pub(crate) fn abandon(&mut self, call: u64) {
        if let Some(CallPlace::Sent(_)) = self.forget(call) {
            self.abandoned.push(call);
        }
    }

    /// Somebody wants to know the workers.
    pub(crate) fn ask_workers(&mut self) {
        self.asked = true;
    }

    /// Takes no further jobs; ends those that are left when the time is over.
    pub(crate) fn close(&mut self, now: Instant, within: Duration) {
        self.now = self.now.max(now);
        if self.lifecycle == Lifecycle::Open {
            self.lifecycle = Lifecycle::Closing;
        }
        self.timers.set(self.now + within, Timer::CloseNow);
    }

    /// The connection ended, or a message could not be handed over.
    pub(crate) fn disconnected(&mut self, now: Instant) {
        self.now = self.now.max(now);
        match &mut self.connection {
            Connection::Live(_) => {
                warn!("the master's connection ended");
                self.end_session();
            }
            Connection::Greeting { hello_at } => {
                *hello_at = self.now + HELLO_AGAIN_AFTER;
                self.heartbeat_at(self.now + HELLO_AGAIN_AFTER);
            }
        }
    }

    /// A message from the master.
    pub(crate) fn receive(&mut self, now: Instant, header: &[u8], payloads: &mut Vec<Bytes>) {
        self.now = self.now.max(now);
        let message = match decode(header, payloads.len()) {
            Ok(message) => message,
            Err(error) => return warn!(%error, "the master sent what cannot be read"),
        };
        match message {
            Message::Welcome(welcome) => return self.welcome(&welcome),
            Message::Challenge(_) => return self.challenged(header),
            Message::Unknown(_) => return self.end_session(),
            Message::Reject(reject) => {
                warn!(
                    kind = reject.kind,
                    code = reject.code,
                    text = reject.text,
                    "the master refused a message"
                );
                if matches!(self.connection, Connection::Greeting { .. }) && reject.retry_after_ms.is_none() {
                    let (code, text) = (reject.code.to_owned(), reject.text.to_owned());
                    self.actions.push_back(ClientAction::Refused { code, text });
                }
                return;
            }
            _ => {}
        }
        let Connection::Live(session) = &mut self.connection else { return };
        if message.session() != Some(session.session) {
            return debug!(kind = %message.kind(), "a message of a foreign session was dropped");
        }
        session.last_heard = self.now;
        match message {
            Message::Heartbeat(heartbeat) => session.sequence_received = heartbeat.sequence,
            Message::Outcomes(outcomes) => self.outcomes(&outcomes, payloads),
            Message::State(State { state, .. }) => {
                let workers = state.field("workers").and_then(|workers| workers.as_array()).unwrap_or(&[]);
                let workers = workers.iter().filter_map(WorkerInfo::from_value).collect();
                self.actions.push_back(ClientAction::Workers(workers));
            }
            Message::Bye(bye) => {
                info!(code = bye.code, text = bye.text, "the master said goodbye");
                self.end_session();
            }
            other => debug!(kind = %other.kind(), "a message that means nothing to a client"),
        }
    }

    /// Acts on every deadline that has passed.
    pub(crate) fn handle_timeout(&mut self, now: Instant) {
        self.now = self.now.max(now);
        while let Some(timer) = self.timers.pop_due(self.now) {
            match timer {
                Timer::Deadline(call) => self.deadline(call),
                Timer::Heartbeat => self.heartbeat(),
                Timer::CloseNow => self.close_now(),
            }
        }
    }

    /// What is to be done next.
    pub(crate) fn poll_action(&mut self) -> Option<ClientAction> {
        if self.actions.is_empty() {
            self.settle();
        }
        self.actions.pop_front()
    }

    /// When to call [`handle_timeout`](ClientMachine::handle_timeout) next.
    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        self.timers.next().map(|(when, _)| when)
    }

    fn settle(&mut self) {
        if let Connection::Greeting { hello_at } = &mut self.connection {
            if *hello_at <= self.now && self.lifecycle == Lifecycle::Open {
                *hello_at = self.now + HELLO_UNANSWERED;
                self.actions
                    .push_back(ClientAction::Send { header: self.greeter.hello(), payloads: Vec::new() });
            }
        } else {
            self.send_calls();
            self.send_abandoned();
            self.send_question();
        }
        if self.lifecycle == Lifecycle::Closing && self.calls.is_empty() {
            self.lifecycle = Lifecycle::Closed;
            self.say_goodbye();
            self.actions.push_back(ClientAction::Closed);
        }
    }

    /// Sends what waits, as many calls in a message as a batch may have.
    fn send_calls(&mut self) {
        let Connection::Live(session) = &self.connection else { return };
        let mut batch: Vec<(u64, u64, Box<Submission>)> = Vec::new();
        let mut bytes = 0;
        let jobs_max = session.batch_jobs_max.clamp(1, ENTRIES_MAX);
        while let Some(number) = self.queue.front().copied() {
            let Some(call) = self.calls.get_mut(&number) else {
                self.queue.pop_front();
                continue;
            };
            let CallPlace::Unsent(submission) = &call.place else {
                unreachable!("only unsent calls are queued")
            };
            let length = submission.payload.len();
            if batch.len() == jobs_max || (!batch.is_empty() && bytes + length > session.batch_bytes_max) {
                break;
            }
            self.queue.pop_front();
            self.queue_bytes -= length;
            bytes += length;
            let left = call.deadline.saturating_duration_since(self.now).as_millis() as u64;
            let sent = CallPlace::Sent(Sent::from(&**submission));
            if let CallPlace::Unsent(submission) = std::mem::replace(&mut call.place, sent) {
                batch.push((number, left.max(1), submission));
            }
        }
        if batch.is_empty() {
            return;
        }
        for (call, ..) in &batch {
            let job = JobId::new(session.peer, *call);
            self.actions.push_back(ClientAction::Named { call: *call, job });
        }
        let calls =
            batch.iter().map(|(call, timeout_ms, submission)| call_entry(*call, *timeout_ms, submission));
        let execute = Execute { session: session.session, calls: calls.collect() };
        let header = Message::Execute(execute).encode();
        let payloads = batch.into_iter().map(|(_, _, submission)| submission.payload).collect();
        self.actions.push_back(ClientAction::Send { header, payloads });
    }

    fn send_abandoned(&mut self) {
        let Connection::Live(session) = &self.connection else { return };
        for calls in self.abandoned.chunks(ENTRIES_MAX) {
            let abandon = Abandon { session: session.session, calls: calls.to_vec() };
            let header = Message::Abandon(abandon).encode();
            self.actions.push_back(ClientAction::Send { header, payloads: Vec::new() });
        }
        self.abandoned.clear();
    }

    fn send_question(&mut self) {
        let Connection::Live(session) = &self.connection else { return };
        if std::mem::take(&mut self.asked) {
            let header = Message::Status(Status { session: session.session, query: "workers" }).encode();
            self.actions.push_back(ClientAction::Send { header, payloads: Vec::new() });
        }
    }

    fn say_goodbye(&mut self) {
        let Connection::Live(session) = &self.connection else { return };
        let bye = Bye { session: session.session, code: "done", text: "" };
        self.actions
            .push_back(ClientAction::Send { header: Message::Bye(bye).encode(), payloads: Vec::new() });
    }

    /// The master wants a proof; `challenge` is the header frame in which it says so.
    fn challenged(&mut self, challenge: &[u8]) {
        if let Connection::Live(_) = self.connection {
            return;
        }
        match self.greeter.prove(challenge) {
            Some(header) => self.actions.push_back(ClientAction::Send { header, payloads: Vec::new() }),
            None => {
                self.refused("the master asks for the proof of a shared secret, and this client has none")
            }
        }
    }

    fn refused(&mut self, text: &str) {
        warn!(text, "no session with this master");
        self.actions
            .push_back(ClientAction::Refused { code: "authentication".to_owned(), text: text.to_owned() });
    }

    fn welcome(&mut self, welcome: &Welcome<'_>) {
        if !self.greeter.believes(welcome) {
            return self.refused("whoever answers does not know the secret that is shared with the master");
        }
        // The answer to a HELLO that was repeated: the master has replaced the session.
        self.end_session();
        let limit = |name, default| welcome.limits.find(name).unwrap_or(default);
        info!(pid = welcome.pid, client = welcome.peer, "connected to the master");
        self.connection = Connection::Live(Session {
            session: welcome.session,
            peer: welcome.peer,
            last_heard: self.now,
            sequence_sent: 0,
            sequence_received: 0,
            heartbeat: Duration::from_millis(welcome.intervals.find("heartbeat_ms").unwrap_or(1000).max(10)),
            payload_bytes_max: limit("payload_bytes_max", 64 << 20),
            batch_jobs_max: limit("batch_jobs_max", 64) as usize,
            batch_bytes_max: limit("batch_bytes_max", 256 << 10) as usize,
        });
        if !std::mem::replace(&mut self.welcomed, true) {
            self.actions.push_back(ClientAction::Welcomed);
        }
    }

    fn outcomes(&mut self, outcomes: &Outcomes<'_>, payloads: &mut Vec<Bytes>) {
        let Connection::Live(session) = &self.connection else { return };
        let peer = session.peer;
        for (entry, payload) in outcomes.outcomes.iter().zip(payloads.drain(..)) {
            match self.forget(entry.call) {
                Some(CallPlace::Sent(sent)) => {
                    let outcome = outcome::read(entry, payload, &sent.pool, sent.bytes);
                    let job = Some(JobId::new(peer, entry.call));
                    self.actions.push_back(ClientAction::Complete { call: entry.call, job, outcome });
                }
                Some(CallPlace::Unsent(_)) | None => {
                    debug!(call = entry.call, "an outcome that nobody waits for")
                }
            }
        }
    }

    fn deadline(&mut self, call: u64) {
        let job = self.job_of(call);
        let Some(place) = self.forget(call) else { return };
        let was_sent = matches!(place, CallPlace::Sent(_));
        if was_sent {
            self.abandoned.push(call);
        }
        let outcome = outcome::own(Ending::TimedOut, was_sent);
        self.actions.push_back(ClientAction::Complete { call, job, outcome });
    }

    fn job_of(&self, call: u64) -> Option<JobId> {
        match (&self.connection, self.calls.get(&call).map(|call| &call.place)) {
            (Connection::Live(session), Some(CallPlace::Sent(_))) => Some(JobId::new(session.peer, call)),
            _ => None,
        }
    }

    fn heartbeat(&mut self) {
        let next = match &mut self.connection {
            Connection::Greeting { hello_at } => *hello_at,
            Connection::Live(session) => {
                let silence = self.now.saturating_duration_since(session.last_heard);
                if silence > self.settings.silence_max {
                    warn!(silence_ms = silence.as_millis() as u64, "the master is silent");
                    self.end_session();
                    self.now
                } else {
                    session.sequence_sent += 1;
                    let heartbeat = Heartbeat {
                        session: session.session,
                        sequence: session.sequence_sent,
                        acknowledged: session.sequence_received,
                        sent_ms: self.now.saturating_duration_since(self.started).as_millis() as u64,
                    };
                    let next = self.now + session.heartbeat;
                    let header = Message::Heartbeat(heartbeat).encode();
                    self.actions.push_back(ClientAction::Send { header, payloads: Vec::new() });
                    next
                }
            }
        };
        self.heartbeat_at(next.max(self.now + Duration::from_millis(1)));
    }

    fn heartbeat_at(&mut self, when: Instant) {
        self.timers.stop(self.heartbeat_timer);
        self.heartbeat_timer = self.timers.set(when, Timer::Heartbeat);
    }

    /// The session is over: what was sent in it is lost, what was not waits for the next.
    fn end_session(&mut self) {
        let Connection::Live(session) = &self.connection else { return };
        let peer = session.peer;
        self.connection = Connection::Greeting { hello_at: self.now };
        self.abandoned.clear();
        self.heartbeat_at(self.now + HELLO_AGAIN_AFTER);
        let sent = self.calls.iter().filter(|(_, call)| matches!(call.place, CallPlace::Sent(_)));
        for call in sent.map(|(call, _)| *call).collect::<Vec<_>>() {
            self.forget(call);
            let outcome = outcome::own(Ending::Lost(LostCause::Master), true);
            let job = Some(JobId::new(peer, call));
            self.actions.push_back(ClientAction::Complete { call, job, outcome });
        }
    }

    fn close_now(&mut self) {
        for call in self.calls.keys().copied().collect::<Vec<_>>() {
            let job = self.job_of(call);
            let place = self.forget(call);
            let was_sent = matches!(place, Some(CallPlace::Sent(_)));
            let outcome = outcome::own(Ending::Lost(LostCause::Master), was_sent);
            self.actions.push_back(ClientAction::Complete { call, job, outcome });
        }
    }

    /// Takes a call out; its place in the queue, if it has one, is passed over later.
    fn forget(&mut self, call: u64) -> Option<CallPlace> {
        let call = self.calls.remove(&call)?;
        self.timers.stop(call.timer);
        if let CallPlace::Unsent(submission) = &call.place {
            self.queue_bytes -= submission.payload.len();
        }
        Some(call.place)
    }
}

fn call_entry(call: u64, timeout_ms: u64, submission: &Submission) -> CallEntry<'_> {
    CallEntry {
        call,
        pool: &submission.pool,
        timeout_ms,
        flags: if submission.repeat == Repeat::Never { FLAG_ONCE } else { 0 },
        attempts_max: submission.attempts_max.map(u64::from),
        headers: submission.headers.to_wire(),
    }
}
