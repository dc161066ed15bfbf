//! A client in a process of its own: the suite's in Rust, or one in another language that understands the same lines.

use super::line::{Line, field, fields};
use super::{Done, Failed};
use crate::support::{Job, PATIENCE, PROGRAMS, numbered};
use crossbeam_channel::{Receiver, Sender, unbounded};
use powerhose::JobsLost;
use powerhose_harness::Killed;
use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// It ends when the last clone and the last of its calls are dropped.
#[derive(Clone)]
pub(crate) struct ClientProgram(Arc<Running>);

struct Running {
    child: Mutex<Killed>,
    input: Mutex<ChildStdin>,
    calls: Arc<Mutex<Calls>>,
    log: PathBuf,
}

/// Those that have not ended, by the word with which the program speaks of them.
#[derive(Default)]
struct Calls {
    last: u64,
    waiting: HashMap<String, Sender<String>>,
    /// Nothing more comes.
    is_over: bool,
}

impl ClientProgram {
    /// Starts it, and waits until it has found its master.
    #[track_caller]
    pub(crate) fn connect(endpoint: &str, folder: &Path) -> ClientProgram {
        let log = numbered(folder, "client-log");
        let mut command = Command::new(PROGRAMS.client);
        command.arg(endpoint).args(["--timeout-ms", &PATIENCE.as_millis().to_string()]);
        command.args(["--connect-ms", &PATIENCE.as_millis().to_string()]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(File::create(&log).expect("a file"));
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let input = child.stdin.take().expect("a pipe");
        let output = child.stdout.take().expect("a pipe");
        let calls = Arc::new(Mutex::new(Calls::default()));
        std::thread::spawn({
            let calls = calls.clone();
            move || deliver(output, &calls)
        });
        let child = Mutex::new(Killed(child));
        let program = ClientProgram(Arc::new(Running { child, input: Mutex::new(input), calls, log }));
        assert!(program.has_workers(0, PATIENCE));
        program
    }

    pub(super) fn execute(&self, job: &Job) -> ProgramCall {
        self.hand_over("execute", job)
    }

    pub(super) fn submit(&self, job: &Job) -> ProgramCall {
        self.hand_over("submit", job)
    }

    fn hand_over(&self, word: &str, job: &Job) -> ProgramCall {
        self.ask(|id| {
            let mut line = format!("{word} {id}{}", fields(job));
            field(&mut line, "payload", &job.payload);
            line
        })
    }

    pub(super) fn execute_many(
        &self,
        like: &Job,
        payloads: impl Iterator<Item = Vec<u8>>,
    ) -> Vec<ProgramCall> {
        let payloads: Vec<Vec<u8>> = payloads.collect();
        let id = self.next_id();
        let calls: Vec<_> = (0..payloads.len()).map(|place| self.expect(format!("{id}.{place}"))).collect();
        let mut line = format!("many {id}{}", fields(like));
        payloads.iter().for_each(|payload| field(&mut line, "payload", payload));
        self.say(&line);
        calls
    }

    #[track_caller]
    pub(super) fn close(&self, drain_timeout: Duration) -> Result<(), JobsLost> {
        let call = self.ask(|id| format!("close {id} within_ms={}", drain_timeout.as_millis()));
        let text = call.line();
        match Line::of(&text).number("lost").expect("how many were lost") {
            0 => Ok(()),
            jobs => Err(JobsLost { jobs: jobs as u64 }),
        }
    }

    #[track_caller]
    pub(super) fn has_workers(&self, wanted: usize, within: Duration) -> bool {
        let call = self.ask(|id| format!("workers {id} wanted={wanted} within_ms={}", within.as_millis()));
        match Line::of(&call.line()).word {
            "there" => true,
            "missing" => false,
            word => panic!("a client program says `{word}` of workers"),
        }
    }

    pub(crate) fn id(&self) -> u32 {
        self.child().0.id()
    }

    pub(crate) fn kill(&self) {
        self.child().kill();
    }

    fn child(&self) -> std::sync::MutexGuard<'_, Killed> {
        self.0.child.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn next_id(&self) -> u64 {
        let mut calls = locked(&self.0.calls);
        calls.last += 1;
        calls.last
    }

    fn ask(&self, line: impl FnOnce(u64) -> String) -> ProgramCall {
        let id = self.next_id();
        let call = self.expect(id.to_string());
        self.say(&line(id));
        call
    }

    /// A call of which the program will speak.
    fn expect(&self, id: String) -> ProgramCall {
        let (sender, answer) = unbounded();
        let mut calls = locked(&self.0.calls);
        if !calls.is_over {
            calls.waiting.insert(id.clone(), sender);
        }
        drop(calls);
        ProgramCall { id, answer, program: self.clone() }
    }

    fn say(&self, line: &str) {
        let mut input = self.0.input.lock().unwrap_or_else(PoisonError::into_inner);
        // If it has ended, the call will tell.
        let _ = input.write_all(line.as_bytes()).and_then(|()| input.write_all(b"\n"));
    }
}

/// Brings what the program prints to the calls, until it ends.
fn deliver(output: ChildStdout, calls: &Mutex<Calls>) {
    for line in BufReader::new(output).lines().map_while(Result::ok) {
        let id = line.split(' ').next().unwrap_or_default();
        let waiting = locked(calls).waiting.remove(id);
        // A caller that does not wait has dropped its end.
        drop(waiting.unwrap_or_else(|| panic!("nobody waits for {line:?}")).send(line));
    }
    let mut calls = locked(calls);
    calls.is_over = true;
    calls.waiting.clear();
}

fn locked(calls: &Mutex<Calls>) -> std::sync::MutexGuard<'_, Calls> {
    calls.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One call of a client program.
pub(crate) struct ProgramCall {
    id: String,
    answer: Receiver<String>,
    program: ClientProgram,
}

impl ProgramCall {
    #[track_caller]
    pub(super) fn wait(self) -> Result<Done, Failed> {
        let text = self.line();
        let line = Line::of(&text);
        if line.word == "done" {
            return Ok(Done::said(&line));
        }
        Err(Failed::said(&line))
    }

    #[track_caller]
    fn line(&self) -> String {
        self.answer.recv_timeout(PATIENCE * 2).unwrap_or_else(|problem| {
            let log = fs::read_to_string(&self.program.0.log).unwrap_or_default();
            panic!("no answer of the client program to {}: {problem}: {log}", self.id)
        })
    }

    pub(super) fn has_ended(&self) -> bool {
        !self.answer.is_empty()
    }

    pub(super) fn cancel(&self) {
        self.program.say(&format!("cancel {}", self.id));
    }
}
