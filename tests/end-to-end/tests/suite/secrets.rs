//! A master that asks for a secret lets in who knows it, tells everybody else why not, and is itself believed only if it
//! knows the secret too.

use crate::support::{OutsideMaster, PATIENCE, PROGRAMS, Process, job};
use powerhose::{
    ConnectError, Job, JobError, JobErrorKind, JobRunner, LostCause, Rejection, SharedSecret, SharedSecrets,
};
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;
use tempfile::TempDir;

const WORKERS: &[u8] = b"the secret of the workers, 32 bytes or more";
const CLIENTS: &[u8] = b"the secret of the clients, 32 bytes or more";
const NEXT: &[u8] = b"the next secret of the workers, to replace the first";
const WRONG: &[u8] = b"a secret that nobody else knows, long enough";

fn secret(bytes: &[u8]) -> SharedSecret {
    SharedSecret::new(bytes).expect("it is long enough")
}

/// A master whose workers and clients have secrets of their own.
struct Guarded {
    runner: JobRunner,
    endpoint: String,
    folder: TempDir,
}

impl Guarded {
    fn at(endpoint: impl FnOnce(&TempDir) -> String, secrets: SharedSecrets) -> Guarded {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let builder = JobRunner::builder().endpoint(endpoint(&folder)).timeout(PATIENCE);
        let runner = builder.shared_secrets(secrets).bind().expect("a place of its own");
        let endpoint = runner.endpoints()[0].to_string();
        Guarded { runner, endpoint, folder }
    }

    fn on_ipc() -> Guarded {
        Guarded::at(ipc, both())
    }

    /// A worker that has this secret, or none, in a file that its environment names.
    fn worker(&self, secret: Option<&[u8]>) -> Process {
        let mut command = Command::new(PROGRAMS.worker);
        command.env("POWERHOSE_ENDPOINT", &self.endpoint).args(["--silence-ms", "10000"]);
        if let Some(secret) = secret {
            let file = self.file("secret");
            // As a text editor leaves it.
            fs::write(&file, [secret, b"\n"].concat()).expect("a file");
            command.env("POWERHOSE_SECRET_FILE", file);
        }
        Process::start(self.folder.path(), &mut command)
    }

    fn file(&self, name: &str) -> PathBuf {
        crate::support::numbered(self.folder.path(), name)
    }

    fn client(&self, bytes: Option<&[u8]>) -> Result<JobRunner, ConnectError> {
        let connector = JobRunner::connector(&self.endpoint).timeout(PATIENCE).connect_timeout(PATIENCE);
        match bytes {
            Some(bytes) => connector.shared_secret(secret(bytes)).connect(),
            None => connector.connect(),
        }
    }
}

fn ipc(folder: &TempDir) -> String {
    format!("ipc://{}/master.ipc", folder.path().display())
}

fn both() -> SharedSecrets {
    SharedSecrets { workers: vec![secret(WORKERS)], clients: vec![secret(CLIENTS)] }
}

#[track_caller]
fn assert_refused(result: Result<JobRunner, ConnectError>, expected: &str) {
    match result {
        Err(ConnectError::Refused { code, text, .. }) => assert_eq!(code, expected, "{text}"),
        other => panic!("{other:?} instead of a refusal"),
    }
}

#[track_caller]
fn assert_worker_refused(mut worker: Process, code: &str) {
    assert_eq!(worker.ended().code(), Some(1), "{}", worker.log());
    assert!(worker.log().contains(&format!("refused this worker: {code}: ")), "{}", worker.log());
}

#[track_caller]
fn serves(guarded: &Guarded) {
    let worker = guarded.worker(Some(WORKERS));
    guarded.runner.wait_for_workers(1, PATIENCE).expect("it registers");
    let client = guarded.client(Some(CLIENTS)).expect("it knows the secret");
    for runner in [&guarded.runner, &client] {
        assert_eq!(runner.execute(job("pid", "")), Ok(worker.id().to_string().into_bytes()));
    }
}

#[test]
fn who_knows_the_secret_is_let_in_over_a_unix_socket() {
    serves(&Guarded::on_ipc());
}

#[test]
fn who_knows_the_secret_is_let_in_over_tcp() {
    serves(&Guarded::at(|_| "tcp://127.0.0.1:0".to_owned(), both()));
}

#[test]
fn a_master_with_secrets_may_listen_where_other_machines_reach_it() {
    let guarded = Guarded::at(|_| "tcp://0.0.0.0:0".to_owned(), both());
    assert!(guarded.client(Some(CLIENTS)).is_ok());
    assert_refused(guarded.client(None), "authentication");
}

#[test]
fn a_worker_without_the_right_secret_is_turned_away_and_says_why() {
    let guarded = Guarded::on_ipc();
    assert_worker_refused(guarded.worker(Some(WRONG)), "proof");
    assert_worker_refused(guarded.worker(None), "authentication");
    assert_eq!(guarded.runner.workers(), Ok(Vec::new()));
    // Nobody else notices.
    serves(&guarded);
}

#[test]
fn a_client_without_the_right_secret_is_turned_away_and_told_why() {
    let guarded = Guarded::on_ipc();
    assert_refused(guarded.client(Some(WRONG)), "proof");
    assert_refused(guarded.client(None), "authentication");
    serves(&guarded);
}

#[test]
fn the_secret_of_one_role_is_worth_nothing_for_the_other() {
    let guarded = Guarded::on_ipc();
    assert_worker_refused(guarded.worker(Some(CLIENTS)), "proof");
    assert_refused(guarded.client(Some(WORKERS)), "proof");
}

#[test]
fn a_role_without_a_secret_is_closed_once_the_other_has_one() {
    let secrets = SharedSecrets { workers: vec![secret(WORKERS)], clients: Vec::new() };
    let guarded = Guarded::at(ipc, secrets);
    for bytes in [Some(WORKERS), Some(CLIENTS)] {
        assert_refused(guarded.client(bytes), "proof");
    }
    assert_refused(guarded.client(None), "authentication");
    let _worker = guarded.worker(Some(WORKERS));
    assert!(guarded.runner.wait_for_workers(1, PATIENCE).is_ok());
}

#[test]
fn two_secrets_serve_while_one_replaces_the_other() {
    let secrets = SharedSecrets { workers: vec![secret(WORKERS), secret(NEXT)], clients: Vec::new() };
    let guarded = Guarded::at(ipc, secrets);
    let _workers = [guarded.worker(Some(WORKERS)), guarded.worker(Some(NEXT))];
    assert!(guarded.runner.wait_for_workers(2, PATIENCE).is_ok());
}

#[test]
fn who_has_a_secret_believes_no_master_without_it() {
    let stranger = Guarded::at(ipc, SharedSecrets::default());
    assert_worker_refused(stranger.worker(Some(WORKERS)), "authentication");
    assert_refused(stranger.client(Some(CLIENTS)), "authentication");
    assert_eq!(stranger.runner.workers(), Ok(Vec::new()));
}

/// A day would be waited out if nobody said why.
const DAY: Duration = Duration::from_secs(24 * 3600);

#[test]
fn a_client_whose_master_is_replaced_by_one_with_a_secret_is_told_at_once() {
    let mut first = OutsideMaster::start(&[]);
    let _worker = first.worker(&[]);
    let client = first.client();
    first.wait_for_workers(&client, 1);
    assert_eq!(client.execute("before"), Ok(b"before".to_vec()));
    let gate = first.gate();
    let held = client.submit(gate.job());
    gate.wait_begun(1);
    first.master.kill();
    let lost = held.wait().expect_err("its master is dead");
    assert_eq!(*lost.kind(), JobErrorKind::Lost(LostCause::Master));
    let waiting = client.submit(Job::from("waiting").timeout(DAY));
    let _next = JobRunner::builder()
        .endpoint(&first.endpoint)
        .shared_secrets(both())
        .bind()
        .expect("the place of the first is free");
    assert_rejected_for_the_secret(&waiting.wait().expect_err("it has no secret"));
    let later = client.execute(Job::from("later").timeout(DAY));
    assert_rejected_for_the_secret(&later.expect_err("it has no secret"));
    client.workers().expect_err("nobody will tell");
    assert_eq!(client.close(DAY), Ok(()));
}

#[track_caller]
fn assert_rejected_for_the_secret(error: &JobError) {
    let JobErrorKind::Rejected(Rejection::Refused { code, text }) = error.kind() else { panic!("{error}") };
    assert_eq!((&**code, error.may_have_run()), ("authentication", false));
    assert!(text.contains("shared secret"), "{text}");
}

#[test]
fn a_worker_whose_secret_cannot_be_read_or_is_too_short_says_so() {
    let guarded = Guarded::on_ipc();
    let mut short = guarded.worker(Some(b"short"));
    assert_eq!(short.ended().code(), Some(1));
    assert!(short.log().contains("at least 32 bytes, this one has 5"), "{}", short.log());
    let mut command = Command::new(PROGRAMS.worker);
    let missing = guarded.file("missing");
    command.env("POWERHOSE_ENDPOINT", &guarded.endpoint).env("POWERHOSE_SECRET_FILE", &missing);
    let mut worker = Process::start(guarded.folder.path(), &mut command);
    assert_eq!(worker.ended().code(), Some(1));
    assert!(worker.log().contains(&missing.display().to_string()), "{}", worker.log());
}

#[cfg(feature = "python-tests")]
#[test]
fn a_python_worker_is_told_that_a_proof_is_asked_for() {
    let guarded = Guarded::on_ipc();
    let mut command = crate::support::python_example("worker.py");
    let mut worker = Process::start(guarded.folder.path(), command.arg(&guarded.endpoint));
    assert_eq!(worker.ended().code(), Some(1));
    assert!(worker.log().contains("refused by the master: proof"), "{}", worker.log());
}
